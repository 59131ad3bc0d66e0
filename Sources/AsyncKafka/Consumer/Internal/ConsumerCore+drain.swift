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

    /// Takes what is there, up to a batch. Returns whether the loop has something to look at.
    func drain() -> Bool {
        // Lowered first: what arrives from here on raises it again.
        handle.messagesArrived.lower()
        // Raised again when the offsets are known.
        guard startsSought == 0, !waitsForHandout() else { return false }
        let count = max(1, min(handout?.maxCount ?? Self.drainCount, Self.drainBytes / averageSize))
        var messages: [KafkaMessage] = []
        var size = 0
        var hasFailed = false
        var problems: [KafkaError] = []
        let taken = handle.drain(count) { message in
            let code = message.error
            guard code == 0 else {
                if let event = partitionEvent(message) {
                    problems.append(event)
                    if event.endsReading { hasFailed = true }
                }
                return
            }
            // librdkafka may begin again at an old place of its own (see `findStarts`): nothing comes twice in an epoch.
            guard let epoch = epoch(of: message), message.offset >= nextOffsets[epoch.slot] else { return }
            nextOffsets[epoch.slot] = message.offset + 1
            size += message.size
            messages.append(KafkaMessage(message, epoch: epoch, slabs: &slabs))
        }
        if !messages.isEmpty { averageSize = max(1, (averageSize * 3 + size / messages.count) / 4) }
        for problem in problems {
            if problem.endsReading { fail(problem) }
            events.append(event(for: problem))
        }
        // More may be left than was asked for, and the callback comes only when the queue was empty.
        if taken == count { handle.messagesArrived.raise() }
        guard !messages.isEmpty || hasFailed else { return false }
        return handOut(messages) || hasFailed
    }

    private func epoch(of message: borrowing RawMessage) -> PartitionEpoch? {
        let source = MessageSource(topic: message.topicIdentity, partition: message.partition)
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
            events.append(.endOfPartition(partition, offset: message.offset))
            return nil
        }
        return KafkaError(EngineError(code: message.error, message: message.errorText))
            .explained(topic: partition.topic).at(partition)
    }
}

extension KafkaError {
    /// Whether nothing can be read after it, so that `messages` throws it.
    var endsReading: Bool {
        isFatal || code == .groupAuthorizationFailed || code == .autoOffsetReset
    }
}

extension KafkaError.Code {
    static let partitionEnd = KafkaError.Code(rawValue: -191)
    static let assignPartitions = KafkaError.Code(rawValue: -175)
    static let revokePartitions = KafkaError.Code(rawValue: -174)
}
