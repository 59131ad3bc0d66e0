import RdKafka

// The group gives and takes partitions. A revoke is drain, commit, fence, in that order, within a deadline; then it is answered.
extension ConsumerCore {
    func rebalance(_ code: KafkaError.Code, _ rows: [PartitionOffset]) {
        handle.join.settle()
        defer { endRebalanceWait() }
        switch code {
        case .assignPartitions:
            beginAssign(rows)
        case .revokePartitions:
            beginRevoke(rows)
        default:
            // librdkafka asks for an answer to an error as well, and nothing is ours from here on.
            abandonHook()
            rebalancing.reset()
            unanswered = nil
            let epochs = Array(assigned.values)
            delivery.withLock { $0.fence(epochs) }
            unwatch(epochs)
            assigned = [:]
            sources = [:]
            perform(commits.fence(epochs))
            reportSkipped(epochs)
            report(handle.unassign(nil))
            events.append(.error(KafkaError(EngineError(code: code.rawValue))))
        }
    }

    /// The partitions are ours; librdkafka reads them as soon as it is answered.
    private func beginAssign(_ rows: [PartitionOffset]) {
        sources = [:]
        if !handle.isCooperative { replaceUnanswered() }
        let epochs = rows.map { row in delivery.withLock { $0.assign(row.topicPartition) } }
        // Until librdkafka is answered, what comes of them is of an earlier assignment.
        for epoch in epochs { begin(epoch, at: .max) }
        begin(.assign, rows, epochs)
    }

    /// An eager assignment that comes while another is unanswered takes its place: librdkafka has joined again meanwhile, and would take
    /// the answer to the old one for that to the new one.
    private func replaceUnanswered() {
        guard unanswered != nil || rebalancing.pending != nil else { return }
        unanswered = nil
        abandonHook()
        rebalancing.reset()
        let epochs = Array(assigned.values)
        giveUp(epochs, isLost: true)
        tell(epochs, isLost: true)
    }

    private func beginRevoke(_ rows: [PartitionOffset]) {
        let epochs = rows.compactMap { assigned[KafkaTopicPartition(topic: $0.topic, partition: Int($0.partition))] }
        let (undelivered, _) = delivery.withLock { ($0.undelivered(of: epochs), $0.drain(epochs)) }
        giveBack(epochs, undelivered: undelivered)
        begin(.revoke, rows, epochs)
    }

    private func begin(
        _ kind: RebalanceStateMachine.Pending.Kind,
        _ rows: [PartitionOffset],
        _ epochs: [PartitionEpoch]
    ) {
        // Asked first: the answer to an assignment takes the mark away.
        let isLost = kind == .revoke && handle.isAssignmentLost
        // librdkafka has gone on: what it waited for before is answered with what is known.
        answerAssignment(PlaceFinder.Found())
        let unanswered = rebalancing.begin(
            .init(
                kind,
                rows: rows,
                epochs: epochs,
                isCooperative: handle.isCooperative,
                deadline: .now + revokeTimeout,
                isLost: isLost
            )
        )
        if let unanswered {
            abandonHook()
            answer(unanswered)
            answerAssignment(PlaceFinder.Found())
        }
        proceedRebalance(now: .now)
    }

    /// Takes the steps of a rebalance that are possible now: drain, hook, commit, fence, answer.
    func proceedRebalance(now: ContinuousClock.Instant) {
        while let pending = rebalancing.pending {
            let situation = RebalanceStateMachine.Situation(
                now: now,
                isLost: handle.isAssignmentLost,
                // Once the consumer leaves, the message in hand has had its time.
                isHeld: !isLeaving && delivery.withLock { $0.isWaitingForRelease },
                isCommitting: commits.isBusy(pending.epochs),
                isClosing: isClosed,
                isLeaving: isLeaving,
                hooks: availableHooks
            )
            guard perform(rebalancing.proceed(situation)) else { return }
        }
    }

    /// Tells the hook what the close takes away. Returns whether that is done.
    func proceedCloseHook() -> Bool {
        let isLost = handle.isAssignmentLost
        let epochs = Array(assigned.values)
        let action = rebalancing.proceedClose(epochs, isLost: isLost, hooks: availableHooks)
        if case .commit = action { return true }
        _ = perform(action)
        return false
    }

