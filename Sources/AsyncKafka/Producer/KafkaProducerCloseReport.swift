/// What a producer has done by the time it was closed.
public struct KafkaProducerCloseReport: Sendable, Hashable {
    /// Records that the cluster has acknowledged, since the producer was made.
    public let delivered: Int
    /// Records that failed; each one's sender, or its pending delivery, has the error.
    public let failed: Int
    /// Records that were neither acknowledged nor had failed when the time limit passed. Their senders get an error that says
    /// whether the record may be in the topic.
    public let unsent: Int
    /// Of the failed records, those whose pending delivery nobody had awaited by then. Each is logged once its pending delivery
    /// is dropped.
    public let unobservedFailures: Int

    init(delivered: Int, failed: Int, unsent: Int, unobservedFailures: Int = 0) {
        self.delivered = delivered
        self.failed = failed
        self.unsent = unsent
        self.unobservedFailures = unobservedFailures
    }
}
