/// A place in a partition's log.
///
/// ```swift
/// try await consumer.seek(partition, to: .beginning)
/// try await consumer.seek(partition, to: .tail(100))
/// ```
///
/// Places other than an offset are looked up when they are needed: what comes later does not move them.
public struct KafkaOffsetSpecification: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case beginning
        case end
        case offset(Int64)
        case tail(Int64)
        case timestamp(Int64)
        case committed
    }

    let kind: Kind

    /// The oldest message.
    public static let beginning = KafkaOffsetSpecification(kind: .beginning)

    /// Behind the newest message that the consumer may read, see ``KafkaWatermarks/high``.
    public static let end = KafkaOffsetSpecification(kind: .end)

    /// Where the group has committed that it goes on; without that, where the configuration's `autoOffsetReset` says.
    public static let committed = KafkaOffsetSpecification(kind: .committed)

    /// The message with this offset, or the next one there is. Where the log has nothing of it any more, or not yet, the
    /// configuration's `autoOffsetReset` decides as soon as the partition is read.
    ///
    /// - Parameter offset: from 0.
    public static func offset(_ offset: Int64) -> KafkaOffsetSpecification {
        KafkaOffsetSpecification(kind: .offset(offset))
    }

    /// So many offsets before the end, or the beginning if there are not as many. Markers of transactions, and what compaction has
    /// removed, count.
    ///
    /// - Parameter count: from 0, which is the end.
    public static func tail(_ count: Int64) -> KafkaOffsetSpecification {
        KafkaOffsetSpecification(kind: .tail(count))
    }

    /// The first message that is not older, by its timestamp; the end if all are older.
    ///
    /// - Parameter timestamp: from 1970; its kind is not looked at, the topic's is.
    public static func timestamp(_ timestamp: KafkaTimestamp) -> KafkaOffsetSpecification {
        KafkaOffsetSpecification(kind: .timestamp(timestamp.millisecondsSince1970))
    }

    /// The message behind this one.
    public static func after(_ message: KafkaMessage) -> KafkaOffsetSpecification {
        .offset(message.offset + 1)
    }

    func check(_ partition: KafkaTopicPartition) throws(KafkaError) {
        try partition.check()
        switch kind {
        case .offset(let number) where number < 0, .tail(let number) where number < 0,
            .timestamp(let number) where number < 0:
            throw KafkaError(.invalidArgument, "\(self) is no place in a log: numbers begin with 0").at(partition)
        default: break
        }
    }
}

extension KafkaOffsetSpecification: CustomStringConvertible {
    /// The place: `tail(100)`.
    public var description: String {
        switch kind {
        case .beginning: "beginning"
        case .end: "end"
        case .committed: "committed"
        case .offset(let offset): "offset(\(offset))"
        case .tail(let count): "tail(\(count))"
        case .timestamp(let milliseconds): "timestamp(\(milliseconds))"
        }
    }
}
