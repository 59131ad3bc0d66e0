/// How the members of a group and its coordinator agree on who reads what (`group.protocol`).
public struct KafkaGroupProtocol: Sendable, Hashable, CustomStringConvertible {
    /// Kafka's name: `consumer`.
    public let description: String

    /// One member shares the partitions out, by `assignmentStrategies`; a rebalance is a round of all members.
    public static let classic = KafkaGroupProtocol(description: "classic")

    /// The coordinator shares the partitions out, and each member moves by itself (KIP-848). Needs brokers of Kafka 4.0 or newer, and
    /// librdkafka 2.12 or newer, which is looked at when the consumer is made.
    ///
    /// Session timeout, heartbeats and the way of sharing are the group's settings on the broker then.
    public static let consumer = KafkaGroupProtocol(description: "consumer")
}
