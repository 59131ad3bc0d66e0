/// The outcome of a record that is on its way.
///
/// It resolves once, whether anybody awaits it or not, and can be awaited by several tasks, at any time, as often as they like.
/// Dropping it and its copies does not take the record back; a failure that nobody has asked for is logged then, and counted in the
/// report of `close`.
public struct KafkaPendingDelivery: Sendable {
    let content: PendingDelivery

    init(_ content: PendingDelivery) {
        self.content = content
    }

    /// The topic of the record.
    public var topic: String { content.topic }

    /// Waits for the record's outcome.
    ///
    /// Suspends until the cluster has acknowledged the record or the producer has given it up, which is no later than the
    /// delivery timeout; returns at once if that has happened. The record does not wait for the linger while it is awaited.
    ///
    /// ## Cancellation
    /// Ends the wait, not the delivery: code `.cancelled`, persistence `.possiblyPersisted`; it can be awaited again.
    ///
    /// - Throws: What `KafkaProducer.send(_:context:)` would have thrown.
    public var delivery: KafkaDelivery {
        get async throws(KafkaError) { try await content.delivery }
    }
}

extension KafkaPendingDelivery: Hashable {
    /// Whether both stand for the same record.
    public static func == (left: KafkaPendingDelivery, right: KafkaPendingDelivery) -> Bool {
        left.content === right.content
    }

    /// Hashes which record it is.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(ObjectIdentifier(content))
    }
}
