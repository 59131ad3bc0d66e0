import RdKafka

extension KafkaAdmin {
    /// Deletes the records of partitions that lie before a place in their logs. There is no way back.
    ///
    /// Suspends until the leaders have answered. Consumers that stand before the place go on by their `autoOffsetReset`.
    ///
    /// - Parameters:
    ///   - places: `.offset`, `.end` for all that is there when the leader deletes, `.timestamp` or `.tail`, which are looked up
    ///     first, for each partition. `.beginning` deletes nothing; `.committed` is refused.
    ///   - timeout: how long it may take; nil is the configuration's `requestTimeout`.
    /// - Returns: where each log begins now. Failures: `offsetOutOfRange` for an offset beyond the end; `policyViolation` for a topic
    ///   that is compacted and not deleted from; `unknownTopicOrPartition`, `topicAuthorizationFailed`, `timedOut`.
    /// - Throws: `invalidArgument` for an impossible place; `timedOut`, `authentication`, `cancelled`, `clientClosed`.
    public func deleteRecords(
        before places: [KafkaTopicPartition: KafkaOffsetSpecification],
        timeout: Duration? = nil
    ) async throws(KafkaError) -> [KafkaTopicPartition: Result<Int64, KafkaError>] {
        let deadline = try core.deadline(timeout)
        var results: [KafkaTopicPartition: Result<Int64, KafkaError>] = [:]
        var rows: [PartitionOffset] = []
        var sought: [KafkaTopicPartition: KafkaOffsetSpecification] = [:]
        for (partition, place) in places {
            try place.check(partition)
            switch place.kind {
            case .offset(let offset): rows.append(PartitionOffset(partition, offset))
            case .end: rows.append(PartitionOffset(partition, PartitionOffset.end))
            case .committed:
                throw KafkaError(.invalidArgument, "name the place in \(partition): an admin client is in no group")
                    .at(partition)
            case .beginning, .tail, .timestamp: sought[partition] = place
            }
        }
        for (partition, offset) in try await find(sought, until: deadline) {
            switch offset {
            case .success(let offset): rows.append(PartitionOffset(partition, offset))
            case .failure(let error): results[partition] = .failure(error)
            }
        }
        guard !rows.isEmpty else { return results }
        for row in try await core.perform(.deleteRecords(rows), until: deadline) {
            results[row.topicPartition] = row.kafkaError.map { .failure($0) } ?? .success(row.offset)
        }
        return results
    }

    /// Turns places into offsets.
    func find(
        _ places: [KafkaTopicPartition: KafkaOffsetSpecification],
        until deadline: ContinuousClock.Instant
    ) async throws(KafkaError) -> [KafkaTopicPartition: Result<Int64, KafkaError>] {
        guard !places.isEmpty else { return [:] }
        let lookedUp = Set(places.filter { $0.value.isLookedUp }.keys)
        let found = try await core.block(
            "look up offsets",
            until: deadline,
            isFromBroker: { (found: PlaceFinder.Found) in !lookedUp.isDisjoint(with: found.offsets.keys) }
        ) { handle, time in
            let finder = PlaceFinder(handle: handle, fallback: nil)
            var found = PlaceFinder.Found()
            var left = places
            time.use { end in
                let more = finder.find(left, deadline: end)
                found.offsets.merge(more.offsets) { $1 }
                found.errors = found.errors.filter { left[$0.key] == nil }.merging(more.errors) { $1 }
                left = left.filter { found.offsets[$0.key] == nil }
                return left.isEmpty
            }
            return .success(found)
        }
        var offsets: [KafkaTopicPartition: Result<Int64, KafkaError>] = [:]
        for partition in places.keys {
            if let offset = found.offsets[partition] {
                offsets[partition] = .success(offset)
            } else {
                let error =
                    found.errors[partition]
                    ?? KafkaError(.timedOut, "the offset could not be looked up").asRetriable()
                offsets[partition] = .failure(error.at(partition))
            }
        }
        return offsets
    }
}

extension KafkaOffsetSpecification {
    /// Whether a broker has to be asked for it.
    fileprivate var isLookedUp: Bool {
        if case .offset = kind { return false }
        return true
    }
}
