import RdKafka

// Partitions that the application chooses itself, outside of the group's rebalances.
extension ConsumerCore {
    /// Reads these partitions, and no others if `isReplacing`.
    func assign(
        _ places: [KafkaTopicPartition: KafkaOffsetSpecification],
        isReplacing: Bool,
        deadline: ContinuousClock.Instant
    ) async throws(KafkaError) {
        try check(places)
        try await takeTurn(until: deadline)
        defer { passTurn() }
        try checkManual()
        if !isReplacing, let twice = places.keys.filter({ assigned[$0] != nil }).min() {
            throw KafkaError(.invalidState, "\(twice) is assigned already: seek it, or unassign it first").at(twice)
        }
        try await begin(places, isReplacing: isReplacing, deadline: deadline)
    }

    private func begin(
        _ places: [KafkaTopicPartition: KafkaOffsetSpecification],
        isReplacing: Bool,
        deadline: ContinuousClock.Instant
    ) async throws(KafkaError) {
        let offsets = try await look(for: places, deadline: deadline)
        if Task.isCancelled { throw .positionWaitCancelled }
        if isReplacing { await giveUp(Array(assigned.values), deadline: deadline) }
        try checkManual()
        guard !offsets.isEmpty else { return }
        let rows = offsets.map { PartitionOffset($0.key, $0.value) }
        isManual = true
        for row in rows {
            // The newer word counts.
            _ = positionChanges.takeSought(row.topicPartition)
            begin(delivery.withLock { $0.assign(row.topicPartition) }, at: row.offset)
        }
        sources = [:]
        if let error = handle.assign(rows, incremental: true) {
            forget(rows.compactMap { assigned[$0.topicPartition] })
            throw KafkaError(error)
        }
        pauseAgain(rows.map(\.topicPartition))
        offer(rows.map(\.topicPartition))
        log.log(.info, "ASSIGN", "reads \(rows.count) partitions by its own choice")
    }

    /// Reads these partitions no more; nil is all.
    func unassign(_ partitions: [KafkaTopicPartition]?, deadline: ContinuousClock.Instant) async throws(KafkaError) {
        try await takeTurn(until: deadline)
        defer { passTurn() }
        try checkManual()
        if let stranger = partitions?.first(where: { assigned[$0] == nil }) {
            throw KafkaError(.invalidState, "\(stranger) is not assigned").at(stranger)
        }
        let epochs = partitions.map { $0.compactMap { assigned[$0] } } ?? Array(assigned.values)
        await giveUp(epochs, deadline: deadline)
        try checkManual()
    }

    /// Drain, commit, fence.
    private func giveUp(_ epochs: [PartitionEpoch], deadline: ContinuousClock.Instant) async {
        guard !epochs.isEmpty else { return }
        await settle(epochs, deadline: deadline)
        let rows = epochs.filter { assigned[$0.topicPartition] === $0 }.map { PartitionOffset($0.topicPartition) }
        // A close takes them by itself.
        guard !isClosed, !rows.isEmpty else { return }
        forget(epochs)
        report(handle.unassign(rows))
        log.log(.info, "ASSIGN", "reads \(rows.count) partitions no more")
    }

    private func forget(_ epochs: [PartitionEpoch]) {
        delivery.withLock { $0.fence(epochs) }
        unwatch(epochs.filter { assigned[$0.topicPartition] === $0 })
        for epoch in epochs where assigned[epoch.topicPartition] === epoch { assigned[epoch.topicPartition] = nil }
        sources = [:]
        perform(commits.fence(epochs))
        reportSkipped(epochs)
        positionChanges.keepOnly { assigned[$0.topicPartition] === $0 }
        finiteRead = nil
    }

