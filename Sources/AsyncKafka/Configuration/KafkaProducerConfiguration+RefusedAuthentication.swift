extension KafkaProducerConfiguration {
    /// What becomes of records while all brokers refuse the producer's credentials.
    ///
    /// librdkafka itself goes on trying, and records fail by the delivery timeout alone.
    public struct RefusedAuthentication: Sendable, Hashable, CustomStringConvertible {
        /// nil: for ever.
        let limit: Duration?

        /// Records fail once all brokers that were tried have refused for 10 s.
        public static let failRecords = failRecords(after: .seconds(10))

        /// Records fail, with code `authentication` and the broker's answer as the cause, once all brokers that were tried have
        /// refused for that long. Later records fail within the same time; the client goes on trying to connect, and as soon as
        /// a record is acknowledged all is as before.
        ///
        /// A broker that cannot be reached may not refuse: as long as there is one, records wait.
        ///
        /// - Parameter limit: up to 24 hours.
        public static func failRecords(after limit: Duration) -> RefusedAuthentication {
            RefusedAuthentication(limit: limit)
        }

        /// Records wait for the delivery timeout: for programs whose credentials are put right while they run.
        public static let keepRetrying = RefusedAuthentication(limit: nil)

        /// The name, with its time limit.
        public var description: String { limit.map { "failRecords(after: \($0))" } ?? "keepRetrying" }
    }
}
