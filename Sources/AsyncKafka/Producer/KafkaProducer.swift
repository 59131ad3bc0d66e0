import RdKafka

/// Sends records to Kafka.
///
/// Make one, share it between tasks, close it. `send` returns when the cluster has acknowledged the record; many tasks that send
/// at once share requests by themselves, so there is no batching to be tuned.
///
/// ```swift
/// let producer = try KafkaProducer(KafkaProducerConfiguration(bootstrapServers: ["localhost:9092"]))
/// let delivery = try await producer.send(KafkaRecord(topic: "orders", key: "42", value: "paid"))
/// print(delivery.partition, delivery.offset ?? -1)
/// await producer.close()
/// ```
///
/// By default it is idempotent and waits for all in-sync replicas: what was acknowledged is there once, in order. Records with a
/// key go to the partition that the Java client would choose.
///
/// A producer that is released without `close()` gives up what is still unsent and logs how much that was.
public final class KafkaProducer: Sendable {
    let core: ProducerCore
    private let closeTimeout: Duration

    /// Makes a producer. Checks the whole configuration; starts, and does not wait for a broker.
    ///
    /// - Throws: `invalidConfiguration` with a sentence that says what to change.
    public init(_ configuration: KafkaProducerConfiguration) throws(KafkaError) {
        core = try ProducerCore(configuration)
        closeTimeout = configuration.closeTimeout
    }

    deinit {
        core.abandon()
    }

    /// librdkafka's name of this client, as in its log lines: `async-kafka#producer-1`.
    public var name: String { core.log.clientName }

    /// Sends a record and waits until the cluster has acknowledged it.
    ///
    /// Suspends until this record's outcome is known, which is no later than the configured delivery timeout after it was queued.
    /// Awaited records do not wait for the linger: a lone record leaves at once, and under load a request carries what gathered
    /// during the last round trip.
    ///
    /// ```swift
    /// let delivery = try await producer.send(KafkaRecord(topic: "orders", key: "42", value: "paid"))
    /// ```
    ///
    /// It runs on its caller's actor, which is free while it waits; a custom partitioner is asked there, too.
    ///
    /// ## Backpressure
    /// While the queue is full (`KafkaProducerConfiguration.Queue`) it first waits for room, first come first served.
    ///
    /// ## Ordering
    /// Records that one task sends one after another to a partition keep their order.
    ///
    /// ## Cancellation
    /// While the record still waits for room it is not sent, and the error says so: code `.cancelled`, persistence
    /// `.notPersisted`. Once queued, cancelling ends the wait, not the delivery: code `.cancelled`, persistence
    /// `.possiblyPersisted`, and `pendingDelivery` still resolves.
    ///
    /// - Parameters:
    ///   - record: what to send.
    ///   - context: a value of the caller's own that comes back with the record's report in ``deliveryReports``.
    /// - Returns: Partition, offset and timestamp of the record.
    /// - Throws: `queueFull` when `queue.waitLimit` has passed without room; `deliveryTimedOut`, with the last connection problem
    ///   as its cause if there was one in that time; at once
    ///   `messageTooLarge` (or as soon as the broker has said so), `invalidTopic`, `unknownPartition` and
    ///   `topicAuthorizationFailed`; after `unknownTopicTimeout` `unknownTopic`; after 10 s
    ///   `authentication` and the others of ``connect(timeout:)`` if all brokers refuse the client; `notEnoughReplicas` once `retry.maxRetries` is used up;
    ///   `cancelled`; `clientClosed`; `fatal` when this producer can send no more; `invalidState` for a producer with a
    ///   `transactionalID`, which sends in transactions alone. `persistence` says whether the record may be in the topic all the
    ///   same.
    @discardableResult
    public nonisolated(nonsending) func send(
        _ record: KafkaRecord,
        context: (any Sendable)? = nil
    ) async throws(KafkaError) -> KafkaDelivery {
        try await core.send(record, context: context)
    }

    /// Sends now what is queued, whatever the linger, and waits until each of those records has its outcome.
    ///
    /// Suspends until every record that was in the queue when it was called is delivered or has failed, at most for `timeout`.
    /// Records that come later are not waited for.
    ///
    /// ## Cancellation
    /// Ends the wait, not the deliveries.
    ///
    /// - Parameter timeout: how long to wait at most.
    /// - Returns: how many of the records are still without an outcome; zero unless the time ran out.
    /// - Throws: `cancelled`, `clientClosed`; `fatal` if the producer has failed for good, before or meanwhile.
    @discardableResult
    public func flush(timeout: Duration = .seconds(30)) async throws(KafkaError) -> Int {
        try await core.flush(deadline: .after(timeout))
    }

    /// Sends what is queued, then ends the client.
    ///
    /// New records are refused from now on with `clientClosed`, and so are those that wait for room. Suspends until every queued
    /// record has its outcome, at most for `timeout`; what is left then is given up, and its senders get an error that says
    /// whether the record may be in the topic. Closing again returns the same report. An open transaction is waited for as well; as it
    /// can send no more, it usually aborts.
    ///
    /// ## Cancellation
    /// Has no effect: closing ends by its time limit.
    ///
    /// - Parameter timeout: how long to wait at most; nil is the configuration's `closeTimeout`.
    /// - Returns: what was delivered, what failed, what is unsent.
    @discardableResult
    public func close(timeout: Duration? = nil) async -> KafkaProducerCloseReport {
        let deadline = ContinuousClock.Instant.after(timeout ?? closeTimeout)
        core.refuseSenders(.clientClosed)
        core.transactions?.close(.clientClosed, deadline: deadline)
        let report = await core.close(deadline: deadline)
        await core.log.settle(until: deadline)
        return report
    }

    /// What the close has left behind; nil if it has left nothing.
    func unfinished(_ report: KafkaProducerCloseReport) -> KafkaError? {
        guard report.unsent > 0 else { return nil }
        return KafkaError(.unsent, "the producer was closed with \(report.unsent) records unsent").causedBy(
            core.hindrance
        )
    }

    func logUnfinished(_ report: KafkaProducerCloseReport) {
        if let error = unfinished(report) { core.log.log(.error, "UNSENT", "\(error)") }
    }
}

/// Makes a producer, hands it to `body`, and closes it on every way out: return, throw and cancellation.
///
/// ```swift
/// try await withKafkaProducer(configuration) { producer in
///     try await producer.send(KafkaRecord(topic: "orders", value: "paid"))
/// }
/// ```
///
/// Suspends until `body` has ended and the producer is closed, which takes at most the configuration's `closeTimeout`.
///
/// ## Cancellation
/// Cancels what `body` awaits; the close is not cancelled, so that what was queued still leaves.
///
/// - Returns: what `body` returns.
/// - Throws: what `body` throws; `unsent` if `body` returned but the close left records unsent, with what held them up as its
///   `underlyingError` if that is known; `invalidConfiguration`.
public func withKafkaProducer<Result>(
    _ configuration: KafkaProducerConfiguration,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (KafkaProducer) async throws -> Result
) async throws -> Result {
    let producer = try KafkaProducer(configuration)
    let result: Result
    do {
        result = try await body(producer)
    } catch {
        producer.logUnfinished(await Task { await producer.close() }.value)
        throw error
    }
    // A task of its own, so that cancellation does not reach it.
    let report = await Task { await producer.close() }.value
    if let error = producer.unfinished(report) { throw error }
    return result
}
