extension KafkaConsumer {
    /// Has a partition read from another place.
    ///
    /// Suspends until the place is known, which takes a request unless it is an offset, and until what was processed by then is
    /// committed. Once it returns, no message of the old position is delivered any more, and the next one of this partition is the
    /// first at the new place. Messages that were delivered before are stale: they cannot be committed.
    ///
    /// A partition that is not assigned, or is being taken away, is remembered: it begins there when it is assigned, once. So a
    /// consumer may seek before or right behind `subscribe(to:)`.
    ///
    /// ```swift
    /// try await consumer.seek(partition, to: .timestamp(midnight))
    /// ```
    ///
    /// ## Cancellation
    /// Throws `cancelled` as long as the position has not changed; it does not wait for a commit then.
    ///
    /// ## Ordering
    /// Seeks, assignments and unassignments of one consumer happen one after the other, as they were called.
    ///
    /// - Parameters:
    ///   - partition: the partition.
    ///   - place: where to go on.
    ///   - timeout: how long to wait for brokers at most; marks that are not committed by then, or within the configuration's
    ///     `commitTimeout`, are given up.
    /// - Throws: `invalidArgument` for a place that cannot be; `timedOut` and what else brokers say of a place that has to be
    ///   looked up; `autoOffsetReset` for `.committed` where nothing is and `autoOffsetReset` is `.error`; `invalidState` for
    ///   `.committed` without a group; `assignmentLost` when the partition was taken away meanwhile; `cancelled`; `clientClosed`.
    public func seek(
        _ partition: KafkaTopicPartition,
        to place: KafkaOffsetSpecification,
        timeout: Duration = .seconds(30)
    ) async throws(KafkaError) {
        try await seek([partition: place], timeout: timeout)
    }

    /// Has partitions read from other places, all of them or, if a place cannot be found, none.
    ///
    /// - Parameters:
    ///   - places: where to go on, by partition.
    ///   - timeout: how long to wait for brokers at most.
    /// - Throws: as `seek(_:to:timeout:)` of one partition, with the partition in `topicPartition`. After `assignmentLost` the
    ///   partitions that are still assigned have moved.
    public func seek(
        _ places: [KafkaTopicPartition: KafkaOffsetSpecification],
        timeout: Duration = .seconds(30)
    ) async throws(KafkaError) {
        try await core.seek(places, deadline: .after(timeout))
    }

    /// Has all assigned partitions read from another place.
    ///
    /// - Parameters:
    ///   - place: where to go on.
    ///   - timeout: how long to wait for brokers at most.
    /// - Throws: as `seek(_:to:timeout:)` of one partition; without an assignment it does nothing.
    public func seek(to place: KafkaOffsetSpecification, timeout: Duration = .seconds(30)) async throws(KafkaError) {
        let partitions = await assignment
        try await seek(Dictionary(uniqueKeysWithValues: partitions.map { ($0, place) }), timeout: timeout)
    }
}