    private func checkManual() throws(KafkaError) {
        if isClosed { throw .clientClosed }
        // librdkafka would take an assignment for the answer.
        guard !handle.join.isJoining, rebalancing.pending == nil, unanswered == nil else {
            throw KafkaError(.invalidState, "the group's rebalance is not over: try again behind it").asRetriable()
        }
        guard !isSubscribed else {
            throw KafkaError(
                .invalidState,
                "the consumer is subscribed, so that its group decides on its partitions: use another one to choose them"
            )
        }
    }

    /// What a consumer without a group cannot do.
    nonisolated func requireGroup(_ consequence: String) throws(KafkaError) {
        guard !hasGroup else { return }
        throw KafkaError(.invalidState, "the consumer has no group, so \(consequence): set its `groupID`")
    }

    // MARK: Reads that end

    /// Reads partitions up to where they end now.
    func read(
        _ partitions: [KafkaTopicPartition]?,
        in topic: String,
        from place: KafkaOffsetSpecification,
        deadline: ContinuousClock.Instant
    ) async throws(KafkaError) -> FiniteRead {
        guard !hasGroup else {
            throw KafkaError(
                .invalidState,
                "the consumer has a group: a read that ends by itself commits nothing, so make a consumer without `groupID` for it"
            )
        }
        guard place != .committed else { throw KafkaError(.invalidArgument, "without a group nothing is committed") }
        try KafkaTopicPartition(topic: topic, partition: 0).check()
        try await takeTurn(until: deadline)
        defer { passTurn() }
        try checkManual()
        let partitions = try await self.partitions(partitions, of: topic, deadline: deadline)
        for partition in partitions { try place.check(partition) }
        // The end first: what is found to begin with lies before it, or nothing is read.
        let ends = try await look(
            for: Dictionary(uniqueKeysWithValues: partitions.map { ($0, .end) }),
            deadline: deadline
        )
        let starts = try await look(
            for: Dictionary(uniqueKeysWithValues: partitions.map { ($0, place) }),
            deadline: deadline
        )
        let lows = try await look(
            for: Dictionary(uniqueKeysWithValues: partitions.map { ($0, .beginning) }),
            deadline: deadline
        )
        let begins = Dictionary(uniqueKeysWithValues: starts.map { ($0.key, max($0.value, lows[$0.key] ?? 0)) })
        let read = FiniteRead(begins: begins, ends: ends)
        let open = begins.filter { $0.value < ends[$0.key] ?? 0 }
        try await begin(open.mapValues { .offset($0) }, isReplacing: true, deadline: deadline)
        finiteRead = read
        return read
    }

    private func partitions(
        _ partitions: [KafkaTopicPartition]?,
        of topic: String,
        deadline: ContinuousClock.Instant
    ) async throws(KafkaError) -> [KafkaTopicPartition] {
        if let partitions { return Array(Set(partitions)) }
        let handle = handle
        let result = await blocking {
            handle.partitionCount(of: topic, timeout: max(1, (deadline - .now).clampedMilliseconds))
        }
        switch result {
        case .success(let count): return (0..<count).map { KafkaTopicPartition(topic: topic, partition: $0) }
        case .failure(let error): throw KafkaError(error).saying("\(topic): \(error.message)")
        }
    }

    /// As `fill`, for a read that ends. Returns false at its end.
    func fill(reader: UInt64, seen revision: UInt, _ read: FiniteRead) async -> Bool {
        guard finiteRead === read else { return false }
        if !isClosed { readTogether() }
        _ = drain()
        if read.isComplete, !delivery.withLock({ $0.holdsMessages }) {
            let rows = assigned.keys.map { PartitionOffset($0) }
            forget(Array(assigned.values))
            if !rows.isEmpty, !isClosed { report(handle.unassign(rows)) }
            return false
        }
        await fill(reader: reader, seen: revision)
        return true
    }

    /// How far a read has come by what was never handed out.
    func advance(_ read: FiniteRead) {
        for partition in read.open {
            guard let drained = handle.drainedPosition(in: partition.topic, Int32(clamping: partition.partition)) else {
                continue
            }
            read.drained(partition, upTo: drained)
        }
    }
}
