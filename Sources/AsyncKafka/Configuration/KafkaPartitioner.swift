/// How a record without a partition gets one: librdkafka's `partitioner`.
///
/// All producers of a topic have to use the same one, or records with the same key end in different partitions. The
/// default,
/// `murmur2Random`, places keys as the Java client does; librdkafka's own default (`consistentRandom`) does not.
public struct KafkaPartitioner: Sendable, Hashable {
    /// librdkafka's name for it.
    let name: String

    /// Any partition.
    public static let random = KafkaPartitioner(name: "random")
    /// CRC32 of the key; records without a key, or with an empty one, all go to the same partition.
    public static let consistent = KafkaPartitioner(name: "consistent")
    /// CRC32 of the key; any partition for records without a key or with an empty one. librdkafka's default.
    public static let consistentRandom = KafkaPartitioner(name: "consistent_random")
    /// Murmur2 of the key as in the Java client; records without a key all go to the same partition.
    public static let murmur2 = KafkaPartitioner(name: "murmur2")
    /// Murmur2 of the key, any partition for records without one: the Java client's placement.
    public static let murmur2Random = KafkaPartitioner(name: "murmur2_random")
    /// FNV-1a of the key, as Sarama does; records without a key all go to the same partition.
    public static let fnv1a = KafkaPartitioner(name: "fnv1a")
    /// FNV-1a of the key, any partition for records without one: Sarama's placement.
    public static let fnv1aRandom = KafkaPartitioner(name: "fnv1a_random")
}

extension KafkaPartitioner: CustomStringConvertible {
    /// librdkafka's name: `murmur2_random`.
    public var description: String { name }
}
