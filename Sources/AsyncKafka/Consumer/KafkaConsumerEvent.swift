/// Something that happened to a consumer besides messages.
///
/// ```swift
/// for try await event in consumer.events {
///     switch event.kind {
///     case .assigned: print("now reading", event.partitions)
///     case .error: print(event.error?.description ?? "")
///     default: break
///     }
/// }
/// ```
public struct KafkaConsumerEvent: Sendable {
    /// What happened: an open set.
    public struct Kind: Sendable, Hashable, CustomStringConvertible {
        /// The kind's name.
        public let description: String

        /// The group has given this consumer `partitions`.
        public static let assigned = Kind(description: "assigned")
        /// The group has taken `partitions` back; what was processed is committed.
        public static let revoked = Kind(description: "revoked")
        /// `partitions` were lost by eviction from the group: another member may have read them already.
        public static let lost = Kind(description: "lost")
        /// There is nothing more to read now in `partitions`, up to `offset`. Only with `enable.partition.eof`.
        public static let endOfPartition = Kind(description: "endOfPartition")
        /// Something went wrong that does not end the consumer: `error`.
        public static let error = Kind(description: "error")
        /// Nobody read fast enough: `missedCount` events were dropped here, none of them an error unless there were nothing
        /// but errors.
        public static let missed = Kind(description: "missed")
    }

    /// What happened.
    public let kind: Kind
    /// The partitions that it happened to; sorted.
    public var partitions: [KafkaTopicPartition] = []
    /// The error of an `.error`.
    public var error: KafkaError?
    /// The offset of an `.endOfPartition`.
    public var offset: Int64?
    /// How many events are missing before the next one.
    public var missedCount = 0

    static func assigned(_ partitions: [KafkaTopicPartition]) -> Self {
        Self(kind: .assigned, partitions: partitions)
    }

    static func revoked(_ partitions: [KafkaTopicPartition]) -> Self {
        Self(kind: .revoked, partitions: partitions)
    }

    static func lost(_ partitions: [KafkaTopicPartition]) -> Self {
        Self(kind: .lost, partitions: partitions)
    }

    static func endOfPartition(_ partition: KafkaTopicPartition, offset: Int64) -> Self {
        Self(kind: .endOfPartition, partitions: [partition], offset: offset)
    }

    static func error(_ error: KafkaError) -> Self {
        Self(kind: .error, partitions: error.topicPartition.map { [$0] } ?? [], error: error)
    }

    static func missed(_ count: Int) -> Self {
        Self(kind: .missed, missedCount: count)
    }
}
