import RdKafka

extension KafkaAdmin {
    /// The groups of the cluster.
    ///
    /// Asks every broker for the groups that it coordinates.
    ///
    /// - Parameter timeout: how long it may take; nil is the configuration's `requestTimeout`.
    /// - Returns: the groups, and an error for each broker that did not tell its own.
    /// - Throws: `timedOut`, `authentication`, `cancelled`, `clientClosed`.
    public func listGroups(timeout: Duration? = nil) async throws(KafkaError) -> KafkaGroupListings {
        let answer = try await core.perform(.listGroups(), until: core.deadline(timeout))
        return KafkaGroupListings(
            groups: answer.groups.map(KafkaGroupListing.init).sorted { $0.groupID < $1.groupID },
            brokerErrors: answer.errors.map { KafkaError($0) }
        )
    }

    /// What coordinators know of groups: state, members, assignments.
    ///
    /// - Parameters:
    ///   - groups: their names.
    ///   - timeout: how long it may take; nil is the configuration's `requestTimeout`.
    /// - Returns: the descriptions; a group that does not exist is `.dead` or fails with `groupIDNotFound`, by the broker's version.
    ///   Other failures: `groupAuthorizationFailed`, `coordinatorNotAvailable`, `timedOut`, `invalidArgument`.
    /// - Throws: `timedOut`, `authentication`, `cancelled`, `clientClosed`.
    public func describeGroups(
        _ groups: [String],
        timeout: Duration? = nil
    ) async throws(KafkaError) -> [String: Result<KafkaGroupDescription, KafkaError>] {
        try await describeGroups(groups, until: core.deadline(timeout))
    }

    private func describeGroups(
        _ groups: [String],
        until deadline: ContinuousClock.Instant
    ) async throws(KafkaError) -> [String: Result<KafkaGroupDescription, KafkaError>] {
        var results: [String: Result<KafkaGroupDescription, KafkaError>] = [:]
        var valid: [String] = []
        for group in groups.unique {
            do throws(KafkaError) {
                try checkName(group, "a group")
                valid.append(group)
                results[group] = .failure(.noAnswer(group))
            } catch {
                results[group] = .failure(error)
            }
        }
        try await whileCoordinatorsMove(until: deadline) { isFirst throws(KafkaError) in
            guard let group = valid.first else { return nil }
            let way = isFirst ? AdminCore.Way.client : .aside(group: group)
            for group in try await core.perform(.describeGroups(valid), by: way, until: deadline) {
                results[group.name] =
                    group.error.map { .failure(KafkaError($0).about(group.name)) }
                    ?? .success(KafkaGroupDescription(group))
            }
            valid = valid.filter { results[$0]?.isWithoutCoordinator == true }
            return valid.isEmpty ? nil : .coordinatorNotAvailable
        }
        return results
    }

    /// What its coordinator knows of one group.
    ///
    /// - Throws: what ``describeGroups(_:timeout:)`` returns or throws.
    public func describeGroup(
        _ group: String,
        timeout: Duration? = nil
    ) async throws(KafkaError) -> KafkaGroupDescription {
        try await describeGroups([group], timeout: timeout).single(group)
    }

    /// Deletes groups and all their offsets. Groups with members are not deleted.
    ///
    /// - Parameters:
    ///   - groups: their names.
    ///   - timeout: how long it may take; nil is the configuration's `requestTimeout`.
    /// - Returns: for each group whether it is gone. Failures: `nonEmptyGroup`, `groupIDNotFound`, `groupAuthorizationFailed`,
    ///   `timedOut`, `invalidArgument`.
    /// - Throws: `timedOut`, `authentication`, `cancelled`, `clientClosed`.
    public func deleteGroups(
        _ groups: [String],
        timeout: Duration? = nil
    ) async throws(KafkaError) -> [String: Result<Void, KafkaError>] {
        let deadline = try core.deadline(timeout)
        var results: [String: Result<Void, KafkaError>] = [:]
        var left: [String] = []
        for group in groups.unique {
            do throws(KafkaError) {
                try checkName(group, "a group")
                left.append(group)
            } catch {
                results[group] = .failure(error)
            }
        }
        try await whileCoordinatorsMove(until: deadline) { isFirst throws(KafkaError) in
            guard let group = left.first else { return nil }
            let way = isFirst ? AdminCore.Way.client : .aside(group: group)
            let items = try await core.perform(.deleteGroups(left), by: way, until: deadline)
            results.merge(items.results(for: left)) { $1 }
            left = left.filter { results[$0]?.isWithoutCoordinator == true }
            return left.isEmpty ? nil : .coordinatorNotAvailable
        }
        return results
    }

