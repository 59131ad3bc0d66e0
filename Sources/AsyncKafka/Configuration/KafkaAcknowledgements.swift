/// Which acknowledgement the producer asks the cluster for: librdkafka's `acks`.
public struct KafkaAcknowledgements: Sendable, Hashable {
    let value: String

    /// None: a record counts as delivered once it was sent, and has no offset. It may be lost unnoticed.
    public static let none = KafkaAcknowledgements(value: "0")
    /// The partition's leader has written the record; it is lost if the leader fails before the others have it.
    public static let leader = KafkaAcknowledgements(value: "1")
    /// All replicas that are in sync have written the record. Needed for idempotence.
    public static let all = KafkaAcknowledgements(value: "-1")
}

extension KafkaAcknowledgements: CustomStringConvertible {
    /// The name: `all`.
    public var description: String {
        switch self {
        case .none: "none"
        case .leader: "leader"
        default: "all"
        }
    }
}
