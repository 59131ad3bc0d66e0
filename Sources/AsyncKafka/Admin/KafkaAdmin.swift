import RdKafka

/// Manages topics, configurations, groups, offsets, access rules and users of a cluster.
///
/// ```swift
/// try await withKafkaAdmin(KafkaAdminConfiguration(bootstrapServers: ["localhost:9092"])) { admin in
///     try await admin.createTopic(KafkaNewTopic(name: "orders", partitions: 6))
/// }
/// ```
///
/// A call about several things returns a result for each, by its name; those about one throw its error. What fails as a whole (no
/// broker, no permission to ask at all) is thrown.
///
/// ## Time limits
/// Each call takes at most its `timeout`, by default the configuration's `requestTimeout`, and then throws `timedOut`. A request
/// that was sent may be carried out all the same.
///
/// ## Cancellation
/// Ends the wait at once, with code `.cancelled`. A request that was sent cannot be taken back: it may have been carried out, or may
/// still be. What a look-up would have told is dropped.
///
/// ## Brokers learn at their own pace
/// A change is made when the controller has made it. Brokers hear of it a little later, so a description that follows at once may
/// not show it yet, on any cluster.
///
/// ## Brokers that refuse the client
/// Calls then throw why, with the codes of ``connect(timeout:)``, once all brokers have refused for `connection.refusal`.
///
/// What the linked librdkafka lacks throws `unsupportedFeature`, with the version that has it; nothing is sent then.
public final class KafkaAdmin: Sendable {
    let core: AdminCore
    private let closeTimeout: Duration

    /// Makes an admin client. Checks the whole configuration; starts, and does not wait for a broker.
    ///
    /// - Throws: `invalidConfiguration` with a sentence that says what to change.
    public convenience init(_ configuration: KafkaAdminConfiguration) throws(KafkaError) {
        try self.init(configuration, grace: AdminCore.standardGrace)
    }

    /// - Parameter grace: how much later than librdkafka it gives up.
    init(_ configuration: KafkaAdminConfiguration, grace: Duration) throws(KafkaError) {
        core = try AdminCore(configuration, grace: grace)
        closeTimeout = configuration.closeTimeout
    }

    deinit {
        core.abandon()
    }

    /// librdkafka's name of this client, as in its log lines: `async-kafka#producer-1` (to librdkafka it is a producer that sends
    /// nothing).
    public var name: String { core.log.clientName }

    /// Ends the client.
    ///
    /// New calls are refused from now on with `clientClosed`. Suspends until those under way have their answers, at most for
    /// `timeout`; what is left then throws `clientClosed` and may be carried out. Closing again returns the same number.
    ///
    /// ## Cancellation
    /// Has no effect: closing ends by its time limit.
    ///
    /// - Parameter timeout: how long to wait at most; nil is the configuration's `closeTimeout`.
    /// - Returns: how many calls were left without an answer.
    @discardableResult
    public func close(timeout: Duration? = nil) async -> Int {
        let deadline = ContinuousClock.Instant.after(timeout ?? closeTimeout)
        let unanswered = await core.close(deadline: deadline)
        await core.log.settle(until: deadline)
        return unanswered
    }
}

/// Makes an admin client, hands it to `body`, and closes it on every way out: return, throw and cancellation.
///
/// Suspends until `body` has ended and the client is closed, which takes at most the configuration's `closeTimeout`.
///
/// ## Cancellation
/// Cancels what `body` awaits.
///
/// - Returns: what `body` returns.
/// - Throws: what `body` throws; `invalidConfiguration`.
public func withKafkaAdmin<Result>(
    _ configuration: KafkaAdminConfiguration,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (KafkaAdmin) async throws -> Result
) async throws -> Result {
    let admin = try KafkaAdmin(configuration)
    let result: Result
    do {
        result = try await body(admin)
    } catch {
        await admin.close()
        throw error
    }
    await admin.close()
    return result
}
