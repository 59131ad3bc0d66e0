/// Whether a consumer gets on: what a liveness probe asks.
public struct KafkaConsumerHealth: Sendable, Hashable {
    /// The assigned partitions; sorted.
    public let partitions: [Partition]
    /// Whether no broker can be reached now (``KafkaConsumerEvent/Kind/allBrokersDown``). Restarting the program does not help then.
    public let areAllBrokersDown: Bool
    /// Whether messages can still be read: false once `messages` has thrown, or is about to, and when the consumer is closed.
    public let isOpen: Bool

    /// How one partition gets on.
    public struct Partition: Sendable, Hashable {
        /// How far behind it is.
        public let lag: KafkaPartitionLag
        /// For how long there has been more to read although the loop has not gone on, as far as calls of
        /// ``KafkaConsumer/health()`` have seen it; zero if it has gone on since the last call, is not behind, or is paused.
        public let standstill: Duration
    }

    /// Whether there is no reason to restart the program: it can read, and no partition stands still for so long while brokers are
    /// there.
    ///
    /// - Parameter limit: longer than the handling of a message takes, than the time between two calls, and than transactions stay open.
    public func isProgressing(within limit: Duration) -> Bool {
        isOpen && (areAllBrokersDown || partitions.allSatisfy { $0.standstill < limit })
    }
}

extension KafkaConsumer {
    /// How the consumer gets on, for a liveness probe that calls it again and again.
    ///
    /// ```swift
    /// let isAlive = await consumer.health().isProgressing(within: .seconds(120))
    /// ```
    ///
    /// Asks no broker and suspends for the client's thread alone. A program that left its loop stands still as well. The
    /// message in hand is not behind the loop: what it takes does not show once nothing comes after it.
    ///
    /// What an open transaction holds back counts as more to read, as librdkafka's cache does not tell it from the rest: where others
    /// write in transactions, the limit has to be longer than these last (`transaction.timeout.ms` of their producers).
    public func health() async -> KafkaConsumerHealth {
        await core.health()
    }
}
