/// Whether librdkafka has forgotten all brokers, and will do nothing about it. A plain value of the client's thread.
///
/// From 2.10 on, brokers that an answer does not name are forgotten (rdkafka_metadata.c,
/// `rd_kafka_metadata_decommission_unavailable_brokers`), and an answer with topics may name none: so says a node while all brokers are
/// fenced. Then librdkafka begins anew with the bootstrap servers, at once, or never: as it has read such an answer it stops the timer for that,
/// and without a broker it asks nobody (confluentinc/librdkafka#5301; 2.16 too). Nothing tells.
struct BrokerLoss {
    typealias Instant = ContinuousClock.Instant

    /// How long librdkafka has for it. In an outage it begins anew 20 times a second, and knows no broker in between.
    static let patience = Duration.seconds(1)

    /// When it is to be helped; nil while it knows a broker.
    private(set) var deadline: Instant?
    private var learned = 0

    /// - Parameters:
    ///   - known: how many brokers it knows now.
    ///   - learned: how many it has come to know since it began.
    /// - Returns: whether it has come to know none for too long.
    mutating func look(known: Int, learned: Int, now: Instant) -> Bool {
        guard known == 0, learned > 0 else {
            deadline = nil
            return false
        }
        guard let deadline, learned == self.learned else {
            self.learned = learned
            deadline = now + Self.patience
            return false
        }
        guard now >= deadline else { return false }
        self.deadline = now + Self.patience
        return true
    }
}
