/// A record to be produced.
///
/// ```swift
/// let record = KafkaRecord(topic: "orders", key: "customer-1", value: "…", headers: ["trace": "4711"])
/// let removal = KafkaRecord(topic: "orders", key: "customer-1", value: nil)   // a tombstone
/// ```
public struct KafkaRecord: Sendable, Hashable {
    /// The topic it goes to.
    public var topic: String
    /// The partition it goes to; nil leaves it to the partitioner: the key's murmur2 hash as the Java client computes it, by
    /// default, or any partition if there is no key.
    public var partition: Int?
    /// The key; nil is none, which is not the same as an empty key.
    public var key: KafkaBytes?
    /// The value; nil is a tombstone, which is not the same as an empty value.
    public var value: KafkaBytes?
    /// The headers, in order.
    public var headers: KafkaHeaders
    /// When the record was made, after the beginning of 1970; nil is now.
    public var timestamp: KafkaTimestamp?

    /// A record of bytes.
    public init(
        topic: String,
        partition: Int? = nil,
        key: KafkaBytes? = nil,
        value: KafkaBytes?,
        headers: KafkaHeaders = [],
        timestamp: KafkaTimestamp? = nil
    ) {
        self.topic = topic
        self.partition = partition
        self.key = key
        self.value = value
        self.headers = headers
        self.timestamp = timestamp
    }

    /// A record of text, as UTF-8.
    public init(
        topic: String,
        partition: Int? = nil,
        key: String? = nil,
        value: String,
        headers: KafkaHeaders = [],
        timestamp: KafkaTimestamp? = nil
    ) {
        self.init(
            topic: topic,
            partition: partition,
            key: key.map { KafkaBytes($0) },
            value: KafkaBytes(value),
            headers: headers,
            timestamp: timestamp
        )
    }

    /// Bytes of key, value and headers: what counts against the producer's credits.
    var size: Int {
        var size = (key?.count ?? 0) + (value?.count ?? 0)
        for header in headers { size += header.name.utf8.count + (header.value?.count ?? 0) }
        return size
    }
}
