/// An offset that a group commits for a partition, and a note of the application's beside it.
///
/// ```swift
/// let place = KafkaOffsetAndMetadata(offset: 1200, metadata: "import of Monday")
/// try await consumer.commit([KafkaTopicPartition(topic: "orders", partition: 0): place])
/// ```
public struct KafkaOffsetAndMetadata: Sendable, Hashable {
    /// The offset that is read next: one behind the last processed message.
    public var offset: Int64
    /// Anything the application likes; nil and an empty text are the same. A broker takes 4,096 bytes by default (its
    /// `offset.metadata.max.bytes`).
    ///
    /// In what `committed` returns, it may be another program's: it is not interpreted, and bytes that are no UTF-8 are
    /// replaced by U+FFFD. A NUL character ends it (librdkafka keeps no more).
    public var metadata: String?

    /// An offset, with or without metadata.
    ///
    /// - Parameters:
    ///   - offset: the offset that is read next.
    ///   - metadata: a note, without NUL characters; nil for none.
    public init(offset: Int64, metadata: String? = nil) {
        self.offset = offset
        self.metadata = metadata
    }
}