    /// Deletes one group and all its offsets.
    ///
    /// - Throws: what ``deleteGroups(_:timeout:)`` returns or throws.
    public func deleteGroup(_ group: String, timeout: Duration? = nil) async throws(KafkaError) {
        try await deleteGroups([group], timeout: timeout).single(group)
    }

    // MARK: Offsets

    /// What a group has committed.
    ///
    /// Asks through a connection of its own, as a consumer of the group that joins nothing.
    ///
    /// - Parameters:
    ///   - group: its name; one that does not exist has committed nothing.
    ///   - partitions: of which; nil, the default, is all of which anything is committed.
    ///   - timeout: how long it may take; nil is the configuration's `requestTimeout`.
    /// - Returns: the offsets; a partition of which nothing is committed is not among them. Failures by partition: `timedOut` while a
    ///   transaction that commits offsets of it is open, `unknownTopicOrPartition`, `topicAuthorizationFailed`.
    /// - Throws: `groupAuthorizationFailed`; `coordinatorNotAvailable` or `notCoordinator` if that lasts; `timedOut`, `authentication`,
    ///   `invalidArgument`, `cancelled`, `clientClosed`.
    public func groupOffsets(
        of group: String,
        partitions: [KafkaTopicPartition]? = nil,
        timeout: Duration? = nil
    ) async throws(KafkaError) -> [KafkaTopicPartition: Result<KafkaOffsetAndMetadata, KafkaError>] {
        try await groupOffsets(of: group, partitions: partitions, until: core.deadline(timeout))
    }

    private func groupOffsets(
        of group: String,
        partitions: [KafkaTopicPartition]?,
        until deadline: ContinuousClock.Instant
    ) async throws(KafkaError) -> [KafkaTopicPartition: Result<KafkaOffsetAndMetadata, KafkaError>] {
        try checkName(group, "a group")
        try KafkaTopicPartition.check(partitions ?? [])
        if partitions?.isEmpty == true { return [:] }
        let rows = partitions.map { Set($0).sorted().map { PartitionOffset($0) } }
        var offsets: [KafkaTopicPartition: Result<KafkaOffsetAndMetadata, KafkaError>] = [:]
        for row in try await ask(.listOffsets(of: group, in: rows), about: group, isSafe: false, until: deadline) {
            if let error = row.kafkaError {
                offsets[row.topicPartition] = .failure(.committedUnknown(error).at(row.topicPartition))
            } else if row.offset >= 0 {
                offsets[row.topicPartition] = .success(
                    KafkaOffsetAndMetadata(offset: row.offset, metadata: row.metadata)
                )
            }
        }
        return offsets
    }

    /// Commits offsets for a group that has no members; a group that does not exist comes into being.
    ///
    /// - Parameters:
    ///   - group: its name.
    ///   - offsets: what is to be read next, for each partition.
    ///   - timeout: how long it may take; nil is the configuration's `requestTimeout`.
    /// - Returns: for each partition whether it is stored. Failures: `nonEmptyGroup` if the group has members,
    ///   `unknownTopicOrPartition`, `offsetMetadataTooLarge`, `topicAuthorizationFailed`.
    /// - Throws: `groupAuthorizationFailed`; `coordinatorNotAvailable` or `notCoordinator` if that lasts; `timedOut`, `authentication`,
    ///   `invalidArgument` (nothing was sent), `cancelled`, `clientClosed`.
    public func alterGroupOffsets(
        of group: String,
        _ offsets: [KafkaTopicPartition: KafkaOffsetAndMetadata],
        timeout: Duration? = nil
    ) async throws(KafkaError) -> [KafkaTopicPartition: Result<Void, KafkaError>] {
        try await alterGroupOffsets(of: group, offsets, until: core.deadline(timeout))
    }

