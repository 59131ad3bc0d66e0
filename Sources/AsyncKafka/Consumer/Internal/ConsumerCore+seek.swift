import RdKafka

// Reading from somewhere else. A seek is drain, commit, fence, like a revoke; then librdkafka is told, on this thread, so that what
// comes after that call is of the new position, and what was drained before of the old one.
extension ConsumerCore {
    typealias PositionChanges = PositionStateMachine<Suspension<KafkaError?>>

    func seek(
        _ places: [KafkaTopicPartition: KafkaOffsetSpecification],
        deadline: ContinuousClock.Instant
    ) async throws(KafkaError) {
        try check(places)
        try await takeTurn(until: deadline)
        defer { passTurn() }
        if isClosed { throw .clientClosed }
        var here: [KafkaTopicPartition: KafkaOffsetSpecification] = [:]
        for (partition, place) in places {
            if canMove(partition) { here[partition] = place } else { positionChanges.keep(place, for: partition) }
        }
        guard !here.isEmpty else { return }
        let committed = here.filter { $0.value == .committed }
        // What is processed by now is to count.
        if !committed.isEmpty {
            let epochs = committed.keys.compactMap { assigned[$0] }
            if handout == nil {
                await commitMarks(of: epochs, deadline: deadline)
            } else {
                // What is committed, and was given to no loop, goes back first.
                await settle(epochs, deadline: deadline)
            }
        }
        let epochs = here.keys.compactMap { assigned[$0] }
        let offsets: [KafkaTopicPartition: Int64]
        do throws(KafkaError) {
            offsets = try await look(for: here, deadline: deadline)
        } catch {
            let lost = epochs.filter { assigned[$0.topicPartition] !== $0 }
            throw error.behindTheLoss(of: lost.map(\.topicPartition))
        }
        if Task.isCancelled { throw .positionWaitCancelled }
        await settle(here.keys.compactMap { assigned[$0] }.filter { canMove($0.topicPartition) }, deadline: deadline)
        if isClosed { throw .clientClosed }
        var gone: KafkaTopicPartition?
        for (partition, offset) in offsets {
            if let epoch = assigned[partition], canMove(partition) {
                move(epoch, to: offset, isNewEpoch: true)
            } else {
                gone = partition
            }
        }
        proceedMoves(now: .now)
        if let gone { throw .takenAway(gone) }
    }

    /// Places that can be, for this consumer.
    nonisolated func check(_ places: [KafkaTopicPartition: KafkaOffsetSpecification]) throws(KafkaError) {
        for (partition, place) in places {
            try place.check(partition)
            if place == .committed { try requireGroup("nothing is committed") }
        }
    }

    /// Whether the partition is ours, and not on its way to another member.
    func canMove(_ partition: KafkaTopicPartition) -> Bool {
        guard let epoch = assigned[partition] else { return false }
        return !isBeingRevoked(epoch)
    }

    func isBeingRevoked(_ epoch: PartitionEpoch) -> Bool {
        rebalancing.revoking.contains { $0 === epoch }
    }

    /// The offsets of places; all of them, or an error.
    func look(
        for places: [KafkaTopicPartition: KafkaOffsetSpecification],
        deadline: ContinuousClock.Instant
    ) async throws(KafkaError) -> [KafkaTopicPartition: Int64] {
        var offsets: [KafkaTopicPartition: Int64] = [:]
        for (partition, place) in places {
            if case .offset(let offset) = place.kind { offsets[partition] = offset }
        }
        guard offsets.count < places.count else { return offsets }
        if isClosed { throw .clientClosed }
        let finder = placeFinder
        let found: PlaceFinder.Found
        do {
            found = try await call(until: deadline) { _ in finder.find(places, deadline: deadline) }
        } catch {
            throw error.code == .cancelled ? .positionWaitCancelled : error
        }
        if let partition = found.nowhere.min() { throw .nothingCommitted(partition) }
        if let error = found.error { throw error }
        return found.offsets
    }

