/// Who a consumer is in its group.
public struct KafkaGroupMetadata: Sendable, Hashable {
    /// The group.
    public let groupID: String
    /// The name that stays the same over restarts (`group.instance.id`).
    public let instanceID: String?
    /// The name that the coordinator has given to this member, or that the client has given itself (KIP-848); nil while it is none.
    public let memberID: String?
    /// The group's generation, or with KIP-848 the member's epoch; nil while it is no member, and with librdkafka before 2.8, which
    /// does not tell.
    public let generation: Int?
}

extension KafkaConsumer {
    /// Leaves the group, and reads nothing until the next `subscribe(to:)`.
    ///
    /// Suspends until librdkafka has taken it. The partitions are then given back as in a rebalance: the message in hand may be
    /// finished, `onRevoked` is called, and what was processed is committed; `events` tells when that is done. Loops over `messages`
    /// wait. A consumer that subscribes to nothing is left as it is.
    ///
    /// ## Cancellation
    /// Has no effect.
    ///
    /// - Throws: `clientClosed`.
    public func unsubscribe() async throws(KafkaError) {
        try await core.unsubscribe()
    }

    /// The topics and patterns that the consumer has subscribed to; empty if none.
    public var subscription: [String] {
        get async { await core.subscription.topics }
    }

    /// Who this consumer is in its group now; another one after the next rebalance.
    ///
    /// Suspends until librdkafka has answered, which waits for no broker.
    ///
    /// - Throws: `clientClosed`.
    public var groupMetadata: KafkaGroupMetadata {
        get async throws(KafkaError) { try await core.membership() }
    }
}
