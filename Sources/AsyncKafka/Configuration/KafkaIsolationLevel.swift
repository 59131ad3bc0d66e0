/// Which messages of transactions a consumer sees: librdkafka's `isolation.level`.
public struct KafkaIsolationLevel: Sendable, Hashable {
    let name: String

    /// Those of committed transactions alone, up to the first transaction that is still open.
    public static let readCommitted = KafkaIsolationLevel(name: "read_committed")
    /// All, also those of transactions that are open or were aborted.
    public static let readUncommitted = KafkaIsolationLevel(name: "read_uncommitted")
}

extension KafkaIsolationLevel: CustomStringConvertible {
    /// librdkafka's name: `read_committed`.
    public var description: String { name }
}
