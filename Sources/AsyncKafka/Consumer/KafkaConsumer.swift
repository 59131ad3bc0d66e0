import RdKafka
import Synchronization

/// Reads messages from Kafka as a member of a consumer group.
///
/// ```swift
/// let configuration = KafkaConsumerConfiguration(bootstrapServers: ["localhost:9092"], groupID: "billing")
/// try await withKafkaConsumer(configuration, subscribingTo: ["orders"]) { consumer in
///     for try await message in consumer.messages {
///         try await handle(message)
///     }
/// }
/// ```
///
/// A message counts as processed when the next one is asked for, and processed messages are committed in the background, before a
/// partition is handed to another member, and when the consumer is closed: what was not processed is never committed
/// (`KafkaOffsetPolicy.afterProcessing`). `commit(_:)` commits at once and waits for it.
///
/// A consumer that is released without `close()` leaves its group, waits for no commit, and logs that. Its sequences hold it.
public final class KafkaConsumer: Sendable {
    let core: ConsumerCore
    private let closeTimeout: Duration
    let lastCommit = Atomic<UInt64>(0)

    /// Makes a consumer. Checks the whole configuration; starts, and does not wait for a broker.
    ///
    /// - Throws: `invalidConfiguration` with a sentence that says what to change.
    public init(_ configuration: KafkaConsumerConfiguration) throws(KafkaError) {
        core = try ConsumerCore(configuration)
        closeTimeout = configuration.closeTimeout
        core.owner.withLock { $0.consumer = self }
    }

    deinit {
        core.abandon()
    }

    /// librdkafka's name of this client, as in its log lines: `async-kafka#consumer-1`.
    public var name: String { core.log.clientName }

    /// Joins the group to read these topics. Replaces an earlier subscription: what it does not name any more is given back as in
    /// a rebalance.
    ///
    /// Suspends until librdkafka has taken it, not until partitions are assigned: `events` tells that. Topics that a regular
    /// expression matches later join within `connection.metadataRefreshInterval`.
    ///
    /// Under `.cooperativeSticky` librdkafka may take partitions of a topic that is not named any more for lost, as if the topic were
    /// gone: what was processed and is not committed by then comes again. `commitMarked()` before avoids that.
    ///
    /// - Parameter topics: names; one that begins with `^` is a regular expression.
    /// - Throws: `clientClosed`; `invalidArgument` for an empty or impossible name; `invalidState` without a group, and while partitions
    ///   are assigned by hand; `fatal`.
    public func subscribe(to topics: [String]) async throws(KafkaError) {
        try await core.subscribe(topics)
    }

    /// The messages of the assigned partitions, in the order of each partition.
    ///
    /// They are drawn as they are asked for; librdkafka keeps the backlog, within the configured budget. One loop at a time.
    ///
    /// A loop that waits while all brokers refuse the client throws why, with the codes of ``connect(timeout:)``, once that has lasted for
    /// `connection.refusal`. It may be begun again, and goes on when the brokers take the client.
    public var messages: KafkaMessages { KafkaMessages(core: core, owner: self) }

    /// What happens besides messages: partitions come and go, brokers fail. Kept from the start, up to 1,000.
    public var events: KafkaConsumerEvents { KafkaConsumerEvents(core: core, owner: self) }

    /// The partitions that the group has given this consumer; sorted.
    public var assignment: [KafkaTopicPartition] {
        get async { await core.assigned.keys.sorted() }
    }

    /// Stops delivering, commits what is processed, leaves the group, and ends the client.
    ///
    /// Suspends until the message in hand, one of each stream, is done with (the next `next()`, or the end of its loop), the commits are acknowledged
    /// and the group knows, at most for `timeout`. Called from within the loop's body it does not wait for that message. Loops
    /// over `messages`, `partitions` and `events` end. Closing again returns the same report. What could not be done by then goes on behind
    /// the scenes, without the application.
    ///
    /// ## Cancellation
    /// Has no effect: closing ends by its time limit.
    ///
    /// - Parameter timeout: how long to wait at most; nil is the configuration's `closeTimeout`.
    /// - Returns: what is uncommitted, and whether the group knows.
    @discardableResult
    public func close(timeout: Duration? = nil) async -> KafkaConsumerCloseReport {
        let deadline = ContinuousClock.Instant.after(timeout ?? closeTimeout)
        let report = await core.close(deadline: deadline, task: currentTaskIdentity())
        await core.log.settle(until: deadline)
        return report
    }

    var isClosing: Bool {
        get async { await core.isClosed }
    }

    /// What the close has left behind; nil if it has left nothing.
    var unfinished: KafkaError? { core.unfinished.withLock { $0 } }
}

/// Makes a consumer, subscribes it, hands it to `body`, and closes it on every way out: return, throw and cancellation.
///
/// ```swift
/// try await withKafkaConsumer(configuration, subscribingTo: ["orders"]) { consumer in
///     for try await message in consumer.messages {
///         try await handle(message)
///         try await consumer.commit(message)
///     }
/// }
/// ```
///
/// Suspends until `body` has ended and the consumer is closed, which takes at most the configuration's `closeTimeout`.
///
/// ## Cancellation
/// Ends loops over `messages`; the close is not cancelled, so that what was processed is committed.
///
/// - Returns: what `body` returns.
/// - Throws: what `body` throws; `uncommitted` if `body` returned but the close left processed messages uncommitted, with what held up
///   the commits as its `underlyingError` if that is known; `invalidConfiguration`.
public func withKafkaConsumer<Result>(
    _ configuration: KafkaConsumerConfiguration,
    subscribingTo topics: [String],
    isolation: isolated (any Actor)? = #isolation,
    _ body: (KafkaConsumer) async throws -> Result
) async throws -> Result {
    try await withKafkaConsumer(configuration, prepare: { try await $0.subscribe(to: topics) }, body)
}

func withKafkaConsumer<Result>(
    _ configuration: KafkaConsumerConfiguration,
    prepare: (KafkaConsumer) async throws -> Void,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (KafkaConsumer) async throws -> Result
) async throws -> Result {
    let consumer = try KafkaConsumer(configuration)
    let result: Result
    do {
        try await prepare(consumer)
        result = try await body(consumer)
    } catch {
        _ = await Task { await consumer.close() }.value
        if let unfinished = consumer.unfinished { consumer.core.log.log(.error, "UNCOMMITTED", "\(unfinished)") }
        throw error
    }
    // A task of its own, so that cancellation does not reach it.
    _ = await Task { await consumer.close() }.value
    if let error = consumer.unfinished { throw error }
    return result
}
