/// What a producer has done by the time it was closed.
public struct KafkaProducerCloseReport: Sendable, Hashable {
    /// Records that the cluster has acknowledged, since the producer was made.
    public let delivered: Int
    /// Records that failed; each one's sender, or its pending delivery, has the error.
    public let failed: Int
    /// Records that were neither acknowledged nor had failed when the time limit passed. Their senders get an error that says
    /// whether the record may be in the topic.
    public let unsent: Int
}
