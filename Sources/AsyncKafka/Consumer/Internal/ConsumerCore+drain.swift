import RdKafka

/// Names a partition within librdkafka: cheaper to look up than its topic's name.
struct MessageSource: Hashable {
    let topic: UInt
    let partition: Int32
}

// From librdkafka's local queue into the batch that the loop reads.
extension ConsumerCore {
    /// Bytes that one drain copies at most, about.
    private static let drainBytes = 1 << 20
    private static let drainCount = 1000
    /// The least that a drain for one of many streams may copy.
    private static let leastStreamBytes = 1 << 16

    /// Takes what is there, up to a batch. Returns whether the loop has something to look at.
    func drain() -> Bool {
        // Lowered first: what arrives from here on raises it again.
        handle.messagesArrived.lower()
        guard !waitsForHandout() else { return false }
        let count = drainLimit(Self.drainBytes)
        let (messages, taken, hasFailed) = take(count, from: nil)
        if handle.isSplit { for partition in Set(messages.map(\.topicPartition)) { watch(partition) } }
        if let finiteRead { advance(finiteRead) }
        // More may be left than was asked for, and the callback comes only when the queue was empty.
        if taken == count { handle.messagesArrived.raise() }
        let isAtEnd = finiteRead?.isComplete ?? false
        guard !messages.isEmpty || hasFailed || isAtEnd else { return false }
        return handOut(messages) || hasFailed || isAtEnd
    }

    /// The same, of partitions that are read apart, up to a batch altogether if messages are committed before. One whose commit has
    /// failed waits until its stream asks again, and does not hold up the others.
    func drain(_ partitions: [KafkaTopicPartition]) {
        guard handout?.isCommitting != true else { return }
        let held = handout?.heldPartitions ?? []
        // What streams hold is bounded together.
        let limit = drainLimit(max(Self.drainBytes / max(1, assigned.count), Self.leastStreamBytes))
        var room = handout?.maxCount ?? .max
        var messages: [KafkaMessage] = []
        for partition in partitions {
            let count = min(limit, room)
            guard count > 0, !held.contains(partition), let queue = queue(of: partition), queue.messagesArrived.take()
            else { continue }
            let (more, taken, _) = take(count, from: queue)
            if taken == count { queue.raise() }
            messages += more
            room -= more.count
        }
        if let finiteRead { advance(finiteRead) }
        if !messages.isEmpty { _ = handOut(messages) }
    }

    /// While a loop reads one batch the next one is made ready, so that neither waits for the other.
    ///
    /// Not where ends of partitions are told, which are ends of what a loop has been given.
    func drainAhead(now: ContinuousClock.Instant) {
        guard handle.messagesArrived.isRaised, handout == nil, !handle.isSplit, case .open = phase,
            finiteRead == nil, !emitsPartitionEnd
        else { return }
        let limit = drainLimit(Self.drainBytes)
        guard delivery.withLock({ $0.hasRoom(behind: limit) }) else { return }
        // A loop that parked when nothing was there yet has nobody else to tell it.
        guard drain() else { return }
        // Nor does the flag say any more that there is something to be done.
        watchdog.begin(now: now)
        unpark()
    }

    private func drainLimit(_ bytes: Int) -> Int {
        max(1, min(handout?.maxCount ?? Self.drainCount, bytes / averageSize))
    }

    /// Takes messages and what else there is, from a partition's own queue or from the one that partitions share.
    private func take(
        _ count: Int,
        from queue: PartitionQueue?
    ) -> (messages: [KafkaMessage], taken: Int, hasFailed: Bool) {
        var messages: [KafkaMessage] = []
        messages.reserveCapacity(min(count, lastDrained))
        // Out of the actor meanwhile: each access to a property of its own is checked for exclusiveness.
        var slabs = SlabAllocator()
        var nextOffsets: [Int64] = []
        swap(&slabs, &self.slabs)
        swap(&nextOffsets, &self.nextOffsets)
        var size = 0
        var hasFailed = false
        // Messages of a partition come together.
        var last: (source: MessageSource, origin: MessageOrigin)?
        var problems: [KafkaError] = []
        var missing: [(partition: KafkaTopicPartition, offset: Int64)] = []
        let taken = handle.drain(count, from: queue, isManual: isManual) { message in
            let code = message.error
            guard code == 0 else {
                if code == KafkaError.Code.autoOffsetReset.rawValue {
                    let partition = KafkaTopicPartition(topic: message.topic, partition: Int(message.partition))
                    return missing.append((partition, message.offset))
                }
                if let event = partitionEvent(message) {
                    problems.append(event)
                    if event.endsReading { hasFailed = true }
                }
                return
            }
            // Nothing comes twice in an epoch, wherever librdkafka begins again.
            let source = MessageSource(topic: message.topicIdentity, partition: message.partition)
            if last?.source != source { last = self.epoch(of: message, source).map { (source, MessageOrigin($0)) } }
            guard let origin = last?.origin, message.offset >= nextOffsets[origin.epoch.slot] else { return }
            nextOffsets[origin.epoch.slot] = message.offset + 1
            if let finiteRead, !finiteRead.wants(origin.epoch.topicPartition, message.offset) { return }
            size += message.size
            messages.append(KafkaMessage(message, origin: origin, slabs: &slabs))
        }
        swap(&slabs, &self.slabs)
        swap(&nextOffsets, &self.nextOffsets)
        lastDrained = messages.count
        if !messages.isEmpty { averageSize = max(1, (averageSize * 3 + size / messages.count) / 4) }
        for problem in problems {
            if problem.endsReading { fail(problem) }
            events.append(event(for: problem))
        }
        for (partition, offset) in missing { positionIsMissing(partition, asked: offset) }
        return (messages, taken, hasFailed)
    }

    private func epoch(of message: borrowing RawMessage, _ source: MessageSource) -> PartitionEpoch? {
        if let epoch = sources[source] { return epoch }
        let partition = KafkaTopicPartition(topic: message.topic, partition: Int(message.partition))
        guard let epoch = assigned[partition] else { return nil }
        sources[source] = epoch
        return epoch
    }

    /// What a partition has to say besides messages.
    private func partitionEvent(_ message: borrowing RawMessage) -> KafkaError? {
        let partition = KafkaTopicPartition(topic: message.topic, partition: Int(message.partition))
        if message.error == KafkaError.Code.partitionEnd.rawValue {
            finiteRead?.drained(partition, upTo: message.offset)
            if emitsPartitionEnd { events.append(.endOfPartition(partition, offset: message.offset)) }
            return nil
        }
        return KafkaError(EngineError(code: message.error, message: message.errorText))
            .explained(topic: partition.topic).at(partition)
    }
}

extension KafkaError {
    /// Whether nothing can be read after it, so that `messages` throws it.
    var endsReading: Bool {
        isFatal || code == .groupAuthorizationFailed
    }
}
