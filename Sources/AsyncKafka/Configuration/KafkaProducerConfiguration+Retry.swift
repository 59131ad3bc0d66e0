extension KafkaProducerConfiguration {
    /// How failed requests are tried again, within the delivery timeout.
    public struct Retry: Sendable, Hashable {
        /// How often a record whose request failed is sent again. Up to 2,147,483,647, which is the default: the delivery timeout
        /// decides alone. At least 1 with idempotence (`message.send.max.retries`).
        ///
        /// With a limit, the error is the broker's own (`notEnoughReplicas`) instead of `deliveryTimedOut`. Attempts that cannot
        /// have reached the log, as when the leader has moved, do not count.
        public var maxRetries = 2_147_483_647
        /// How long to wait before a request is sent again. 1 ms to 300 s, 100 ms by default (`retry.backoff.ms`).
        public var backoff: Duration = .milliseconds(100)
        /// The longest wait before a request is sent again: from librdkafka 2.3 on, waits double up to it. 1 ms to 300 s, 1 s by
        /// default, or `backoff` if that is longer (`retry.backoff.max.ms`).
        public var maxBackoff: Duration = .seconds(1)

        /// The defaults.
        public init() {}
    }
}
