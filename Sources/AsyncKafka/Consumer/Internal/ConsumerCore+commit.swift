import RdKafka

// Commits: merged, held during a join, tried again while the epoch is current.
extension ConsumerCore {
    /// Waits until the broker has acknowledged that everything up to these messages is processed.
    ///
    /// - Parameter last: the last message of each partition.
    func commit(upTo last: [(epoch: PartitionEpoch, offset: Int64)], id: UInt64) async throws(KafkaError) {
        try await waitForCommit(id) { waiter, now in
            for (epoch, _) in last {
                let partition = epoch.topicPartition
                guard epoch.isCurrent else { return .failure(.stale(partition)) }
                guard assigned[partition] === epoch else {
                    let text = "the message was read by another consumer: only that one can commit it"
                    return .failure(KafkaError(.invalidArgument, text).at(partition))
                }
            }
            let offsets = last.map { (epoch: $0.epoch, offset: $0.offset + 1) }
            return .success(commits.request(offsets, id: id, waiter: waiter, now: now))
        }
    }

    /// Commits what is marked now, and waits for it.
    func commitMarked(id: UInt64) async throws(KafkaError) {
        try await waitForCommit(id) { waiter, now in
            let marks = delivery.withLock { $0.takeMarks() }
            return .success(commits.request(marks, id: id, waiter: waiter, now: now))
        }
    }

    /// Commits exactly these offsets, and waits for it.
    func commit(_ offsets: [KafkaTopicPartition: KafkaOffsetAndMetadata], id: UInt64) async throws(KafkaError) {
        try await waitForCommit(id) { waiter, now in
            var rows: [CommitStateMachine<CommitWaiter>.Commit.Row] = []
            for (partition, place) in offsets.sorted(by: { $0.key < $1.key }) {
                guard let epoch = assigned[partition] else { return .failure(.notOwned(partition)) }
                rows.append(.init(epoch: epoch, offset: place.offset, metadata: place.metadata))
            }
            return .success(commits.requestExplicitly(rows, id: id, waiter: waiter, now: now))
        }
    }

    /// - Parameter request: asks for the commit; returns the waiter if there is nothing to wait for.
    private func waitForCommit(
        _ id: UInt64,
        _ request: (CommitWaiter, ContinuousClock.Instant) -> Result<CommitWaiter?, KafkaError>
    ) async throws(KafkaError) {
        try requireGroup("nothing can be committed")
        guard !Task.isCancelled else {
            throw KafkaError(.cancelled, "the task was cancelled before the commit was sent")
        }
        let error = await withTaskCancellationHandler {
            await suspend { (suspension: Suspension<KafkaError?>) in
                if Task.isCancelled { return suspension.resume(returning: .commitWaitCancelled) }
                if hasEnded { return suspension.resume(returning: .clientClosed) }
                // It is sent at the end of the turn, together with what other tasks commit.
                switch request(.task(suspension), .now) {
                case .success(nil): break
                case .success: suspension.resume(returning: nil)
                case .failure(let error): suspension.resume(returning: error)
                }
            }
        } onCancel: {
            thread.submit { self.assumeIsolated { $0.cancelCommit(id) } }
        }
        if let error { throw error }
    }

    /// Whether no commit is served any more.
    private var hasEnded: Bool {
        switch phase {
        case .reaping, .ended: true
        case .open, .releasing, .committing, .parting, .leaving: false
        }
    }

    private func cancelCommit(_ id: UInt64) {
        if let waiter = commits.cancel(id: id) { resume(waiter, .commitWaitCancelled) }
    }

    /// The consumer's own commits: nobody waits.
    func request(_ epoch: PartitionEpoch, _ offset: Int64, now: ContinuousClock.Instant) {
        _ = commits.request(epoch, offset, waiter: nil, now: now)
    }

