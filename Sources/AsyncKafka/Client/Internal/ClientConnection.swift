import RdKafka

/// What a client knows of its brokers, and who waits for one to take it. A plain value of the client's thread.
struct ClientConnection {
    typealias Instant = ContinuousClock.Instant

    struct Waiter {
        let began: Instant
        let suspension: Suspension<Result<Void, KafkaError>>
    }

    let reader: ConnectionFailureReader
    private(set) var watch: RefusalWatch
    private var loss = BrokerLoss()
    var waiters = Alarms<Waiter>()
    private var untold: [RefusalWatch.Untold] = []

    init(_ engine: borrowing RdKafka.Configuration, _ connection: KafkaConnectionConfiguration) {
        reader = ConnectionFailureReader(engine)
        watch = RefusalWatch(
            connection.refusal,
            maxReconnectBackoff: engine.milliseconds("reconnect.backoff.max.ms") ?? connection.maxReconnectBackoff,
            setupTimeout: reader.limits.setup
        )
    }

    var isServed: Bool { watch.isServed }

    /// When the client's thread has to look.
    var deadline: Instant? { earliest(earliest(watch.deadline, waiters.deadline), loss.deadline) }

    /// Takes in an event of librdkafka's.
    ///
    /// - Returns: the error, with what to check if it is about a connection.
    mutating func problem(_ error: KafkaError, of handle: Handle, now: Instant) -> KafkaError {
        if error.code == .allBrokersDown {
            // One of them is the cause.
            hear(handle, now: now)
            watch.allDown(now: now)
            handle.brokers.arm()
            return error.causedBy(watch.cause)
        }
        guard let failure = reader.read(error, fault: { handle.certificates.fault(of: $0) }) else { return error }
        watch.failed(failure, now: now)
        return failure.error
    }

    /// What has come by no event.
    struct News {
        /// Whether a broker serves the client that has not before.
        var isServed = false
        /// Attempts that have failed while no broker serves the client.
        var failures: [RefusalWatch.Untold] = []
        /// What is to blame for the last one of them.
        var problem: KafkaError?
    }

    /// Takes in what has come by no event, and helps librdkafka out that knows no broker any more.
    mutating func look(at handle: Handle, log: LogSink, now: Instant) -> News {
        let (known, learned) = handle.brokers.census
        if loss.look(known: known, learned: learned, now: now), handle.addBootstrapServers() {
            log.log(
                .warning,
                "NOBROKERS",
                "the cluster has named no broker, so the client begins anew with `bootstrapServers`"
            )
        }
        hear(handle, now: now)
        defer { untold = [] }
        if handle.brokers.isServed.take(), watch.served() { return News(isServed: true) }
        return News(failures: untold, problem: untold.last.map { watch.cause ?? $0.error })
    }

    private mutating func hear(_ handle: Handle, now: Instant) {
        for ending in handle.brokers.takeEndings() {
            guard let failure = watch.ended(ending, reader.read(ending), now: now) else { continue }
            // A connection that a client has no use for any more ends as well.
            if !watch.isServed { untold.append(failure) }
        }
    }

    /// What is to blame for it, rather than that all brokers are down.
    func blame(_ error: KafkaError) -> KafkaError {
        error.code == .allBrokersDown ? watch.cause ?? error : error
    }

    /// Why no broker serves the client. While one does, another that is away need not be what holds anything up.
    var hindrance: KafkaError? { isServed ? nil : watch.cause }

    /// A broker has answered on a connection that is not watched.
    mutating func answered() {
        watch.served()
    }

    /// There is no token: without one librdkafka connects to no broker, which is as if all of them refused the client.
    mutating func tokenFailed(_ failure: TokenRefresh.Failure, now: Instant) {
        guard failure.isWithoutToken else { return }
        watch.allDown(now: now)
        watch.failed(
            ConnectionFailure(broker: RefusalWatch.noToken, verdict: .refused, stage: .loggingIn, error: failure.error),
            now: now
        )
    }

