/// What an application does when the group gives partitions to a consumer or takes them back.
///
/// ```swift
/// configuration.rebalanceHooks.onAssigned = { consumer, partitions in
///     try await cache.load(partitions)
/// }
/// configuration.rebalanceHooks.onRevoked = { consumer, partitions in
///     try await cache.save(partitions)
/// }
/// configuration.rebalanceHooks.onLost = { consumer, partitions in
///     await cache.drop(partitions)
/// }
/// ```
///
/// The rebalance waits for a hook to return. Meanwhile commits and all other calls work, but nothing new is fetched, also of partitions
/// that stay (librdkafka pauses the whole assignment): keep hooks short. A hook runs in a task of its own. The next one is called
/// when it has returned, or its time is over. Each partition that came is told once how it went: `onRevoked` or `onLost`, also by `close`. Hooks
/// are not called with an empty list, and not once the consumer was released without `close()`.
///
/// ## Time limit
/// A rebalance waits for `revokeTimeout` in all: for the message in hand, the hook, and the last commit. A hook that has not
/// returned by then is cancelled, the rebalance goes on without it, and an event of kind `.error` says so. `onRevoked` of a
/// partition whose message in hand took all that time is called nevertheless, when the partition is gone already,
/// and may still run when the next hook is called.
///
/// ## Errors
/// What `onRevoked` or `onLost` throws is logged and becomes an event of kind `.error`. What `onAssigned` throws ends the consumer's
/// sequences of messages, with code `rebalanceHookFailed`: it has not prepared what its messages need. So it is when it takes
/// too long.
public struct KafkaRebalanceHooks: Sendable {
    /// The consumer, and the partitions concerned; sorted.
    ///
    /// The consumer is handed in, so that no hook has to hold it: one that did would keep it alive for ever.
    public typealias Hook =
        @Sendable (_ consumer: KafkaConsumer, _ partitions: [KafkaTopicPartition]) async throws -> Void

    /// Called when the group has given partitions to the consumer, before any message of them is delivered. It may say where they begin:
    /// `consumer.seek`.
    public var onAssigned: Hook?

    /// Called when the group takes partitions back. Nothing more of them is delivered, and the message in hand is done with; they
    /// still belong to the consumer, so what was processed can be committed. What is marked as processed is committed afterwards.
    public var onRevoked: Hook?

    /// Called when partitions were lost, as the consumer was thrown out of the group: another member may have them already. Their
    /// messages cannot be committed any more.
    public var onLost: Hook?

    /// Hooks; nil is none.
    public init(onAssigned: Hook? = nil, onRevoked: Hook? = nil, onLost: Hook? = nil) {
        self.onAssigned = onAssigned
        self.onRevoked = onRevoked
        self.onLost = onLost
    }
}

extension KafkaRebalanceHooks: CustomStringConvertible {
    /// The names of those that are set.
    public var description: String {
        let hooks = [("onAssigned", onAssigned), ("onRevoked", onRevoked), ("onLost", onLost)]
        return "[\(hooks.filter { $0.1 != nil }.map { $0.0 }.joined(separator: ", "))]"
    }
}
