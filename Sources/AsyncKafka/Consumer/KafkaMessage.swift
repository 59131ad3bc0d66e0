import RdKafka

/// A record that was read from Kafka.
///
/// It owns its bytes. Those of small messages share storage with a few neighbours; `copy()` gives one that does not, for what is
/// kept long.
public struct KafkaMessage: Sendable {
    private let origin: MessageOrigin
    private let milliseconds: Int64
    private let timestampKind: RawMessage.TimestampKind
    /// The offset within its partition.
    public let offset: Int64
    /// The key; nil if the record has none.
    public let key: KafkaBytes?
    /// The value; nil is a tombstone.
    public let value: KafkaBytes?
    /// The headers, in order.
    public let headers: KafkaHeaders

    var epoch: PartitionEpoch { origin.epoch }

    /// The topic it was read from.
    public var topic: String { epoch.topicPartition.topic }

    /// The partition it was read from.
    public var partition: Int { epoch.topicPartition.partition }

    /// Topic and partition in one.
    public var topicPartition: KafkaTopicPartition { epoch.topicPartition }

    /// When the record was made, or appended to the log; nil if the topic does not say.
    public var timestamp: KafkaTimestamp? {
        if milliseconds < 0 { return nil }
        return switch timestampKind {
        case .none: nil
        case .createTime: KafkaTimestamp(millisecondsSince1970: milliseconds, kind: .createTime)
        case .logAppendTime: KafkaTimestamp(millisecondsSince1970: milliseconds, kind: .logAppendTime)
        }
    }

    /// Whether the consumer still owns the partition as it did when this message was read: only then can it be committed.
    public var isCurrent: Bool { epoch.isCurrent }

    /// The same message in storage of its own, so that keeping it keeps no neighbour's bytes alive.
    public func copy() -> KafkaMessage {
        KafkaMessage(
            origin: MessageOrigin(epoch),
            offset: offset,
            timestamp: (milliseconds, timestampKind),
            key: key?.compacted(),
            value: value?.compacted(),
            headers: KafkaHeaders(headers.map { KafkaHeader($0.name, $0.value?.compacted()) })
        )
    }

    init(
        origin: MessageOrigin,
        offset: Int64,
        timestamp: (milliseconds: Int64, kind: RawMessage.TimestampKind),
        key: KafkaBytes?,
        value: KafkaBytes?,
        headers: KafkaHeaders
    ) {
        self.origin = origin
        self.offset = offset
        milliseconds = timestamp.milliseconds
        timestampKind = timestamp.kind
        self.key = key
        self.value = value
        self.headers = headers
    }

    init(_ message: borrowing RawMessage, origin: MessageOrigin, slabs: inout SlabAllocator) {
        var headers = KafkaHeaders()
        message.forEachHeader(&slabs) { name, value in
            headers.append(KafkaHeader(name, value.map { KafkaBytes($0) }))
        }
        self.init(
            origin: origin,
            offset: message.offset,
            timestamp: message.timestamp,
            key: message.key(&slabs).map { KafkaBytes($0) },
            value: message.value(&slabs).map { KafkaBytes($0) },
            headers: headers
        )
    }
}

extension KafkaMessage: CustomStringConvertible, CustomReflectable {
    /// Where it is and how large it is, never what is in it.
    public var description: String {
        "\(topicPartition)@\(offset) (key: \(key?.description ?? "none"), value: \(value?.description ?? "none"))"
    }

    /// Shows no bytes either.
    public var customMirror: Mirror { Mirror(self, children: ["description": description]) }
}
