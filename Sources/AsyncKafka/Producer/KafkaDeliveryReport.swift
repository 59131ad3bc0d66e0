/// What became of a record, as ``KafkaProducer/deliveryReports`` tells it.
///
/// ```swift
/// for try await report in producer.deliveryReports {
///     switch report.kind {
///     case .delivered: print(report.delivery?.topicPartition ?? "")
///     case .failed: print(report.error?.description ?? "")
///     default: print("\(report.missedDeliveries) deliveries and \(report.missedFailures) failures came too fast")
///     }
/// }
/// ```
public struct KafkaDeliveryReport: Sendable {
    /// What a report says: an open set.
    public struct Kind: Sendable, Hashable, CustomStringConvertible {
        /// The kind's name.
        public let description: String

        /// The cluster has acknowledged the record: `delivery`.
        public static let delivered = Kind(description: "delivered")
        /// The record has failed: `error`.
        public static let failed = Kind(description: "failed")
        /// Nobody read fast enough: `missedDeliveries` and `missedFailures` reports were dropped here.
        public static let missed = Kind(description: "missed")
    }

    /// What the report says.
    public let kind: Kind
    /// The topic of the record; empty for `.missed`.
    public let topic: String
    /// What the sender gave along; nil if it gave nothing.
    public let context: (any Sendable)?
    /// What `KafkaProducer.send(_:context:)` would have returned or thrown; nil for `.missed`.
    public let result: Result<KafkaDelivery, KafkaError>?
    /// How many deliveries were dropped in this place.
    public let missedDeliveries: Int
    /// How many failures were dropped in this place, as there was nothing but failures to drop.
    public let missedFailures: Int

    /// Where the record is; nil unless it was delivered.
    public var delivery: KafkaDelivery? {
        try? result?.get()
    }

    /// Why the record has failed; nil unless it has.
    public var error: KafkaError? {
        guard case .failure(let error) = result else { return nil }
        return error
    }

    init(topic: String, context: (any Sendable)?, result: Result<KafkaDelivery, KafkaError>) {
        if case .success = result { kind = .delivered } else { kind = .failed }
        self.topic = topic
        self.context = context
        self.result = result
        missedDeliveries = 0
        missedFailures = 0
    }

    private init(missedDeliveries: Int, missedFailures: Int) {
        kind = .missed
        topic = ""
        context = nil
        result = nil
        self.missedDeliveries = missedDeliveries
        self.missedFailures = missedFailures
    }

    static func missed(deliveries: Int, failures: Int) -> KafkaDeliveryReport {
        KafkaDeliveryReport(missedDeliveries: deliveries, missedFailures: failures)
    }
}
