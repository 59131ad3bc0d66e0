import RdKafka

// What the coordinator knows of the group's offsets.
extension ConsumerCore {
    func committed(
        _ partitions: Set<KafkaTopicPartition>,
        timeout: Duration
    ) async throws(KafkaError) -> [KafkaTopicPartition: KafkaOffsetAndMetadata] {
        try requireGroup("nothing is committed")
        let rows = try partitions.sorted().map { partition throws(KafkaError) in
            guard let number = Int32(exactly: partition.partition), number >= 0, !partition.topic.isEmpty,
                !partition.topic.utf8.contains(0)
            else {
                throw KafkaError(.invalidArgument, "\(partition) cannot be a partition").at(partition)
            }
            return PartitionOffset(topic: partition.topic, partition: number)
        }
        guard !rows.isEmpty else { return [:] }
        let deadline = ContinuousClock.Instant.after(timeout)
        let result = try await call { handle in
            // The wait for a thread counts as well.
            let left = max(deadline - .now, .milliseconds(1))
            return handle.committed(rows, timeout: Int32(clamping: left.wholeMilliseconds))
        }
        let answer: [PartitionOffset]
        switch result {
        case .success(let rows): answer = rows
        case .failure(let error): throw .committedUnknown(KafkaError(error))
        }
        var places: [KafkaTopicPartition: KafkaOffsetAndMetadata] = [:]
        var errors: [KafkaTopicPartition: KafkaError] = [:]
        for row in answer {
            let partition = KafkaTopicPartition(topic: row.topic, partition: Int(row.partition))
            if row.error != 0 {
                errors[partition] = .committedUnknown(KafkaError(EngineError(code: row.error))).at(partition)
            } else if row.offset >= 0 {
                places[partition] = KafkaOffsetAndMetadata(offset: row.offset, metadata: row.metadata)
            }
        }
        if let error = KafkaError.ofPartitions(errors, "looked up") { throw error }
        return places
    }

    /// Runs a blocking call on a thread of its own. A task that is cancelled does not wait for its end; the handle does.
    private func call<Value: Sendable>(
        _ body: @escaping @Sendable (Handle) -> Value
    ) async throws(KafkaError) -> Value {
        // While the client ends, its handle may not be used any more.
        switch phase {
        case .open, .releasing, .committing: break
        case .parting, .leaving, .reaping, .ended: throw .clientClosed
        }
        let cancelled = KafkaError(.cancelled, "the task was cancelled before there was an answer")
        let waiter = Locked<Suspension<Result<Value, KafkaError>>?>(nil)
        let result = await withTaskCancellationHandler {
            await suspend { (suspension: Suspension<Result<Value, KafkaError>>) in
                waiter.withLock { $0 = suspension }
                guard !Task.isCancelled else {
                    waiter.take()?.resume(returning: .failure(cancelled))
                    return
                }
                blockingCalls += 1
                BlockingThreads.shared.submit { [self] in
                    let value = body(handle)
                    thread.submit { self.assumeIsolated { $0.blockingCalls -= 1 } }
                    waiter.take()?.resume(returning: .success(value))
                }
            }
        } onCancel: {
            waiter.take()?.resume(returning: .failure(cancelled))
        }
        return try result.get()
    }
}

extension Locked {
    /// What is there; nothing is left.
    fileprivate func take<Wrapped: Sendable>() -> Wrapped? where State == Wrapped? {
        withLock { value in
            defer { value = nil }
            return value
        }
    }
}

extension KafkaError {
    private static let unstableOffsetCommit = Code(rawValue: 88)

    /// What is committed cannot be told, for this reason.
    static func committedUnknown(_ cause: KafkaError) -> KafkaError {
        if cause.code == unstableOffsetCommit {
            return KafkaError(.timedOut, "a transaction that commits offsets of this partition is still open")
                .asRetriable().causedBy(cause)
        }
        return cause.saying("what is committed could not be learnt: \(cause.message)")
    }
}