    var placeFinder: PlaceFinder { PlaceFinder(handle: handle, fallback: autoOffsetReset) }

    // MARK: Turns

    func takeTurn(until deadline: ContinuousClock.Instant) async throws(KafkaError) {
        guard !Task.isCancelled else { throw .positionWaitCancelled }
        lastTurn += 1
        let id = lastTurn
        let error = await withTaskCancellationHandler {
            await suspend { (suspension: Suspension<KafkaError?>) in
                if Task.isCancelled { return suspension.resume(returning: .positionWaitCancelled) }
                positionChanges.takeTurn(id: id, deadline: deadline, suspension)?.resume(returning: nil)
            }
        } onCancel: {
            thread.submit { self.assumeIsolated { $0.cancelTurn(id) } }
        }
        if let error { throw error }
    }

    private func cancelTurn(_ id: UInt64) {
        positionChanges.cancelTurn(id: id)?.resume(returning: .positionWaitCancelled)
    }

    func passTurn() {
        positionChanges.passTurn()?.resume(returning: nil)
    }

    // MARK: Marks

    /// Commits what is processed of epochs that are to end; nothing more of them is delivered. At the deadline, or when the task is
    /// cancelled, what is not committed is given up.
    func settle(_ epochs: [PartitionEpoch], deadline: ContinuousClock.Instant) async {
        let (undelivered, _) = delivery.withLock { ($0.undelivered(of: epochs), $0.drain(epochs, isRevoke: false)) }
        giveBack(epochs, undelivered: undelivered)
        await commitMarks(of: epochs, deadline: deadline)
    }

    private func commitMarks(of epochs: [PartitionEpoch], deadline: ContinuousClock.Instant) async {
        guard hasGroup else { return }
        let marks = delivery.withLock { $0.takeMarks(of: epochs) }
        for mark in marks { request(mark.epoch, mark.offset, now: .now) }
        guard commits.isBusy(epochs) else { return }
        let limit = min(deadline, .now + commits.timeout)
        await withTaskCancellationHandler {
            await suspend { (suspension: Suspension<Void>) in
                if Task.isCancelled || isClosed { return suspension.resume(returning: ()) }
                settling = (epochs, limit, suspension)
            }
        } onCancel: {
            thread.submit { self.assumeIsolated { $0.endSettling() } }
        }
    }

    private func endSettling() {
        settling?.waiter.resume(returning: ())
        settling = nil
    }

    // MARK: Moves

    /// From here on nothing is delivered but from `target` on.
    func move(_ epoch: PartitionEpoch, to target: Int64, isNewEpoch: Bool) {
        let now = ContinuousClock.now
        // Nothing passes until librdkafka has heard.
        if isNewEpoch {
            let next = delivery.withLock { $0.replace(epoch) }
            perform(commits.fence([epoch]))
            reportSkipped([epoch])
            begin(next, at: .max)
            positionChanges.move(next, to: target, replacing: epoch, now: now)
        } else {
            nextOffsets[epoch.slot] = .max
            positionChanges.move(epoch, to: target, now: now)
        }
        sources = [:]
        finiteRead?.moved(epoch.topicPartition, to: target)
    }

    /// A new epoch.
    func begin(_ epoch: PartitionEpoch, at offset: Int64) {
        assigned[epoch.topicPartition] = epoch
        while nextOffsets.count <= epoch.slot { nextOffsets.append(-1) }
        nextOffsets[epoch.slot] = offset
    }

    /// What has to do with positions in a turn.
    func proceedPositions(now: ContinuousClock.Instant) {
        for waiter in positionChanges.expireTurns(now: now) {
            waiter.resume(returning: KafkaError(.timedOut, "the seek or assignment before has not ended").asRetriable())
        }
        if let settling, now >= settling.deadline || isClosed || !commits.isBusy(settling.epochs) { endSettling() }
        proceedMoves(now: now)
        proceedSearches(now: now)
        proceedTelling()
    }

