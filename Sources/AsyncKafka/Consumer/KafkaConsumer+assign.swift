extension KafkaConsumer {
    /// Reads exactly these partitions, from these places on, without a group that shares them out.
    ///
    /// Replaces what was assigned before, whose processed messages are committed first. Needs no group; with one, offsets can be
    /// committed, and `.committed` is a place to begin. Partitions that appear later are not read. Suspends until the places are
    /// known, not until messages come.
    ///
    /// ```swift
    /// let consumer = try KafkaConsumer(KafkaConsumerConfiguration(bootstrapServers: ["localhost:9092"]))
    /// try await consumer.assign([KafkaTopicPartition(topic: "orders", partition: 0): .tail(100)])
    /// ```
    ///
    /// A consumer is subscribed or assigned by hand, never both: `assign` is refused after `subscribe(to:)`, and `subscribe(to:)`
    /// until `unassign()`.
    ///
    /// ## Cancellation
    /// Throws `cancelled` as long as nothing has changed.
    ///
    /// - Parameters:
    ///   - places: where to begin, by partition; empty is as `unassign()`.
    ///   - timeout: how long to wait for brokers at most.
    /// - Throws: `invalidState` for a consumer that is subscribed, and for `.committed` without a group; `invalidArgument` for a place
    ///   that cannot be; `timedOut`, `unknownTopicOrPartition` and what else brokers say of a place that has to be looked up;
    ///   `autoOffsetReset` for `.committed` where nothing is and `autoOffsetReset` is `.error`; `cancelled`; `clientClosed`.
    public func assign(
        _ places: [KafkaTopicPartition: KafkaOffsetSpecification],
        timeout: Duration = .seconds(30)
    ) async throws(KafkaError) {
        try await core.assign(places, isReplacing: true, deadline: .after(timeout))
    }

    /// Reads these partitions besides those that were assigned before, which go on undisturbed.
    ///
    /// - Parameters:
    ///   - places: where to begin, by partition.
    ///   - timeout: how long to wait for brokers at most.
    /// - Throws: as `assign(_:timeout:)`; `invalidState` for a partition that is assigned already.
    public func incrementalAssign(
        _ places: [KafkaTopicPartition: KafkaOffsetSpecification],
        timeout: Duration = .seconds(30)
    ) async throws(KafkaError) {
        try await core.assign(places, isReplacing: false, deadline: .after(timeout))
    }

    /// Reads these partitions no more; the others go on undisturbed. What was processed is committed first, if there is a group.
    ///
    /// - Parameters:
    ///   - partitions: partitions that were assigned by hand.
    ///   - timeout: how long to wait for that commit at most.
    /// - Throws: `invalidState` for a partition that is not assigned, and for a consumer that is subscribed; `cancelled`;
    ///   `clientClosed`.
    public func incrementalUnassign(
        _ partitions: [KafkaTopicPartition],
        timeout: Duration = .seconds(30)
    ) async throws(KafkaError) {
        try await core.unassign(partitions, deadline: .after(timeout))
    }

    /// Ends an assignment by hand: nothing is read any more. What was processed is committed first, if there is a group.
    ///
    /// - Parameter timeout: how long to wait for that commit at most.
    /// - Throws: `invalidState` for a consumer that is subscribed; `cancelled`; `clientClosed`.
    public func unassign(timeout: Duration = .seconds(30)) async throws(KafkaError) {
        try await core.unassign(nil, deadline: .after(timeout))
    }
}

/// Makes a consumer, hands it to `body`, and closes it on every way out: for consumers that choose their partitions themselves.
///
/// ```swift
/// try await withKafkaConsumer(configuration) { consumer in
///     for try await message in try await consumer.records(in: "orders", from: .beginning) {
///         print(message.offset)
///     }
/// }
/// ```
///
/// As ``withKafkaConsumer(_:subscribingTo:isolation:_:)``, without a subscription.
///
/// - Parameters:
///   - configuration: what the consumer needs to know; it may have no group.
///   - isolation: the actor that `body` runs on: the caller's, unless said otherwise.
///   - body: uses the consumer.
/// - Returns: what `body` returns.
/// - Throws: what `body` throws; `uncommitted` if `body` returned but the close left processed messages uncommitted;
///   `invalidConfiguration`.
public func withKafkaConsumer<Result>(
    _ configuration: KafkaConsumerConfiguration,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (KafkaConsumer) async throws -> Result
) async throws -> Result {
    try await withKafkaConsumer(configuration, prepare: { _ in }, body)
}