    mutating func tokenCame(now: Instant) {
        watch.tokenCame(now: now)
    }

    /// What brokers have refused is not what they get from now on.
    mutating func renewed() {
        watch.forget()
    }

    /// The error with which what waits is to be failed, if it is time for that.
    mutating func expire(now: Instant) -> KafkaError? {
        watch.expire(now: now)
    }

    /// Those who wait no more, with what they are told.
    mutating func takeDone(now: Instant) -> [(waiter: Waiter, result: Result<Void, KafkaError>)] {
        guard waiters.count > 0 else { return [] }
        if watch.isServed { return waiters.removeAll().map { ($0, .success(())) } }
        var done: [(Waiter, Result<Void, KafkaError>)] = []
        if watch.isRefused, let cause = watch.cause, let last = watch.lastRefusal {
            // What was known before they asked may have been put right since.
            done += waiters.remove(where: { $0.began <= last }).map { ($0, .failure(cause)) }
        }
        let late = waiters.expire(now: now)
        if !late.isEmpty {
            let error = timeout()
            done += late.map { ($0, .failure(error)) }
        }
        return done
    }

    private func timeout() -> KafkaError {
        guard let cause = watch.cause else {
            return KafkaError(
                .timedOut,
                "no broker has taken the client within the time limit, nor refused it: check that they answer"
            ).asRetriable()
        }
        return cause.saying("no broker has taken the client within the time limit: \(cause.message)")
    }
}

/// The actor of a client that can wait for its brokers.
protocol ConnectingClient: Actor, ClientThreadOwner {
    nonisolated var thread: ClientThread { get }
    nonisolated var log: LogSink { get }
    nonisolated var credentials: ClientCredentials { get }
    /// Nil unless the client shows tokens.
    nonisolated var tokens: TokenKeeper? { get }
    var connection: ClientConnection { get set }
    /// Whether it is not closed, nor being closed.
    var isOpen: Bool { get }

    /// There is no new token.
    func tokenFailed(_ failure: TokenRefresh.Failure, now: ContinuousClock.Instant)
    /// The client logs in with something else.
    func loginChanged()
}

extension ConnectingClient {
    /// Waits until a broker has taken the client.
    ///
    /// - Parameter start: what brokers have refused since then counts; nil: from now on.
    func connect(
        until deadline: ContinuousClock.Instant,
        since start: ContinuousClock.Instant? = nil
    ) async throws(KafkaError) {
        guard isOpen else { throw .clientClosed }
        guard !connection.isServed else { return }
        let id = connection.waiters.makeID()
        let result = await withTaskCancellationHandler {
            await suspend { (suspension: Suspension<Result<Void, KafkaError>>) in
                if Task.isCancelled { return suspension.resume(returning: .failure(.connectCancelled)) }
                guard isOpen else { return suspension.resume(returning: .failure(.clientClosed)) }
                // It is looked at in this turn of the thread.
                let waiter = ClientConnection.Waiter(began: start ?? .now, suspension: suspension)
                connection.waiters.add(id, at: deadline, waiter)
            }
        } onCancel: {
            thread.submit { self.assumeIsolated { $0.cancelConnect(id) } }
        }
        try result.get()
    }

    /// Why no broker has taken the client, as far as is known.
    var connectionFailure: ConnectionFailure? { connection.watch.failure }

    /// How many wait for a broker.
    var connectingCount: Int { connection.waiters.count }

    private func cancelConnect(_ id: UInt64) {
        connection.waiters.cancel(id)?.suspension.resume(returning: .failure(.connectCancelled))
    }

    func resumeConnected(now: ContinuousClock.Instant) {
        for (waiter, result) in connection.takeDone(now: now) { waiter.suspension.resume(returning: result) }
    }

    /// The client ends.
    func refuseConnecting() {
        for waiter in connection.waiters.removeAll() { waiter.suspension.resume(returning: .failure(.clientClosed)) }
    }
}

extension KafkaError {
    static let connectCancelled = KafkaError(.cancelled, "the wait for a broker was cancelled; the client goes on")
}
