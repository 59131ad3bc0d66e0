/// How far a consumer is behind the end of a partition.
public struct KafkaPartitionLag: Sendable, Hashable {
    /// The partition.
    public let topicPartition: KafkaTopicPartition
    /// The offset from which the loop goes on: one behind the message that it was given last; before the first, the committed offset.
    /// Nil if there is none.
    public let position: Int64?
    /// The high watermark: one behind the last record that all replicas in sync have. Nil if no broker said.
    public let endOffset: Int64?
    /// How many offsets lie between the two; nil if the end is not known. Without a position it counts from where
    /// `autoOffsetReset` has the consumer begin.
    public let lag: Int64?
}

extension KafkaPartitionLag: CustomStringConvertible {
    /// `orders[2]: 17 behind`.
    public var description: String {
        "\(topicPartition): \(lag.map { "\($0) behind" } ?? "unknown")"
    }
}

extension KafkaConsumer {
    /// How far this consumer is behind, for each assigned partition; sorted.
    ///
    /// ```swift
    /// let lag = try await consumer.lag().reduce(0) { $0 + ($1.lag ?? 0) }
    /// ```
    ///
    /// It counts offsets that the loop was not given yet, whether they are fetched or not; Kafka's group tool counts from what is
    /// committed instead. The end is that of the last fetch: while the consumer keeps up it is `fetch.maxWait` old at most, and older
    /// while no room is left for more messages, or the partition is paused. Records of transactions that are still open count, and so do
    /// offsets without a record: compacted ones, and the markers of transactions until they are passed.
    ///
    /// Suspends only for partitions from which nothing was fetched yet: their leaders are asked, for 5 s at most altogether.
    ///
    /// ## Cancellation
    /// Has no effect: it ends by its time limit.
    ///
    /// - Throws: `clientClosed`.
    public func lag() async throws(KafkaError) -> [KafkaPartitionLag] {
        try await core.lag()
    }

    /// The lag of all assigned partitions, now and whenever it has changed, looked at once in `interval`.
    ///
    /// Nothing is looked at while nobody asks for the next value. Each loop has its own values; there may be several.
    ///
    /// ```swift
    /// for try await partitions in consumer.lagUpdates(every: .seconds(10)) {
    ///     for partition in partitions { print(partition) }
    /// }
    /// ```
    ///
    /// - Parameter interval: how often to look, 10 ms at least.
    public func lagUpdates(every interval: Duration = .seconds(5)) -> KafkaLagUpdates {
        KafkaLagUpdates(core: core, owner: self, interval: max(interval, .milliseconds(10)))
    }
}

/// A consumer's lag, whenever it has changed. It ends when the consumer is closed, or when the task that reads is cancelled.
public struct KafkaLagUpdates: AsyncSequence, Sendable {
    /// The lag of all assigned partitions; sorted.
    public typealias Element = [KafkaPartitionLag]
    /// Never thrown: a closed consumer ends the sequence.
    public typealias Failure = KafkaError

    let core: ConsumerCore
    let owner: KafkaConsumer
    let interval: Duration

    /// A loop over the changes.
    public func makeAsyncIterator() -> Iterator {
        Iterator(core: core, owner: owner, interval: interval)
    }

    /// One loop over the changes.
    public struct Iterator: AsyncIteratorProtocol {
        let core: ConsumerCore
        let owner: KafkaConsumer
        let interval: Duration
        private var last: [KafkaPartitionLag]?
        private var lookedAt: ContinuousClock.Instant?

        init(core: ConsumerCore, owner: KafkaConsumer, interval: Duration) {
            self.core = core
            self.owner = owner
            self.interval = interval
        }

        /// The next lag that differs from the one before. The first comes at once.
        ///
        /// Suspends until it has changed, looking once in the interval.
        ///
        /// ## Cancellation
        /// Returns nil.
        ///
        /// - Returns: nil when the consumer is closed or the task is cancelled.
        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(KafkaError) -> [KafkaPartitionLag]? {
            while !Task.isCancelled {
                if let lookedAt { await core.waitForAlarm(at: lookedAt + interval) }
                guard !Task.isCancelled else { break }
                lookedAt = .now
                let lag: [KafkaPartitionLag]
                do throws(KafkaError) {
                    lag = try await core.lag()
                } catch {
                    // Closed.
                    return nil
                }
                if lag != last {
                    last = lag
                    return lag
                }
            }
            return nil
        }
    }
}
