/// One partition of one topic.
public struct KafkaTopicPartition: Sendable, Hashable {
    /// The topic's name.
    public var topic: String
    /// The partition's number, from 0.
    public var partition: Int

    /// One partition of one topic.
    public init(topic: String, partition: Int) {
        self.topic = topic
        self.partition = partition
    }
}

extension KafkaTopicPartition: Comparable {
    /// By topic, then by number.
    public static func < (left: KafkaTopicPartition, right: KafkaTopicPartition) -> Bool {
        (left.topic, left.partition) < (right.topic, right.partition)
    }
}

extension KafkaTopicPartition: CustomStringConvertible {
    /// `topic[partition]`.
    public var description: String { "\(topic)[\(partition)]" }
}
