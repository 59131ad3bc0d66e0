/// Something that happened to a consumer besides messages.
///
/// ```swift
/// for try await event in consumer.events {
///     switch event.kind {
///     case .assigned: print("now reading", event.partitions)
///     case .error: print(event.error?.description ?? "")
///     default: break
///     }
/// }
/// ```
public struct KafkaConsumerEvent: Sendable {
    /// What happened: an open set.
    public struct Kind: Sendable, Hashable, CustomStringConvertible {
        /// The kind's name.
        public let description: String

        /// The group has given this consumer `partitions`.
        public static let assigned = Kind(description: "assigned")
        /// The group has taken `partitions` back; what was processed is committed.
        public static let revoked = Kind(description: "revoked")
        /// `partitions` were lost by eviction from the group: another member may have read them already.
        public static let lost = Kind(description: "lost")
        /// There is nothing more to read for now in `partitions`, up to `offset`; told again whenever the end is reached anew. Only with
        /// ``KafkaConsumerConfiguration/emitsPartitionEnd``.
        ///
        /// It has its place in the order of the messages: it is told when a loop asks for more than there is. The last messages before
        /// it may still be on their way to the loop.
        public static let endOfPartition = Kind(description: "endOfPartition")
        /// The subscription names a `topic` that does not exist, or that the cluster does not show to this client; or a pattern that
        /// matches none. `error` says what to check. The other topics go on, and this one joins when it is there: it is looked for
        /// half a second later and from then on ever more seldom, up to every 10 s; a pattern with each refresh of the metadata
        /// (`connection.metadataRefreshInterval`).
        ///
        /// Told once, until the topic was there meanwhile or the subscription changes.
        public static let missingTopic = Kind(description: "missingTopic")
        /// No broker can be reached any more: `error`. The client keeps trying.
        public static let allBrokersDown = Kind(description: "allBrokersDown")
        /// A broker serves this client again, after `.allBrokersDown`: it has answered a request behind its login.
        public static let brokersUp = Kind(description: "brokersUp")
        /// A `broker` holds this client back because of its quotas: `throttleTime`. Told at most every 10 s for a broker.
        public static let throttled = Kind(description: "throttled")
        /// Nobody has asked for the next message for `group.maxPollInterval`. `partitions` are those of the message or batch in hand,
        /// if there is one; what follows is said by `processingTimeoutAction`.
        public static let processingTimedOut = Kind(description: "processingTimedOut")
        /// Something went wrong that does not end the consumer: `error`, whose code tells what: the connection to a broker
        /// (`transport`, `resolve`), a broker that refuses the client (the codes of ``KafkaConsumer/connect(timeout:)``), a token that
        /// cannot be had (`tokenProviderFailed`), permission to read a topic (`topicAuthorizationFailed`,
        /// with the `topic`), the group, a partition. `autoOffsetReset` with `requestedOffset`: the log does not have that position, and
        /// reading goes on elsewhere, as the configuration's `autoOffsetReset` says.
        public static let error = Kind(description: "error")
        /// Nobody read fast enough: `missedCount` events were dropped here, none of them an error unless there were nothing
        /// but errors.
        public static let missed = Kind(description: "missed")
    }

    /// What happened.
    public internal(set) var kind: Kind
    /// The partitions that it happened to; sorted.
    public var partitions: [KafkaTopicPartition] = []
    /// What is wrong: of an `.error`, a `.missingTopic`, and `.allBrokersDown`. With a sentence that says what to check, where that
    /// is known.
    public var error: KafkaError?
    /// The topic that it is about: of a `.missingTopic`, and of an `.error` about one topic.
    public var topic: String?
    /// The broker of a `.throttled`: `localhost:9092`.
    public var broker: String?
    /// How long the broker of a `.throttled` has held back an answer, at most, since it was last told.
    public var throttleTime: Duration?
    /// The offset of an `.endOfPartition`.
    public var offset: Int64?
    /// How many events are missing before the next one.
    public var missedCount = 0

    static func assigned(_ partitions: [KafkaTopicPartition]) -> Self {
        Self(kind: .assigned, partitions: partitions)
    }

    static func revoked(_ partitions: [KafkaTopicPartition]) -> Self {
        Self(kind: .revoked, partitions: partitions)
    }

    static func lost(_ partitions: [KafkaTopicPartition]) -> Self {
        Self(kind: .lost, partitions: partitions)
    }

    static func endOfPartition(_ partition: KafkaTopicPartition, offset: Int64) -> Self {
        Self(kind: .endOfPartition, partitions: [partition], offset: offset)
    }

    static func error(_ error: KafkaError) -> Self {
        Self(kind: .error, partitions: error.topicPartition.map { [$0] } ?? [], error: error)
    }

    static func throttled(by broker: String, _ time: Duration) -> Self {
        Self(kind: .throttled, broker: broker, throttleTime: time)
    }

    static func missed(_ count: Int) -> Self {
        Self(kind: .missed, missedCount: count)
    }
}
