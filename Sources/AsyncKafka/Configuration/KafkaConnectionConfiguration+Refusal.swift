extension KafkaConnectionConfiguration {
    /// What becomes of whatever waits for brokers while all of them refuse the client: for its password, its certificate, or because one
    /// speaks TLS and the other does not.
    ///
    /// librdkafka itself goes on trying, and says nothing.
    public struct Refusal: Sendable, Hashable, CustomStringConvertible {
        /// nil: never.
        let limit: Duration?
        /// Where nothing but closed connections speaks for it.
        let limitWhenClosed: Duration?

        private init(_ limit: Duration?, whenClosed: Duration?) {
            self.limit = limit
            limitWhenClosed = whenClosed
        }

        /// It fails once all brokers that were tried have refused for 10 s; for 60 s where all that there is to see is that connections are
        /// closed before a broker has ever served the client.
        ///
        /// So a port looks that wants TLS or a login, and one that is forwarded to a broker that has yet to start.
        /// ``KafkaProducer/connect(timeout:)`` tells both at once.
        public static let fail = Refusal(.seconds(10), whenClosed: .seconds(60))

        /// What waits fails with the cause once all brokers that were tried have refused for that long, whatever speaks for it: records in the queue, senders that
        /// wait for room, loops, commits, calls of an admin client, transactions about to begin. What comes later fails within the same
        /// time. The client goes on trying to connect, and as soon as a broker takes it all is as before.
        ///
        /// A broker that is not there does not refuse: as long as there is one, all waits as it does without a refusal.
        ///
        /// - Parameter limit: up to 24 hours.
        public static func fail(after limit: Duration) -> Refusal {
            Refusal(limit, whenClosed: limit)
        }

        /// It waits, up to the time limits that there are: for programs whose credentials are put right while they run.
        public static let keepRetrying = Refusal(nil, whenClosed: nil)

        /// The name, with its time limit.
        public var description: String {
            guard let limit else { return "keepRetrying" }
            return limit == limitWhenClosed ? "fail(after: \(limit))" : "fail"
        }
    }
}
