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
        let result = try await call(until: deadline) { handle in
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

    /// What a call has found by its own limit is worth a moment.
    private static let callGrace = Duration.milliseconds(500)

    /// Runs a blocking call, which keeps to the deadline itself, on a shared thread.
    ///
    /// Nobody waits behind the deadline, as it may be the calls of others that all threads are busy with; nor does a task that is
    /// cancelled. A call that nobody waits for is not begun any more; one that has begun goes on alone, and the handle stays until it has
    /// returned.
    func call<Value: Sendable>(
        until deadline: ContinuousClock.Instant,
        _ body: @escaping @Sendable (Handle) -> Value
    ) async throws(KafkaError) -> Value {
        // While the client ends, its handle may not be used any more.
        switch phase {
        case .open, .releasing, .committing: break
        case .parting, .leaving, .reaping, .ended: throw .clientClosed
        }
        let cancelled = KafkaError(.cancelled, "the task was cancelled before there was an answer")
        let waiter = Locked<Suspension<Result<Value, KafkaError>>?>(nil)
        let id = calls.makeID()
        defer { _ = calls.cancel(id) }
        let result = await withTaskCancellationHandler {
            await suspend { (suspension: Suspension<Result<Value, KafkaError>>) in
                waiter.withLock { $0 = suspension }
                guard !Task.isCancelled else {
                    waiter.take()?.resume(returning: .failure(cancelled))
                    return
                }
                calls.add(id, at: deadline + Self.callGrace) { waiter.take()?.resume(returning: .failure($0)) }
                blockingCalls += 1
                lookUps.submit { [self] in
                    defer { thread.submit { self.assumeIsolated { $0.blockingCalls -= 1 } } }
                    guard waiter.withLock({ $0 != nil }) else { return }
                    let value = body(handle)
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
    static let lookUpExpired = KafkaError(.timedOut, "there was no answer within the time limit").asRetriable()

    /// What is committed cannot be told, for this reason.
    static func committedUnknown(_ cause: KafkaError) -> KafkaError {
        if cause.code == .unstableOffsetCommit {
            return KafkaError(.timedOut, "a transaction that commits offsets of this partition is still open")
                .asRetriable().causedBy(cause).atPlace(of: cause)
        }
        return cause.saying("what is committed could not be learnt: \(cause.message)")
    }
}