    private func alterGroupOffsets(
        of group: String,
        _ offsets: [KafkaTopicPartition: KafkaOffsetAndMetadata],
        until deadline: ContinuousClock.Instant
    ) async throws(KafkaError) -> [KafkaTopicPartition: Result<Void, KafkaError>] {
        try checkName(group, "a group")
        var rows: [PartitionOffset] = []
        for (partition, place) in offsets.sorted(by: { $0.key < $1.key }) {
            try KafkaOffsetSpecification.offset(place.offset).check(partition)
            try checkText(place.metadata ?? "", "the metadata of \(partition)")
            // The protocol carries no more, and librdkafka would cut its length to 16 bits.
            guard (place.metadata ?? "").utf8.count <= Int(Int16.max) else {
                throw KafkaError(.offsetMetadataTooLarge, "the metadata is longer than 32,767 bytes").at(partition)
            }
            var row = PartitionOffset(partition, place.offset)
            row.metadata = place.metadata
            rows.append(row)
        }
        guard !rows.isEmpty else { return [:] }
        let answer = try await ask(.alterOffsets(of: group, rows), about: group, until: deadline)
        return results(of: answer, for: offsets.keys, group)
    }

    /// Forgets what a group has committed of partitions to which no member subscribes.
    ///
    /// - Parameters:
    ///   - group: its name.
    ///   - partitions: of which.
    ///   - timeout: how long it may take; nil is the configuration's `requestTimeout`.
    /// - Returns: for each partition whether nothing is committed any more. Failures: `groupSubscribedToTopic`,
    ///   `unknownTopicOrPartition`, `topicAuthorizationFailed`.
    /// - Throws: `groupIDNotFound`, `nonEmptyGroup`, `groupAuthorizationFailed`; `coordinatorNotAvailable` or `notCoordinator` if that
    ///   lasts; `timedOut`, `authentication`, `invalidArgument`, `cancelled`, `clientClosed`.
    public func deleteGroupOffsets(
        of group: String,
        _ partitions: [KafkaTopicPartition],
        timeout: Duration? = nil
    ) async throws(KafkaError) -> [KafkaTopicPartition: Result<Void, KafkaError>] {
        let deadline = try core.deadline(timeout)
        try checkName(group, "a group")
        try KafkaTopicPartition.check(partitions)
        guard !partitions.isEmpty else { return [:] }
        let rows = Set(partitions).sorted().map { PartitionOffset($0) }
        let answer = try await ask(.deleteOffsets(of: group, rows), about: group, until: deadline)
        return results(of: answer, for: partitions, group)
    }

    /// - Parameter isSafe: whether the client's own handle survives every answer.
    private func ask(
        _ request: AdminRequest<GroupOffsets>,
        about group: String,
        isSafe: Bool = true,
        until deadline: ContinuousClock.Instant
    ) async throws(KafkaError) -> [PartitionOffset] {
        var answer = GroupOffsets(error: nil, rows: [])
        try await whileCoordinatorsMove(until: deadline) { isFirst throws(KafkaError) in
            let way = isFirst && isSafe ? AdminCore.Way.client : .aside(group: group)
            answer = try await core.perform(request, by: way, until: deadline)
            let codes = [answer.error?.code ?? 0] + answer.rows.map(\.error)
            return codes.map { KafkaError.Code(rawValue: $0) }.first(where: \.isOfMovingCoordinator)
        }
        if let error = answer.error { throw KafkaError(error).about(group) }
        return answer.rows
    }

