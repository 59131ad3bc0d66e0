/// Where a partition's log begins and ends.
public struct KafkaWatermarks: Sendable, Hashable {
    /// The offset of the oldest message.
    public var low: Int64
    /// The offset that the next message will have, as far as the consumer may read: under `.readCommitted` that of the first open
    /// transaction (the last stable offset), else one behind the newest message that is replicated (the high watermark).
    public var high: Int64

    /// A log's beginning and end.
    public init(low: Int64, high: Int64) {
        self.low = low
        self.high = high
    }

    /// `0..<100`.
    var range: String { "\(low)..<\(high)" }
}
