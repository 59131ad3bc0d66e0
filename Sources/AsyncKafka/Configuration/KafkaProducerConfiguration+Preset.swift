extension KafkaProducerConfiguration {
    /// Changes the settings that the preset is made of, and no other; what is set afterwards wins.
    ///
    /// ```swift
    /// var configuration = KafkaProducerConfiguration(bootstrapServers: ["localhost:9092"])
    /// configuration.apply(.highestThroughput)
    /// configuration.compression = .zstd
    /// ```
    ///
    /// - Parameter preset: which settings to change.
    public mutating func apply(_ preset: Preset) {
        preset.change(&self)
    }

    /// Settings that serve one aim. The defaults stand between the two.
    ///
    /// None touches `acknowledgements`, `isIdempotent` or a timeout: what is promised stays the same. Records that are awaited by
    /// `send` need no preset: they leave at once when they are alone, and share requests under load, whatever the linger.
    public struct Preset: Sendable {
        let change: @Sendable (inout KafkaProducerConfiguration) -> Void

        /// Each record arrives as soon as it can.
        ///
        /// - `linger` is 1 ms: what nobody awaits waits no longer for company. Without any, records would leave one request each,
        ///   and under load wait for each other.
        /// - `compression` is off: it costs time on both ends.
        public static let lowestLatency = Preset { configuration in
            configuration.linger = .milliseconds(1)
            configuration.compression = .none
        }

        /// As many records as possible in a given time and over a given network, for bulk that is enqueued rather than awaited one
        /// by one.
        ///
        /// - `linger` is 50 ms and `batch.maxRecords` 100,000, so that batches fill up to `batch.maxBytes` even if records are
        ///   small or partitions many. Records without a key stay with a partition for 100 ms (`stickyPartitioningLinger`).
        /// - `compression` is LZ4, the cheapest codec for the processor: fewer bytes for the network and the brokers' disks.
        ///
        /// The queue's limits stay as they are. What bounds the memory is `queue.maxRecords` for small records, as each costs a few
        /// hundred bytes besides its own, and `queue.maxBytes` for large ones.
        public static let highestThroughput = Preset { configuration in
            configuration.linger = .milliseconds(50)
            configuration.batch.maxRecords = 100_000
            configuration.compression = .lz4
        }
    }
}
