#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

extension KafkaConsumer {
    /// Asks for the first message of each partition that is not older than a date, by its timestamp: as with a ``KafkaTimestamp``.
    ///
    /// - Parameters:
    ///   - date: the time; what is finer than milliseconds is cut off.
    ///   - partitions: any partitions of the cluster.
    ///   - timeout: how long to wait for brokers at most.
    /// - Returns: the offsets; a partition in which all messages are older has none.
    /// - Throws: as the other one.
    public func offsets(
        for date: Date,
        in partitions: [KafkaTopicPartition],
        timeout: Duration = .seconds(30)
    ) async throws(KafkaError) -> [KafkaTopicPartition: Int64] {
        try await offsets(for: KafkaTimestamp(date), in: partitions, timeout: timeout)
    }
}

extension KafkaTimestamp {
    /// A date to the millisecond; what is finer is cut off.
    ///
    /// - Parameters:
    ///   - date: the time.
    ///   - kind: what it tells.
    public init(_ date: Date, kind: Kind = .createTime) {
        let milliseconds = (date.timeIntervalSince1970 * 1000).rounded(.down)
        // Far outside of what a date means to anyone, but nothing to trap for.
        let bounded = max(-9e18, min(9e18, milliseconds.isNaN ? 0 : milliseconds))
        self.init(millisecondsSince1970: Int64(bounded), kind: kind)
    }
}

extension KafkaOffsetSpecification {
    /// The first message that is not older than a date, by its timestamp; the end if all are older.
    ///
    /// - Parameter date: what is finer than milliseconds is cut off.
    public static func timestamp(_ date: Date) -> KafkaOffsetSpecification {
        .timestamp(KafkaTimestamp(date))
    }
}
