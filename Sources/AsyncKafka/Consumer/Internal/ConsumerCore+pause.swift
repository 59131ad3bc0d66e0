import RdKafka

// Pause and resume. Which partitions are paused, the delivery knows; librdkafka is told, so that it fetches no more of them.
//
// librdkafka's own flag is no record of it: it outlives an assignment, as long as the partition is known, and up to 2.4 resuming what is
// not paused has it fetch from an old position. So it is told to pause whatever is paused and assigned, and to resume only what it
// was told to pause.
extension ConsumerCore {
    func pause(_ partitions: [KafkaTopicPartition]) throws(KafkaError) {
        if isClosed { throw .clientClosed }
        // Before librdkafka's part: from here on nothing is delivered.
        delivery.withLock { $0.pause(partitions) }
        stopFetching(partitions.filter { assigned[$0] != nil })
    }

    func resume(_ partitions: [KafkaTopicPartition]) throws(KafkaError) {
        if isClosed { throw .clientClosed }
        let (resumed, hasMore) = delivery.withLock { $0.resume(partitions) }
        // Streams that wait look at the end of the turn.
        if hasMore { unpark() }
        guard !resumed.isEmpty else { return }
        // Those that have been taken away meanwhile as well. One that librdkafka does not know is not paused there.
        for row in handle.resume(rows(resumed)) where row.error != 0 && row.error != Self.unknownPartition {
            log.log(.warning, "RESUME", "\(row.topic)-\(row.partition): \(EngineError.description(of: row.error))")
        }
        startFetching(resumed)
    }

    /// Has the brokers' threads look at resumed partitions now: resuming wakes none, and one that has nothing else to fetch looks
    /// again a second after it saw the pause. A seek to where they are does wake it.
    private func startFetching(_ partitions: [KafkaTopicPartition]) {
        let places = partitions.compactMap { partition -> PartitionOffset? in
            guard let epoch = assigned[partition], epoch.slot < nextOffsets.count,
                0..<Int64.max ~= nextOffsets[epoch.slot]
            else { return nil }
            return PartitionOffset(partition, nextOffsets[epoch.slot])
        }
        // One that is not fetched yet needs no waking.
        if !places.isEmpty { _ = handle.seek(places) }
    }

    /// Partitions that have come back, or were paused before they came.
    func pauseAgain(_ partitions: [KafkaTopicPartition]) {
        let paused = delivery.withLock { $0.paused }
        stopFetching(partitions.filter(paused.contains))
    }

    private func stopFetching(_ partitions: [KafkaTopicPartition]) {
        guard !partitions.isEmpty else { return }
        // What librdkafka fetches all the same is held back here: without bound, so it is said. One that it does not know yet is
        // about to be assigned, and is paused then.
        for row in handle.pause(rows(partitions)) where row.error != 0 && row.error != Self.unknownPartition {
            log.log(.warning, "PAUSE", "\(row.topic)-\(row.partition): \(EngineError.description(of: row.error))")
        }
    }

    private func rows(_ partitions: [KafkaTopicPartition]) -> [PartitionOffset] {
        partitions.map { PartitionOffset($0) }
    }

    /// `RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION`.
    private static var unknownPartition: Int32 { -190 }
}
