/// Where a record ended up: what the cluster has acknowledged.
public struct KafkaDelivery: Sendable, Hashable {
    /// The topic.
    public let topic: String
    /// The partition that the record was written to.
    public let partition: Int
    /// The record's offset; nil where the cluster does not say it, as with `acknowledgements: .none`.
    public let offset: Int64?
    /// The record's timestamp, as sent or as the broker set it.
    public let timestamp: KafkaTimestamp?

    /// Topic and partition in one.
    public var topicPartition: KafkaTopicPartition {
        KafkaTopicPartition(topic: topic, partition: partition)
    }
}