    /// Answers what is open, as there is no time left.
    func endRebalance() {
        abandonHook()
        answerAssignment(PlaceFinder.Found())
        guard case .answer(let pending, _, let untold) = rebalancing.cutShort() else { return }
        answer(pending)
        answerAssignment(PlaceFinder.Found())
        tell(untold, isLost: pending.isLost)
    }

    /// Returns whether there may be another step.
    private func perform(_ action: RebalanceStateMachine.Action) -> Bool {
        switch action {
        case .wait:
            return false
        case .call(let hook, let epochs, let id):
            // Another member may own them already: nothing is delivered or committed any more.
            if hook == .lost { giveUp(epochs, isLost: true) }
            call(hook, epochs, id: id)
        case .commit(let epochs):
            for mark in delivery.withLock({ $0.takeMarks(of: epochs) }) { request(mark.epoch, mark.offset, now: .now) }
            sendCommits(now: .now)
        case .answer(let pending, let overdue, let untold):
            abandonHook()
            answer(pending)
            if let overdue, !isLeaving { reportOverdue(overdue) }
            tell(untold, isLost: pending.isLost)
        }
        return true
    }

    /// There was no time for a hook before: it is told now, and nobody waits.
    private func tell(_ epochs: [PartitionEpoch], isLost: Bool) {
        let hook: RebalanceStateMachine.Hook = isLost ? .lost : .revoked
        guard !epochs.isEmpty, availableHooks.contains(hook) else { return }
        call(hook, epochs, id: nil)
    }

    private func answer(_ pending: RebalanceStateMachine.Pending) {
        switch pending.kind {
        case .assign:
            answerAssignment(pending)
        case .revoke:
            // By name: a seek may have begun another epoch.
            let epochs = pending.rows.compactMap { assigned[$0.topicPartition] }
            if !epochs.isEmpty || pending.rows.isEmpty { giveUp(epochs, isLost: pending.isLost) }
            endRebalanceWait()
            // librdkafka joins again as soon as a revoke is answered: commits stay out of that, and so does a close.
            let joins = subscription.isActive && !usesConsumerProtocol && !isLeaving
            if !pending.isLost, joins {
                handle.join.joinIsExpected()
            }
            guard let error = handle.unassign(pending.isCooperative ? pending.rows : nil) else { return }
            report(error)
            // Refused, it is no answer, and librdkafka would wait for one for ever.
            if pending.isCooperative { report(handle.unassign([])) }
        }
    }

    /// The partitions are not ours any more: their epochs end, their messages are gone, their commits fail.
    func giveUp(_ all: [PartitionEpoch], isLost: Bool) {
        let epochs = all.filter { assigned[$0.topicPartition] === $0 }
        guard !epochs.isEmpty || all.isEmpty else { return }
        let left = delivery.withLock { delivery in
            let left = delivery.takeMarks(of: epochs)
            delivery.fence(epochs)
            return left
        }
        unwatch(epochs)
        for epoch in epochs { assigned[epoch.topicPartition] = nil }
        sources = [:]
        perform(commits.fence(epochs))
        reportSkipped(epochs)
        let partitions = epochs.map(\.topicPartition).sorted()
        events.append(isLost ? .lost(partitions) : .revoked(partitions))
        if !left.isEmpty { reportUncommitted(left, isLost: isLost) }
        log.log(.info, isLost ? "LOST" : "REVOKE", "gave up \(partitions.count) partitions")
    }

    /// What was processed and is not committed comes again, to whoever owns the partitions now.
    private func reportUncommitted(_ left: [(epoch: PartitionEpoch, offset: Int64)], isLost: Bool) {
        let causes = Dictionary(
            left.map { ($0.epoch.topicPartition, hindrance(of: $0.epoch)) },
            uniquingKeysWith: { $1 }
        )
        if isClosed {
            for (epoch, offset) in left {
                leftBehind[epoch.topicPartition] = (offset, causes[epoch.topicPartition] ?? nil)
            }
            return
        }
        let names = causes.keys.sorted().map(\.description).joined(separator: ", ")
        let error = KafkaError(
            .uncommitted,
            "\(names) \(isLost ? "lost" : "revoked") before all processed messages were committed; they come again"
        ).at(causes.keys) { causes[$0] ?? nil }
        events.append(.error(error))
        log.log(.warning, "UNCOMMITTED", "\(error)")
    }

    func report(_ error: EngineError?) {
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
