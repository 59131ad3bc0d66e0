extension KafkaConnectionConfiguration {
    /// What becomes of whatever waits for brokers while all of them refuse the client: for its password, its certificate, or because one
    /// speaks TLS and the other does not.
    ///
    /// librdkafka itself goes on trying, and says nothing.
    public struct Refusal: Sendable, Hashable, CustomStringConvertible {
        /// nil: never.
        let limit: Duration?

        /// It fails once all brokers that were tried have refused for 10 s.
        public static let fail = fail(after: .seconds(10))

        /// What waits fails with the cause once all brokers that were tried have refused for that long: records in the queue, senders that
        /// wait for room, loops, commits, calls of an admin client, transactions about to begin. What comes later fails within the same
        /// time. The client goes on trying to connect, and as soon as a broker takes it all is as before.
        ///
        /// A broker that is not there does not refuse: as long as there is one, all waits as it does without a refusal.
        ///
        /// - Parameter limit: up to 24 hours.
        public static func fail(after limit: Duration) -> Refusal {
            Refusal(limit: limit)
        }

        /// It waits, up to the time limits that there are: for programs whose credentials are put right while they run.
        public static let keepRetrying = Refusal(limit: nil)

        /// The name, with its time limit.
        public var description: String { limit.map { "fail(after: \($0))" } ?? "keepRetrying" }
    }
}
