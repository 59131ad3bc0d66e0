/// A client's statistics, as they come: the newest wins, and says how many there were before it that nobody read.
///
/// They are decoded in the task that reads, so that those that nobody asks for cost next to nothing. The sequence ends when the
/// client is closed, or when the task that reads is cancelled.
public struct KafkaStatisticsReports: AsyncSequence, Sendable {
    /// The figures of one moment.
    public typealias Element = KafkaStatistics
    /// The error of a misuse.
    public typealias Failure = KafkaError

    let buffer: StatisticsBuffer
    /// The consumer, which its sequences hold.
    var owner: (any Sendable)?

    /// A loop over the statistics. One loop at a time: a second one that is alive beside it throws `alreadyIterating`.
    public func makeAsyncIterator() -> Iterator {
        Iterator(buffer: buffer, owner: owner)
    }

    /// One loop over the statistics.
    public struct Iterator: AsyncIteratorProtocol {
        private let buffer: StatisticsBuffer
        private let claim: ReaderClaim<StatisticsQueue>
        private let owner: (any Sendable)?

        init(buffer: StatisticsBuffer, owner: (any Sendable)?) {
            self.buffer = buffer
            self.owner = owner
            claim = buffer.makeClaim()
        }

        /// The next statistics.
        ///
        /// Suspends until there are some that were not read: a `statisticsInterval` at most.
        ///
        /// ## Cancellation
        /// Returns nil and loses nothing.
        ///
        /// - Returns: nil when the client is closed or the task is cancelled.
        /// - Throws: `invalidState` if no `statisticsInterval` is set; `alreadyIterating`.
        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(KafkaError) -> KafkaStatistics? {
            try await buffer.next(claim)
        }
    }
}

extension KafkaConsumer {
    /// The consumer's figures, once in each `statisticsInterval` of its configuration: connections, queues, lag.
    ///
    /// ```swift
    /// for try await statistics in consumer.statistics {
    ///     print(statistics.brokers.count { $0.state == "UP" }, statistics.group?.joinState ?? "")
    /// }
    /// ```
    public var statistics: KafkaStatisticsReports { KafkaStatisticsReports(buffer: core.statistics, owner: self) }
}

extension KafkaProducer {
    /// The producer's figures, once in each `statisticsInterval` of its configuration: connections, queues, latencies.
    ///
    /// The sequence does not keep the producer alive.
    ///
    /// ```swift
    /// for try await statistics in producer.statistics {
    ///     print(statistics.queuedRecords ?? 0, statistics.brokers.compactMap { $0.roundTripTime?.p99 })
    /// }
    /// ```
    public var statistics: KafkaStatisticsReports { KafkaStatisticsReports(buffer: core.statistics) }
}