    /// Calls again what a broker has not done because it does not coordinate the group yet, or any more: librdkafka hands that on.
    ///
    /// - Parameter attempt: gets whether it is the first. The later ones go aside, as the client's own handle asks the broker that
    ///   once coordinated the group for as long as that is up. Returns or throws the code that says so; nil once it is done.
    private func whileCoordinatorsMove(
        until deadline: ContinuousClock.Instant,
        _ attempt: (_ isFirst: Bool) async throws(KafkaError) -> KafkaError.Code?
    ) async throws(KafkaError) {
        var delay = Duration.milliseconds(100)
        var isFirst = true
        var last: KafkaError?
        while true {
            do throws(KafkaError) {
                guard try await attempt(isFirst) != nil, .now + delay < deadline else { return }
                last = nil
            } catch {
                // That the time is over in the middle of a further attempt says less than what came before.
                if !isFirst, error.code == .timedOut {
                    guard let last else { return }
                    throw last
                }
                guard error.code.isOfMovingCoordinator, .now + delay < deadline else { throw error }
                last = error
            }
            isFirst = false
            try await core.pause(until: .now + delay)
            delay = min(delay * 2, .seconds(1))
        }
    }

    private func results(
        of rows: [PartitionOffset],
        for partitions: some Sequence<KafkaTopicPartition>,
        _ group: String
    ) -> [KafkaTopicPartition: Result<Void, KafkaError>] {
        var results: [KafkaTopicPartition: Result<Void, KafkaError>] = [:]
        for partition in partitions {
            results[partition] = .failure(.noAnswer("\(partition)").at(partition))
        }
        for row in rows {
            results[row.topicPartition] =
                row.kafkaError.map { .failure($0.code == .unknownMember ? .hasMembers(group).causedBy($0) : $0) }
                ?? .success(())
        }
        return results.mapValuesWithKeys { partition, result in result.mapError { $0.at(partition) } }
    }

    // MARK: Reset

    /// Moves a group's offsets, or tells what that would do.
    ///
    /// Looks at the group, at what it has committed, and at where the logs begin and end; then commits. Suspends until all of that is
    /// done. A group with members is refused: their next commits would undo it. So stop them first, and try it with `dryRun`.
    ///
    /// ```swift
    /// let plan = try await admin.resetGroupOffsets(of: "billing", to: .place(.timestamp(noon)), dryRun: true)
    /// for change in plan.changes { print(change) }
    /// ```
    ///
    /// A group that does not exist has no members and has committed nothing: it comes into being if `partitions` are named.
    ///
    /// What lies outside of a log is moved to its nearer end. What was noted beside an offset (its metadata) is gone.
    ///
    /// - Parameters:
    ///   - group: its name.
    ///   - partitions: which; nil, the default, is all of which it has committed anything.
    ///   - target: where to.
    ///   - dryRun: whether nothing is changed.
    ///   - timeout: how long it may take altogether; nil is the configuration's `requestTimeout`.
    /// - Returns: what was changed, or would be.
    /// - Throws: `nonEmptyGroup`; `noOffset` for a shift of what was never committed, `unknownTopicOrPartition`,
    ///   `topicAuthorizationFailed` and what else a partition can fail by, with `partitionErrors` for each: nothing was changed then,
    ///   but where the commit itself failed for some; those without an error are changed then. `groupAuthorizationFailed`;
    ///   `coordinatorNotAvailable` or `notCoordinator` if that lasts; `timedOut`, `authentication`, `invalidArgument`, `cancelled`,
    ///   `clientClosed`.
    @discardableResult
    public func resetGroupOffsets(
        of group: String,
        partitions: [KafkaTopicPartition]? = nil,
        to target: KafkaOffsetReset,
        dryRun: Bool = false,
        timeout: Duration? = nil
    ) async throws(KafkaError) -> KafkaOffsetResetPlan {
        let deadline = try core.deadline(timeout)
        try target.check()
        do throws(KafkaError) {
            let description = try await describeGroups([group], until: deadline).single(group)
            guard description.members.isEmpty else { throw .hasMembers(group) }
        } catch {
            // It has no members then, as one that a broker calls dead.
            guard error.code == .groupIDNotFound else { throw error }
        }
        var errors: [KafkaTopicPartition: KafkaError] = [:]
        var current: [KafkaTopicPartition: Int64] = [:]
        for (partition, result) in try await groupOffsets(of: group, partitions: partitions, until: deadline) {
            switch result {
            case .success(let place): current[partition] = place.offset
            case .failure(let error): errors[partition] = error
            }
        }
        if let error = KafkaError.ofPartitions(errors, "looked up") { throw error }
        let wanted = Set(partitions ?? Array(current.keys))
        let places = target.places(of: wanted)
        let lows = try await find(places.mapValues { _ in .beginning }, until: deadline)
        // What could not be found once is not waited for again.
        let known = places.filter { (try? lows.single($0.key)) != nil }
        let highs = try await find(known.mapValues { _ in .end }, until: deadline)
        let targets = try await find(known, until: deadline)
        var changes: [KafkaOffsetResetPlan.Change] = []
        for partition in wanted.sorted() {
            do throws(KafkaError) {
                let low = try lows.single(partition)
                let log = try KafkaWatermarks(low: low, high: max(low, highs.single(partition)))
                let place = try targets.single(partition)
                changes.append(try target.change(partition, from: current[partition], place: place, log: log))
            } catch {
                errors[partition] = error
            }
        }
        if let error = KafkaError.ofPartitions(errors, "planned") { throw error }
        let plan = KafkaOffsetResetPlan(groupID: group, changes: changes, isDryRun: dryRun)
        guard !dryRun, !changes.isEmpty else { return plan }
        let offsets = changes.map { ($0.partition, KafkaOffsetAndMetadata(offset: $0.target)) }
        let results = try await alterGroupOffsets(
            of: group,
            Dictionary(offsets) { first, _ in first },
            until: deadline
        )
        for (partition, result) in results {
            if case .failure(let error) = result { errors[partition] = error }
        }
        if let error = KafkaError.ofPartitions(errors, "moved") { throw error }
        return plan
    }

