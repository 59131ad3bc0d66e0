/// Where to start in a partition that has no committed offset, or whose offset is no longer in the log: librdkafka's
/// `auto.offset.reset`.
public struct KafkaAutoOffsetReset: Sendable, Hashable {
    let name: String

    /// At the oldest message there is. Nothing is skipped.
    public static let earliest = KafkaAutoOffsetReset(name: "earliest")
    /// Behind the newest message. What is already there is skipped.
    public static let latest = KafkaAutoOffsetReset(name: "latest")
    /// Nowhere: the loop throws an error with code `.autoOffsetReset` that names the partition, and the offset that was asked for
    /// with what the log has. Other partitions go on in the next loop, this one after a seek.
    public static let error = KafkaAutoOffsetReset(name: "error")
}

extension KafkaAutoOffsetReset: CustomStringConvertible {
    /// The name: `earliest`.
    public var description: String { name }
}
