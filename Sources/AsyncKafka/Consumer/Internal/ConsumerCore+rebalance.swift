import RdKafka

// The group gives and takes partitions. A revoke is drain, commit, fence, in that order, within a deadline; then it is answered.
extension ConsumerCore {
    /// A revoke that is not answered yet. While it waits, everything else is served.
    struct Revoke {
        enum Step {
            /// A loop still works on a message of these partitions.
            case draining
            /// Their last commits are under way.
            case committing
        }

        let rows: [PartitionOffset]
        let epochs: [PartitionEpoch]
        let isCooperative: Bool
        let deadline: ContinuousClock.Instant
        var step: Step
    }

    /// Milliseconds that the coordinator has to say what is committed.
    private static let committedTimeout: Int32 = 5000

    func rebalance(_ code: KafkaError.Code, _ rows: [PartitionOffset]) {
        handle.join.settle()
        defer { endRebalanceWait() }
        switch code {
        case .assignPartitions:
            assign(rows)
        case .revokePartitions:
            beginRevoke(rows)
        default:
            // librdkafka asks for an answer to an error as well, and nothing is ours from here on.
            let epochs = Array(assigned.values)
            delivery.withLock { $0.fence(epochs) }
            assigned = [:]
            sources = [:]
            perform(commits.fence(epochs))
            reportSkipped(epochs)
            report(handle.unassign(nil))
            events.append(.error(KafkaError(EngineError(code: code.rawValue))))
        }
    }

    private func assign(_ rows: [PartitionOffset]) {
        sources = [:]
        var partitions: [KafkaTopicPartition] = []
        for row in rows {
            let partition = KafkaTopicPartition(topic: row.topic, partition: Int(row.partition))
            partitions.append(partition)
            let epoch = delivery.withLock { $0.assign(partition) }
            assigned[partition] = epoch
            while nextOffsets.count <= epoch.slot { nextOffsets.append(-1) }
            nextOffsets[epoch.slot] = -1
        }
        report(handle.assign(rows, incremental: handle.isCooperative))
        findStarts(rows, partitions.compactMap { assigned[$0] })
        events.append(.assigned(partitions.sorted()))
        log.log(.info, "ASSIGN", "assigned \(partitions.count) partitions")
    }

    /// Asks for the committed offsets of new partitions; until they are known nothing is drained.
    ///
    /// librdkafka asks for them as well. But when a partition is taken away while librdkafka looks up where its log begins, the
    /// late answer has it look again and then fetch from there, although the partition is not assigned (measured on 2.8:
    /// rdkafka_partition.c, "outdated offset response"). Once it is assigned again, such messages pass for new ones until
    /// librdkafka knows the committed offset: they would come twice, and the commit behind them would go back.
    private func findStarts(_ rows: [PartitionOffset], _ epochs: [PartitionEpoch]) {
        guard !rows.isEmpty, !isClosed else { return }
        startsSought += 1
        blockingCalls += 1
        BlockingThreads.shared.submit { [self] in
            let committed = try? handle.committed(rows, timeout: Self.committedTimeout).get()
            thread.submit { self.assumeIsolated { $0.foundStarts(committed, rows, epochs) } }
        }
    }

    private func foundStarts(_ committed: [PartitionOffset]?, _ rows: [PartitionOffset], _ epochs: [PartitionEpoch]) {
        startsSought -= 1
        blockingCalls -= 1
        guard let committed else {
            // The coordinator moves, or a transaction with these offsets is still open: librdkafka waits for it as well.
            let open = rows.filter { row in
                let partition = KafkaTopicPartition(topic: row.topic, partition: Int(row.partition))
                return epochs.contains { $0 === assigned[partition] }
            }
            findStarts(open, epochs)
            // In case there are none left.
            handle.messagesArrived.raise()
            return
        }
        for row in committed where row.error == 0 && row.offset >= 0 {
            let partition = KafkaTopicPartition(topic: row.topic, partition: Int(row.partition))
            guard let epoch = assigned[partition], epochs.contains(where: { $0 === epoch }) else { continue }
            nextOffsets[epoch.slot] = max(nextOffsets[epoch.slot], row.offset)
        }
        // What has arrived meanwhile.
        handle.messagesArrived.raise()
    }