    /// Moves a group's offsets in all partitions of topics, or tells what that would do.
    ///
    /// - Parameters:
    ///   - group: its name.
    ///   - topics: their partitions, also those of which nothing is committed.
    ///   - target: where to.
    ///   - dryRun: whether nothing is changed.
    ///   - timeout: how long it may take altogether; nil is the configuration's `requestTimeout`.
    /// - Throws: as ``resetGroupOffsets(of:partitions:to:dryRun:timeout:)``; `unknownTopicOrPartition` for a topic that is not there.
    @discardableResult
    public func resetGroupOffsets(
        of group: String,
        topics: [String],
        to target: KafkaOffsetReset,
        dryRun: Bool = false,
        timeout: Duration? = nil
    ) async throws(KafkaError) -> KafkaOffsetResetPlan {
        let deadline = try core.deadline(timeout)
        var partitions: [KafkaTopicPartition] = []
        let descriptions = try await describeTopics(topics, until: deadline)
        for topic in topics.unique {
            partitions += try descriptions.single(topic).partitions.map { partition in
                KafkaTopicPartition(topic: topic, partition: partition.number)
            }
        }
        return try await resetGroupOffsets(
            of: group,
            partitions: partitions,
            to: target,
            dryRun: dryRun,
            timeout: max(deadline - .now, .milliseconds(1))
        )
    }
}

extension KafkaError {
    fileprivate static func hasMembers(_ group: String) -> KafkaError {
        KafkaError(
            .nonEmptyGroup,
            "the group \(group) has members, whose commits would undo the change: stop them, and wait until the group is empty"
        )
    }
}

extension Result where Failure == KafkaError {
    fileprivate var isWithoutCoordinator: Bool {
        guard case .failure(let error) = self else { return false }
        return error.code.isOfMovingCoordinator
    }
}

extension Dictionary {
    fileprivate func mapValuesWithKeys<New>(_ change: (Key, Value) -> New) -> [Key: New] {
        Dictionary<Key, New>(uniqueKeysWithValues: map { ($0.key, change($0.key, $0.value)) })
    }
}
