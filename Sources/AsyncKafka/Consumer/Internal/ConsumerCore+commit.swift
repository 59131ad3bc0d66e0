import RdKafka

// Commits: merged, held during a join, tried again while the epoch is current.
extension ConsumerCore {
    /// Waits until the broker has acknowledged that everything up to this message is processed.
    func commit(_ message: KafkaMessage, id: UInt64) async throws(KafkaError) {
        guard !Task.isCancelled else {
            throw KafkaError(.cancelled, "the task was cancelled before the commit was sent")
        }
        guard message.epoch.isCurrent else { throw .stale(message.topicPartition) }
        guard assigned[message.topicPartition] === message.epoch else {
            throw KafkaError(.invalidArgument, "the message was read by another consumer: only that one can commit it")
                .at(message.topicPartition)
        }
        if case .ended = phase { throw .clientClosed }
        if case .reaping = phase { throw .clientClosed }
        let error = await withTaskCancellationHandler {
            await suspend { (suspension: Suspension<KafkaError?>) in
                if Task.isCancelled {
                    suspension.resume(returning: .commitWaitCancelled)
                } else {
                    let done = commits.request(
                        message.epoch,
                        message.offset + 1,
                        id: id,
                        waiter: suspension,
                        now: .now
                    )
                    // It is sent at the end of the turn, together with what other tasks commit.
                    done?.resume(returning: nil)
                }
            }
        } onCancel: {
            thread.submit { self.assumeIsolated { $0.cancelCommit(id) } }
        }
        if let error { throw error }
    }

    private func cancelCommit(_ id: UInt64) {
        commits.cancel(id: id)?.resume(returning: .commitWaitCancelled)
    }

    /// The consumer's own commits: nobody waits.
    func request(_ epoch: PartitionEpoch, _ offset: Int64, now: ContinuousClock.Instant) {
        _ = commits.request(epoch, offset, waiter: nil, now: now)
    }

    func sendCommits(now: ContinuousClock.Instant) {
        while let commit = commits.send(isHeld: handle.join.isJoining, now: now) {
            let rows = commit.offsets.map { epoch, offset in
                PartitionOffset(
                    topic: epoch.topicPartition.topic,
                    partition: Int32(clamping: epoch.topicPartition.partition),
                    offset: offset
                )
            }
            let code = handle.commit(rows, id: commit.id)
            if code != 0 { commitResult(id: commit.id, code: code, rows: []) }
        }
    }

    func commitResult(id: UInt, code: Int32, rows: [PartitionOffset]) {
        var errors: [KafkaTopicPartition: Int32] = [:]
        for row in rows {
            errors[KafkaTopicPartition(topic: row.topic, partition: Int(row.partition))] = row.error
        }
        if code != 0 { log.log(.info, "COMMIT", "a commit was refused: \(EngineError.description(of: code))") }
        let ending = isLeaving ? Array(assigned.values) : revoke?.epochs ?? []
        let action = commits.result(
            id: id,
            now: .now,
            isEnding: { epoch in ending.contains { $0 === epoch } }
        ) { partition in
            // The event's own error stands for partitions that it does not tell apart: those are tried again alone.
            let error = errors[partition].flatMap { $0 == 0 ? nil : $0 } ?? code
            return error == 0 ? nil : KafkaError(EngineError(code: error))
        }
        perform(action)
        sendCommits(now: .now)
    }

    func perform(_ action: CommitStateMachine<Suspension<KafkaError?>>.Action) {
        if !action.committed.isEmpty {
            delivery.withLock { delivery in
                for commit in action.committed { delivery.committed(commit.epoch, commit.offset) }
            }
        }
        for waiter in action.done { waiter.resume(returning: nil) }
        for (waiter, error) in action.failed { waiter.resume(returning: error) }
        for error in action.unheard where error.code != .staleMessage {
            events.append(.error(error))
            log.log(.error, "COMMIT", "a commit failed: \(error)")
        }
    }
}

extension KafkaError {
    static let commitWaitCancelled = KafkaError(
        .cancelled,
        "the wait for the commit was cancelled; the commit itself may still be acknowledged"
    )
}
