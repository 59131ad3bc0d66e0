import RdKafka

// Where the loop is, and where logs begin and end.
extension ConsumerCore {
    func position(of partition: KafkaTopicPartition) -> Int64? {
        assigned[partition].flatMap { position(of: $0) }
    }

    var positions: [KafkaTopicPartition: Int64] {
        assigned.compactMapValues { position(of: $0) }
    }

    /// The offset from which the loop goes on; nil if nothing was committed and nothing was drained yet.
    func position(of epoch: PartitionEpoch) -> Int64? {
        if let offset = delivery.withLock({ $0.nextUndelivered(of: epoch) }) { return offset }
        if let target = positionChanges.target(of: epoch) { return target }
        if let offset = handout?.firstHeld(of: epoch) { return offset }
        guard 0..<Int64.max ~= nextOffsets[epoch.slot] else { return nil }
        // Everything drained is delivered; librdkafka knows of the markers behind it, which are no messages.
        let partition = epoch.topicPartition
        let drained = handle.drainedPosition(in: partition.topic, Int32(clamping: partition.partition)) ?? -1
        return max(nextOffsets[epoch.slot], drained)
    }

    func watermarks(
        of partitions: [KafkaTopicPartition],
        deadline: ContinuousClock.Instant
    ) async throws(KafkaError) -> [KafkaTopicPartition: KafkaWatermarks] {
        let beginnings = partitions.map { ($0, PartitionOffset.beginning) }
        let ends = partitions.map { ($0, PartitionOffset.end) }
        let low = try await offsets(Dictionary(beginnings) { first, _ in first }, deadline: deadline)
        let high = try await offsets(Dictionary(ends) { first, _ in first }, deadline: deadline)
        var watermarks: [KafkaTopicPartition: KafkaWatermarks] = [:]
        for (partition, low) in low {
            // What was deleted between the two answers.
            watermarks[partition] = high[partition].map { KafkaWatermarks(low: low, high: max(low, $0)) }
        }
        return watermarks
    }

    /// Asks leaders for the offsets of times, `PartitionOffset.beginning` and `.end` among them.
    func offsets(
        _ times: [KafkaTopicPartition: Int64],
        deadline: ContinuousClock.Instant
    ) async throws(KafkaError) -> [KafkaTopicPartition: Int64] {
        if isClosed { throw .clientClosed }
        guard !Task.isCancelled else {
            throw KafkaError(.cancelled, "the task was cancelled before a broker was asked")
        }
        guard !times.isEmpty else { return [:] }
        for partition in times.keys { try partition.check() }
        let rows = times.map { PartitionOffset($0.key, $0.value) }
        let result = try await call(until: deadline) { handle -> Result<[PartitionOffset], EngineError> in
            // The wait for a thread counts.
            let left = (deadline - .now).clampedMilliseconds
            guard left > 0 else { return .failure(EngineError(code: KafkaError.Code.timedOut.rawValue)) }
            return Result { () throws(EngineError) in try handle.offsetsForTimes(rows, timeout: left) }
        }
        let found: [PartitionOffset]
        switch result {
        case .success(let rows): found = rows
        case .failure(let error): throw KafkaError(error)
        }
        var offsets: [KafkaTopicPartition: Int64] = [:]
        for row in found {
            guard row.error == 0 else { throw KafkaError(EngineError(code: row.error)).at(row.topicPartition) }
            offsets[row.topicPartition] = row.offset
        }
        return offsets
    }

    /// Runs a blocking call that uses the handle.
    func blocking<Result: Sendable>(
        on threads: BlockingThreads? = nil,
        _ body: @escaping @Sendable () -> Result
    ) async -> Result {
        blockingCalls += 1
        let result = await (threads ?? lookUps).run(body)
        blockingCalls -= 1
        return result
    }
}

extension PartitionOffset {
    init(_ partition: KafkaTopicPartition, _ offset: Int64 = PartitionOffset.noOffset) {
        self.init(topic: partition.topic, partition: Int32(clamping: partition.partition), offset: offset)
    }

    var topicPartition: KafkaTopicPartition {
        KafkaTopicPartition(topic: topic, partition: Int(partition))
    }
}

extension KafkaTopicPartition {
    /// What librdkafka would cut off or take for something else.
    func check() throws(KafkaError) {
        guard !topic.isEmpty, !topic.utf8.contains(0), 0...Int(Int32.max) ~= partition else {
            throw KafkaError(
                .invalidArgument,
                "\(self) is no partition: the topic needs a name without a NUL character, and the number is 0 or more"
            ).at(self)
        }
    }
}