    func proceedMoves(now: ContinuousClock.Instant) {
        guard !isLeaving else { return }
        positionChanges.keepOnly { assigned[$0.topicPartition] === $0 }
        let due = positionChanges.due(now: now)
        guard !due.isEmpty else { return }
        let seeks = due.filter { !$0.mustRestart }
        if !seeks.isEmpty {
            for row in handle.seek(seeks.map { PartitionOffset($0.epoch.topicPartition, $0.target) }) {
                guard let move = seeks.first(where: { $0.epoch.topicPartition == row.topicPartition }) else { continue }
                if row.error == 0 {
                    arrive(move)
                } else {
                    positionChanges.postpone(move.epoch, now: now)
                }
            }
        }
        let restarts = due.filter(\.mustRestart)
        guard !restarts.isEmpty else { return }
        if canRestart {
            restart(restarts)
        } else {
            for move in restarts { positionChanges.postpone(move.epoch, now: now) }
        }
    }

    private func arrive(_ move: PositionChanges.Move) {
        nextOffsets[move.epoch.slot] = move.target
        positionChanges.arrived(move.epoch)
    }

    /// Whether the assignment may be changed: librdkafka would take that for the answer to an open rebalance, also to one that is
    /// still in the queue. Under KIP-848 no join announces that.
    private var canRestart: Bool {
        !isSubscribed
            || (subscription.isActive && rebalancing.pending == nil && unanswered == nil && !handle.join.isJoining
                && !handle.isAssignmentLost && handle.control.isEmpty)
    }

    /// Has librdkafka fetch partitions again that it has given up: it takes no seek for them.
    private func restart(_ moves: [PositionChanges.Move]) {
        let rows = moves.map { PartitionOffset($0.epoch.topicPartition, $0.target) }
        if handle.changesIncrementally {
            // One by one: a row that librdkafka does not know fails the whole list.
            for (move, row) in zip(moves, rows) {
                report(handle.unassign([row]))
                arrive(move, handle.assign([row], incremental: true))
            }
        } else {
            // All of them, each where it is.
            var all = rows
            for (partition, epoch) in assigned where !moves.contains(where: { $0.epoch === epoch }) {
                let offset = positionChanges.target(of: epoch) ?? nextOffsets[epoch.slot]
                let isKnown = offset >= 0 && offset < .max
                all.append(PartitionOffset(partition, isKnown ? offset : PartitionOffset.unreachable))
            }
            let error = handle.assign(all, incremental: false)
            for move in moves { arrive(move, error) }
        }
    }

    private func arrive(_ move: PositionChanges.Move, _ error: EngineError?) {
        guard let error else { return arrive(move) }
        log.log(.warning, "ASSIGN", "\(move.epoch.topicPartition) is not read again yet: \(error.message)")
        positionChanges.postpone(move.epoch, now: .now)
    }
}

extension KafkaError {
    static let positionWaitCancelled = KafkaError(
        .cancelled,
        "the task was cancelled before the position was changed: it is what it was"
    )

    static func takenAway(_ partition: KafkaTopicPartition) -> KafkaError {
        KafkaError(.assignmentLost, "\(partition) was taken away before it could be sought").at(partition)
    }

    /// What a seek fails with whose look-up has failed: whatever that was for, there is nothing to seek in a partition that is lost.
    func behindTheLoss(of partitions: [KafkaTopicPartition]) -> KafkaError {
        guard let lost = partitions.min(), ![.cancelled, .clientClosed].contains(code) else { return self }
        return .takenAway(lost).causedBy(self)
    }

    static func outOfRange(_ partition: KafkaTopicPartition, _ asked: Int64) -> KafkaError {
        KafkaError(
            .autoOffsetReset,
            "the log of \(partition) does not have offset \(asked), and `autoOffsetReset` is error: seek to where to go on"
        ).at(partition)
    }

    static func nothingCommitted(_ partition: KafkaTopicPartition) -> KafkaError {
        KafkaError(
            .autoOffsetReset,
            "nothing is committed for \(partition), and `autoOffsetReset` is error: say where to begin"
        ).at(partition)
    }
}