    private func beginRevoke(_ rows: [PartitionOffset]) {
        let epochs = rows.compactMap { assigned[KafkaTopicPartition(topic: $0.topic, partition: Int($0.partition))] }
        // Once the consumer leaves, the message in hand has had its time and the marks are committed.
        let (undelivered, mustWait) = delivery.withLock { ($0.undelivered(of: epochs), $0.drain(epochs)) }
        giveBack(epochs, undelivered: undelivered)
        let isHeld = mustWait && !isLeaving
        revoke = Revoke(
            rows: rows,
            epochs: epochs,
            isCooperative: handle.isCooperative,
            deadline: .now + revokeTimeout,
            step: .draining
        )
        if !isHeld || handle.isAssignmentLost { proceedRevoke(now: .now) }
    }

    func proceedRevoke(now: ContinuousClock.Instant) {
        guard var revoke else { return }
        // Another member may own them already: nothing is committed any more.
        if handle.isAssignmentLost || now >= revoke.deadline {
            answerRevoke()
            return
        }
        if case .draining = revoke.step {
            guard isLeaving || !delivery.withLock({ $0.isWaitingForRelease }) else { return }
            revoke.step = .committing
            self.revoke = revoke
            let marks = delivery.withLock { $0.takeMarks(of: revoke.epochs) }
            for mark in marks { request(mark.epoch, mark.offset, now: now) }
            sendCommits(now: now)
        }
        guard !commits.isBusy(revoke.epochs) else { return }
        answerRevoke()
    }

    /// Hands the partitions back: their epochs end, their messages are gone, their commits fail.
    func answerRevoke() {
        guard let revoke else { return }
        self.revoke = nil
        let isLost = handle.isAssignmentLost
        let left = delivery.withLock { delivery in
            let left = delivery.takeMarks(of: revoke.epochs)
            delivery.fence(revoke.epochs)
            return left
        }
        for epoch in revoke.epochs { assigned[epoch.topicPartition] = nil }
        sources = [:]
        perform(commits.fence(revoke.epochs))
        reportSkipped(revoke.epochs)
        endRebalanceWait()
        // librdkafka joins again as soon as a cooperative revoke is answered.
        if revoke.isCooperative, !isLost, !usesConsumerProtocol, !isLeaving { handle.join.joinIsExpected() }
        report(handle.unassign(revoke.isCooperative ? revoke.rows : nil))
        let partitions = revoke.epochs.map(\.topicPartition).sorted()
        events.append(isLost ? .lost(partitions) : .revoked(partitions))
        if !left.isEmpty { reportUncommitted(left.map { ($0.epoch.topicPartition, $0.offset) }, isLost: isLost) }
        log.log(.info, isLost ? "LOST" : "REVOKE", "gave up \(partitions.count) partitions")
    }

    /// What was processed and is not committed comes again, to whoever owns the partitions now.
    private func reportUncommitted(_ left: [(partition: KafkaTopicPartition, offset: Int64)], isLost: Bool) {
        if isClosed {
            for (partition, offset) in left { leftBehind[partition] = offset }
            return
        }
        let names = left.map(\.partition).sorted().map(\.description).joined(separator: ", ")
        let error = KafkaError(
            .uncommitted,
            "\(names) \(isLost ? "lost" : "revoked") before all processed messages were committed; they come again"
        )
        events.append(.error(error))
        log.log(.warning, "UNCOMMITTED", error.message)
    }

    private func report(_ error: EngineError?) {
        guard let error else { return }
        events.append(.error(KafkaError(error)))
        log.log(.error, "ASSIGN", error.message)
    }

    /// Commits are held while the group joins. Its end is an event; the time limits are the net under it: the session timeout
    /// while JoinGroup is expected, the group's own limit once it was sent, as the broker answers when all members have come.
    func watchJoin(now: ContinuousClock.Instant) {
        guard let generation = handle.join.generation else {
            join = nil
            return
        }
        if join?.generation != generation {
            join = (generation, now + (handle.join.isSent ? max(sessionTimeout, maxPollInterval) : sessionTimeout))
        } else if let current = join, now >= current.deadline {
            handle.join.giveUp(generation)
            join = nil
        }
    }
}
