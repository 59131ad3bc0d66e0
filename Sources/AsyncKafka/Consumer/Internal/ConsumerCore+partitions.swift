import RdKafka

// Streams of single partitions. Each partition then has a queue of its own in librdkafka, so that one whose stream is slow fills that, and
// holds up nobody else.
extension ConsumerCore {
    /// A stream whose reader waits.
    struct ParkedStream {
        let stream: UInt64
        let partition: KafkaTopicPartition
        let reader: UInt64
        let revision: UInt
        let suspension: Suspension<Void>
    }

    func queue(of partition: KafkaTopicPartition) -> PartitionQueue? {
        handle.queue(of: partition.topic, Int32(clamping: partition.partition))
    }

    // MARK: Apart and together

    private func readApart() {
        guard !handle.isSplit else { return }
        watchdog.asked()
        lastDelivery.clear()
        handle.splitQueues(assigned.keys.map { PartitionOffset($0) })
        // A drain may have waited for a commit.
        handle.messagesArrived.raise()
    }

    /// A loop over all messages begins.
    func readTogether() {
        guard handle.isSplit else { return }
        handle.mergeQueues()
        streamWatches = [:]
    }

    /// Partitions are being read: the loop over partitions is given their streams.
    func offer(_ partitions: [KafkaTopicPartition]) {
        delivery.withLock { $0.offer(partitions.compactMap { assigned[$0] }) }
    }

    // MARK: Reading

    /// Has messages ready for a stream, or waits until there are some, or until it is to look again.
    func fill(_ stream: PartitionStream, reader: UInt64, seen revision: UInt) async {
        guard case .open = phase, delivery.withLock({ $0.isRead(byStream: stream.id) }) else { return }
        let partition = stream.topicPartition
        readApart()
        streamWatches[partition] = nil
        stream.lastDelivery.clear()
        defer { watch(partition) }
        handout?.retry(partition)
        drain(for: stream.id, partition, seen: revision)
        await withTaskCancellationHandler {
            await suspend { (suspension: Suspension<Void>) in
                let mustLook = delivery.withLock { $0.hasNews(stream: stream.id, seen: revision) }
                guard !Task.isCancelled, !mustLook else { return suspension.resume(returning: ()) }
                parkedStreams.append(
                    ParkedStream(
                        stream: stream.id,
                        partition: partition,
                        reader: reader,
                        revision: revision,
                        suspension: suspension
                    )
                )
            }
        } onCancel: {
            thread.submit { self.assumeIsolated { $0.unparkStreams { $0.reader == reader } } }
        }
    }

    /// Waits until the loop over the partitions is to look again.
    func fillPartitions(loop: UInt64, seen revision: UInt) async {
        guard case .open = phase, delivery.withLock({ $0.isRead(byPartitionLoop: loop) }) else { return }
        readApart()
        await withTaskCancellationHandler {
            await suspend { (suspension: Suspension<Void>) in
                let mustLook = delivery.withLock { !$0.isOpen || $0.partitionRevision != revision }
                guard !Task.isCancelled, !mustLook else { return suspension.resume(returning: ()) }
                parkedPartitionLoop?.suspension.resume(returning: ())
                parkedPartitionLoop = (loop, revision, suspension)
            }
        } onCancel: {
            thread.submit { self.assumeIsolated { $0.unparkPartitionLoop(loop) } }
        }
    }

    private func unparkPartitionLoop(_ id: UInt64) {
        guard let parked = parkedPartitionLoop, parked.id == id else { return }
        parkedPartitionLoop = nil
        parked.suspension.resume(returning: ())
    }

    private func unparkStreams(_ isDone: (ParkedStream) -> Bool) {
        var done: [ParkedStream] = []
        parkedStreams.removeAll { parked in
            guard isDone(parked) else { return false }
            done.append(parked)
            return true
        }
        for parked in done { parked.suspension.resume(returning: ()) }
    }

    /// What is left in the queue that partitions shared comes first.
    private func drain(for stream: UInt64, _ partition: KafkaTopicPartition, seen revision: UInt) {
        while handle.messagesArrived.isRaised {
            guard !waitsForHandout() else { return }
            _ = drain()
            if delivery.withLock({ $0.hasNews(stream: stream, seen: revision) }) { return }
        }
        commitHeld()
        drain([partition])
    }