    func sendCommits(now: ContinuousClock.Instant) {
        while let refused = handle.join.deciding(now: now, { sendCommit(isHeld: $0, now: now) }) {
            commitResult(id: refused.id, code: refused.code, rows: [])
        }
        proveThatNoJoinFollows(now: now)
    }

    /// Returns a commit that librdkafka has not taken.
    private func sendCommit(isHeld: Bool, now: ContinuousClock.Instant) -> (id: UInt, code: Int32)? {
        guard let commit = commits.send(isHeld: isHeld, now: now) else { return nil }
        let rows = commit.offsets.map { row in
            PartitionOffset(
                topic: row.epoch.topicPartition.topic,
                partition: Int32(clamping: row.epoch.topicPartition.partition),
                offset: row.offset,
                metadata: row.metadata
            )
        }
        let code = handle.commit(rows, id: commit.id)
        return code == 0 ? nil : (commit.id, code)
    }

    func commitResult(id: UInt, code: Int32, rows: [PartitionOffset]) {
        handle.join.commitEnded(code: code)
        var errors: [KafkaTopicPartition: Int32] = [:]
        for row in rows {
            errors[KafkaTopicPartition(topic: row.topic, partition: Int(row.partition))] = row.error
        }
        if code != 0 { log.log(.info, "COMMIT", "a commit was refused: \(EngineError.description(of: code))") }
        let ending = isLeaving ? Array(assigned.values) : rebalancing.revoking
        let action = commits.result(
            id: id,
            now: .now,
            isEnding: { epoch in ending.contains { $0 === epoch } }
        ) { partition in
            // The event's own error stands for partitions that it does not tell apart: those are tried again alone.
            let error = errors[partition].flatMap { $0 == 0 ? nil : $0 } ?? code
            return error == 0 ? nil : commitError(error)
        }
        perform(action)
        sendCommits(now: .now)
    }

    /// Behind a fatal error librdkafka commits nothing, and does not say why (rdkafka_cgrp.c, `rd_kafka_cgrp_offsets_commit`).
    private func commitError(_ code: Int32) -> KafkaError {
        if code == KafkaError.Code.fatal.rawValue, let fatal = handle.fatalError { return .fatalConsumer(fatal) }
        return KafkaError(EngineError(code: code))
    }

    /// Why what is processed of a partition is not committed, as far as is known.
    func hindrance(of epoch: PartitionEpoch) -> KafkaError? {
        fatalProblem ?? commits.problem(of: epoch) ?? connection.hindrance
    }

    func perform(_ action: CommitStateMachine<CommitWaiter>.Action) {
        if !action.committed.isEmpty {
            delivery.withLock { delivery in
                for commit in action.committed { delivery.committed(commit.epoch, commit.offset) }
            }
            for commit in action.committed { handout?.committed(commit.epoch, commit.offset) }
        }
        for waiter in action.done { resume(waiter, nil) }
        for (waiter, error) in action.failed { resume(waiter, error) }
        if action.unheard.contains(where: \.isWorthRetryingCommit) { delivery.withLock { $0.marksAreLeft() } }
        for error in action.unheard where error.code != .staleMessage {
            events.append(.error(error))
            log.log(.error, "COMMIT", "a commit failed: \(error)")
        }
    }

    func resume(_ waiter: CommitWaiter, _ error: KafkaError?) {
        switch waiter {
        case .task(let suspension): suspension.resume(returning: error)
        case .handout: handedOut(error)
        }
    }
}

/// Who waits for a commit.
enum CommitWaiter: Sendable {
    case task(Suspension<KafkaError?>)
    /// Messages that are not handed out before.
    case handout
}

extension KafkaError {
    static func notOwned(_ partition: KafkaTopicPartition) -> KafkaError {
        KafkaError(
            .staleMessage,
            "\(partition) is not assigned to this consumer, or not any more: only its owner can commit it"
        ).at(partition)
    }

    static let commitWaitCancelled = KafkaError(
        .cancelled,
        "the wait for the commit was cancelled; the commit itself may still be acknowledged"
    )
}