    /// Takes what has come for streams that wait, and begins to watch those that do not.
    func serveStreams() {
        guard handle.isSplit, !isClosed else { return }
        // Of streams that asked again while others' messages were committed.
        commitHeld()
        // Whoever is given something waits no more, so that nothing is taken for nobody.
        while !parkedStreams.isEmpty, handle.messagesArrived.isRaised, !waitsForHandout() {
            _ = drain()
            showStreams()
        }
        while handle.partitionsArrived.take() {
            // Where it is still raised, a commit is waited for, and its end comes here again.
            if !handle.messagesArrived.isRaised {
                drain(parkedStreams.map(\.partition))
                showStreams()
            }
            for partition in assigned.keys where queue(of: partition)?.messagesArrived.isRaised == true {
                watch(partition)
            }
        }
        // Whoever was stuck has asked again, or is gone, and the loop over the partitions waits for some.
        if subscription.isSuspended, parkedPartitionLoop != nil, assigned.isEmpty, rebalancing.pending == nil,
            delivery.withLock({ $0.stuckStreams.isEmpty })
        {
            rejoin()
        }
    }

    /// Resumes whoever waits and has something to look at.
    func showStreams() {
        guard !parkedStreams.isEmpty || parkedPartitionLoop != nil else { return }
        let (streamRevision, partitionRevision) = delivery.withLock { ($0.streamRevision, $0.partitionRevision) }
        if let parked = parkedPartitionLoop, parked.revision != partitionRevision { unparkPartitionLoop(parked.id) }
        guard streamRevision != seenStreamRevision else { return }
        seenStreamRevision = streamRevision
        let readers = delivery.withLock { delivery in
            parkedStreams.filter { delivery.hasNews(stream: $0.stream, seen: $0.revision) }.map(\.reader)
        }
        if !readers.isEmpty { unparkStreams { readers.contains($0.reader) } }
    }

    // MARK: The watchdog

    func watch(_ partition: KafkaTopicPartition) {
        guard assigned[partition] != nil else { return }
        streamWatches[partition, default: ProcessingWatchdog(limit: maxPollInterval)].begin(now: .now)
    }

    /// These are not ours any more: a later assignment of the same ones has its own time.
    func unwatch(_ epochs: [PartitionEpoch]) {
        for epoch in epochs { streamWatches[epoch.topicPartition] = nil }
    }

    var streamDeadline: ContinuousClock.Instant? {
        streamWatches.isEmpty ? nil : streamWatches.values.compactMap(\.deadline).min()
    }

    func watchStreams(now: ContinuousClock.Instant) {
        guard let deadline = streamDeadline, deadline <= now else { return }
        var late: [KafkaTopicPartition] = []
        for (partition, watchdog) in streamWatches where watchdog.isDue(now: now) {
            guard let epoch = assigned[partition] else {
                streamWatches[partition] = nil
                continue
            }
            if streamWatches[partition]?.look(finding(epoch, now: now), now: now) == true { late.append(partition) }
        }
        guard !late.isEmpty else { return }
        processingTimedOut(in: late.sorted()) {
            delivery.withLock { delivery in
                for epoch in late.compactMap({ assigned[$0] }) { delivery.letGo(of: epoch) }
            }
        }
    }

    private func finding(_ epoch: PartitionEpoch, now: ContinuousClock.Instant) -> ProcessingWatchdog.Finding {
        let partition = epoch.topicPartition
        var finding = ProcessingWatchdog.Finding()
        finding.isIdle = parkedStreams.contains { $0.partition == partition }
        let hasArrived = queue(of: partition)?.messagesArrived.isRaised == true
        delivery.withLock { delivery in
            let current = delivery.partition(of: epoch)
            finding.lastDelivery = current?.reading.lastDelivery.age.map { now - $0 }
            finding.isPaused = delivery.paused.contains(partition)
            finding.isWaiting = hasArrived || current?.held.isEmpty == false
        }
        return finding
    }
}
