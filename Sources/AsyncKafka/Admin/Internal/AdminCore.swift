import RdKafka

/// The actor that owns an admin client's librdkafka handle. Its executor is the client's thread.
///
/// Each call is a request whose answer comes as an event to that thread, or, where librdkafka can only block, a call on a thread of
/// the client's own. What always holds: whoever waits is resumed exactly once, by the answer, its time limit, its cancellation or
/// the end of the client; what comes after that is dropped.
actor AdminCore: ConnectingClient {
    private enum Phase {
        case open
        /// Waiting for answers.
        case closing(deadline: ContinuousClock.Instant)
        /// Waiting for calls that block and cannot be stopped.
        case reaping
        case ended
    }

    /// A call without an answer yet.
    private struct Call {
        let name: String
        /// Nil where the answer is no event.
        var answered: ((borrowing Event) -> Void)?
        let failed: (KafkaError) -> Void
    }

    nonisolated let handle: Handle
    nonisolated let log: LogSink
    private nonisolated let configuration: KafkaAdminConfiguration
    nonisolated let thread: ClientThread
    private nonisolated let requestTimeout: Duration
    private nonisolated let operationTimeout: Duration?
    nonisolated let credentials: ClientCredentials
    /// Nil unless the client shows tokens.
    nonisolated let tokens: TokenKeeper?
    /// What an application's other clients wait for does not hold these up.
    private let threads = BlockingThreads(limit: 2)

    private var phase = Phase.open
    private var calls = Alarms<Call>()
    /// Calls on blocking threads that use the handle, also those that nobody waits for any more.
    private var blockingCalls = 0
    var connection: ClientConnection
    /// The last thing that went wrong between this client and its brokers.
    private var lastProblem: Problem?
    private var controllerSearch = ControllerSearch()
    private var closers: [Suspension<Int>] = []
    /// How many calls the close has left without an answer.
    private var unanswered: Int?

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe thread.asUnownedSerialExecutor() }

    /// How much later than librdkafka the client gives up, as librdkafka can say why.
    private nonisolated let grace: Duration
    static let standardGrace = Duration.seconds(1)

    init(_ configuration: KafkaAdminConfiguration, grace: Duration) throws(KafkaError) {
        let engine = try configuration.engineConfiguration()
        connection = ClientConnection(engine, configuration.connection)
        handle = try Handle.make(.admin, engine, security: configuration.security)
        log = LogSink(configuration.log, clientName: handle.name, redaction: configuration.redaction)
        self.configuration = configuration
        self.grace = grace
        requestTimeout = configuration.requestTimeout
        operationTimeout = configuration.operationTimeout
        let thread = ClientThread(name: "kafka-admin-\(ClientNumber.next())")
        self.thread = thread
        credentials = ClientCredentials(handle)
        tokens = TokenKeeper(configuration.security, credentials, log: log, thread: thread)
        let error = thread.start(owner: self, queue: handle.control)
        if error != 0 {
            handle.destroy()
            throw KafkaError.noThread(error)
        }
    }

    deinit {
        thread.ownerIsGone()
    }

    // MARK: Calls

    /// How many have no answer yet.
    var callCount: Int { calls.count }

    var isOpen: Bool {
        if case .open = phase { return true }
        return false
    }

    /// When a call that begins now has to be done.
    ///
    /// - Parameter timeout: nil is the configuration's.
    nonisolated func deadline(_ timeout: Duration?) throws(KafkaError) -> ContinuousClock.Instant {
        guard let timeout else { return .after(requestTimeout) }
        guard .milliseconds(1)...KafkaAdminConfiguration.longestTimeout ~= timeout else {
            throw KafkaError(.invalidArgument, "the time limit is \(timeout): give one from 1 ms to an hour")
        }
        return .after(timeout)
    }

    /// Which librdkafka handle a request goes through.
    enum Way {
        case client
        /// One of its own, about this group, which is gone afterwards. It knows nothing of where coordinators were before.
        ///
        /// To list offsets there is no other way: librdkafka looks for a consumer's group when the broker that it asks does not
        /// coordinate the group, and crashes in a producer, which has none (rdkafka_request.c, `rd_kafka_handle_OffsetFetch`).
        case aside(group: String)
    }

    /// Sends a request and waits for its answer.
    func perform<Answer>(
        _ request: AdminRequest<Answer>,
        by way: Way = .client,
        until deadline: ContinuousClock.Instant
    ) async throws(KafkaError) -> Answer {
        if case .aside(let group) = way { return try await perform(request, asideFor: group, until: deadline) }
        return try await wait(for: request.name, until: deadline) { id, suspension in
            let timeout = deadline - .now
            guard timeout > .zero else {
                suspension.resume(returning: .failure(.unanswered))
                return nil
            }
            do throws(EngineError) {
                try handle.send(
                    request,
                    id: id,
                    timeout: timeout.clampedMilliseconds,
                    operationTimeout: operationTimeout(within: timeout)
                )
            } catch {
                suspension.resume(returning: .failure(KafkaError(error)))
                return nil
            }
            return Call(
                name: request.name,
                answered: { event in
                    suspension.resume(returning: event.answer(to: request).mapError { KafkaError($0) })
                },
                failed: { suspension.resume(returning: .failure($0)) }
            )
        }
    }

    private nonisolated func operationTimeout(within timeout: Duration) -> Int32 {
        min(operationTimeout ?? timeout * 9 / 10, timeout).clampedMilliseconds
    }

    /// The handle is made, used and destroyed on a blocking thread; nobody waits for its end but the client's.
    private func perform<Answer>(
        _ request: AdminRequest<Answer>,
        asideFor group: String,
        until deadline: ContinuousClock.Instant
    ) async throws(KafkaError) -> Answer {
        try await onBlockingThread(request.name, until: deadline) { [self] abandoned, deliver in
            let aside: Handle
            // The client's own handle may have it otherwise.
            var connection: ClientConnection
            do throws(KafkaError) {
                (aside, connection) = try makeHandle(for: group)
            } catch {
                return deliver(.failure(error), false)
            }
            let timeout = deadline - .now
            var cause: KafkaError?
            var refusal: KafkaError?
            let answer = aside.ask(
                request,
                timeout: max(timeout.clampedMilliseconds, 1),
                operationTimeout: operationTimeout(within: timeout),
                goesOn: {
                    log.forward(from: aside)
                    let now = ContinuousClock.now
                    let news = connection.look(at: aside, log: log, now: now)
                    if let problem = news.problem { cause = problem }
                    if news.isServed { cause = nil }
                    refusal = connection.expire(now: now)
                    return refusal == nil && !abandoned.isRaised
                },
                problem: { problem in
                    cause = connection.blame(connection.problem(KafkaError(problem), of: aside, now: .now))
                }
            )
            var result = answer?.asKafkaResult ?? .failure(refusal ?? .unanswered)
            if case .failure(let error) = result, error.isOfConnection {
                if connection.watch.isRefused, let refusal = connection.watch.cause {
                    result = .failure(refusal.saying("could not \(request.name): \(refusal.message)"))
                } else {
                    result = .failure(error.causedBy(cause))
                }
            }
            deliver(result, result.isFromBroker)
            log.forward(from: aside)
            credentials.remove(aside)
            aside.destroy()
        }
    }

    private nonisolated func makeHandle(for group: String) throws(KafkaError) -> (Handle, ClientConnection) {
        let engine = try configuration.engineConfiguration()
        guard engine.set("group.id", group) == .ok else {
            throw KafkaError(.invalidArgument, "librdkafka does not take \(group) for the name of a group")
        }
        let connection = ClientConnection(engine, configuration.connection)
        credentials.apply(to: engine)
        let handle = try Handle.make(.groupAdmin, engine, security: configuration.security)
        credentials.add(handle)
        return (handle, connection)
    }

    /// Runs a call that blocks on a thread of its own; it gets the handle and its time.
    ///
    /// - Parameters:
    ///   - grace: how much later than `body`, which may be stuck, the wait for it ends; nil is the client's.
    ///   - isFromBroker: whether an answer proves that a broker serves this client.
    func block<Answer: Sendable>(
        _ name: String,
        until deadline: ContinuousClock.Instant,
        grace: Duration? = nil,
        isFromBroker: @escaping @Sendable (Answer) -> Bool = { _ in true },
        _ body: @escaping @Sendable (Handle, BlockingTime) -> Result<Answer, KafkaError>
    ) async throws(KafkaError) -> Answer {
        try await onBlockingThread(name, until: deadline, grace: grace) { [handle] abandoned, deliver in
            let result = body(handle, BlockingTime(deadline: deadline, abandoned: abandoned))
            if case .success(let answer) = result {
                deliver(result, isFromBroker(answer))
            } else {
                deliver(result, result.isFromBroker)
            }
        }
    }

    /// Runs a call on a thread of its own. It is told when nobody waits for it any more, and hands over its result, once, with
    /// whether a broker has answered.
    private func onBlockingThread<Answer: Sendable>(
        _ name: String,
        until deadline: ContinuousClock.Instant,
        grace: Duration? = nil,
        _ body: @escaping @Sendable (Flag, (Result<Answer, KafkaError>, Bool) -> Void) -> Void
    ) async throws(KafkaError) -> Answer {
        try await wait(for: name, until: deadline, grace: grace) { id, suspension in
            blockingCalls += 1
            let abandoned = Flag()
            threads.submit { [self] in
                let deliver: (Result<Answer, KafkaError>, Bool) -> Void = { result, isFromBroker in
                    self.thread.submit {
                        self.assumeIsolated { core in
                            if isFromBroker { core.brokerAnswered() }
                            // Else it was resumed before.
                            if core.calls.cancel(id) != nil { suspension.resume(returning: result) }
                        }
                    }
                }
                // The wait for a thread counts.
                if abandoned.isRaised || deadline <= .now {
                    deliver(.failure(.unanswered), false)
                } else {
                    body(abandoned, deliver)
                }
                thread.submit { self.assumeIsolated { $0.blockingCalls -= 1 } }
            }
            return Call(
                name: name,
                failed: { error in
                    abandoned.raise()
                    suspension.resume(returning: .failure(error))
                }
            )
        }
    }

    /// Lets time pass before another attempt.
    func pause(until date: ContinuousClock.Instant) async throws(KafkaError) {
        try await wait(for: "wait", until: date - grace) { _, suspension in
            Call(
                name: "wait",
                failed: { suspension.resume(returning: $0.code == .timedOut ? .success(()) : .failure($0)) }
            )
        }
    }

    private func wait<Answer: Sendable>(
        for name: String,
        until deadline: ContinuousClock.Instant,
        grace: Duration? = nil,
        _ begin: (UInt64, Suspension<Result<Answer, KafkaError>>) -> Call?
    ) async throws(KafkaError) -> Answer {
        guard case .open = phase else { throw .clientClosed }
        let start = ContinuousClock.now
        let limit = deadline + (grace ?? self.grace)
        let id = calls.makeID()
        let result = await withTaskCancellationHandler {
            await suspend { (suspension: Suspension<Result<Answer, KafkaError>>) in
                if Task.isCancelled {
                    suspension.resume(
                        returning: .failure(KafkaError(.cancelled, "the task was cancelled before a broker was asked"))
                    )
                } else if let call = begin(id, suspension) {
                    calls.add(id, at: limit, call)
                }
            }
        } onCancel: {
            thread.submit { self.assumeIsolated { $0.cancel(id) } }
        }
        switch result {
        case .success(let answer): return answer
        case .failure(let error): throw explain(error, name, since: start)
        }
    }

    private func cancel(_ id: UInt64) {
        calls.cancel(id)?.failed(
            KafkaError(.cancelled, "the wait for the answer was cancelled; the request may have been carried out")
        )
    }

    /// What is known about a call that failed as a whole.
    private func explain(_ error: KafkaError, _ name: String, since start: ContinuousClock.Instant) -> KafkaError {
        switch error.code {
        case .cancelled, .clientClosed, .unsupportedFeature: return error
        case _ where error.isConnectionRefused: return error
        case _ where error.isOfConnection:
            // It may fail the call with the connection before it is told of the refusal.
            lookAtBrokers(now: .now)
            if connection.watch.isRefused, let cause = connection.watch.cause {
                return cause.saying("could not \(name): \(cause.message)")
            }
            // librdkafka repeats an identical problem only every 30 s.
            let cause = lastProblem.flatMap { $0.time >= start - .seconds(30) ? $0.error : nil }
            let message = "could not \(name) in time: \(error.message); a request that was sent may be carried out"
            return error.saying(message).causedBy(error.underlyingError == nil ? cause : nil)
        default: return error.saying("could not \(name): \(error.message)")
        }
    }

    // MARK: The thread

    func turn(now: ContinuousClock.Instant) -> ClientThread.Turn {
        log.forward(from: handle)
        return proceed(now: now)
    }

    func handle(_ event: consuming Event) {
        switch event.kind {
        case .adminAnswer:
            answer(event)
        case .error:
            let error = KafkaError(event.error)
            problem(error)
        case .tokenWanted:
            tokens?.requested()
        case .deliveryReports, .rebalance, .commitResult, .log, .statistics, .other:
            break
        }
    }

    func destroyHandle() {
        tokens?.end()
        log.forward(from: handle)
        handle.destroy()
        log.finish()
        end()
    }

    private func answer(_ event: borrowing Event) {
        // Above zero are the codes of brokers.
        if event.errorCode >= 0 { brokerAnswered() }
        calls.cancel(UInt64(event.opaque))?.answered?(event)
    }

    private func brokerAnswered() {
        connection.answered()
        lastProblem = nil
    }

    func problem(_ event: KafkaError) {
        let error = connection.problem(tokens?.heard(event) ?? event, of: handle, now: .now)
        lastProblem = Problem(error: connection.blame(error), time: .now)
    }

    private func lookAtBrokers(now: ContinuousClock.Instant) {
        let news = connection.look(at: handle, log: log, now: now)
        if let problem = news.problem { lastProblem = Problem(error: problem, time: now) }
        if news.isServed { lastProblem = nil }
    }

    private func proceed(now: ContinuousClock.Instant) -> ClientThread.Turn {
        let tokenDeadline = proceedTokens(now: now)
        lookAtBrokers(now: now)
        resumeConnected(now: now)
        for call in calls.expire(now: now) { call.failed(.unanswered) }
        if let error = connection.expire(now: now), calls.count > 0 {
            log.log(.error, "REFUSED", error.description)
            for call in calls.removeAll() { call.failed(error) }
        }
        lookForController(now: now)
        var deadline = earliest(earliest(calls.deadline, connection.deadline), controllerSearch.deadline)
        switch phase {
        case .open:
            break
        case .closing(let limit):
            guard calls.count == 0 || now >= limit else {
                deadline = earliest(deadline, limit)
                break
            }
            finishClose()
            phase = .reaping
            if blockingCalls == 0 { return .finish }
        case .reaping:
            if blockingCalls == 0 { return .finish }
        case .ended:
            return .finish
        }
        return .sleep(until: earliest(deadline, tokenDeadline))
    }

    private func lookForController(now: ContinuousClock.Instant) {
        let isMissed = calls.contains(where: { $0.answered != nil }) && !handle.knowsController
        guard controllerSearch.proceed(isMissed: isMissed, now: now) else { return }
        blockingCalls += 1
        threads.submit { [self] in
            _ = handle.cluster(timeout: 5000)
            thread.submit {
                self.assumeIsolated { core in
                    core.blockingCalls -= 1
                    core.controllerSearch.asked(now: .now)
                }
            }
        }
    }

    // MARK: Credentials

    func tokenFailed(_ failure: TokenRefresh.Failure, now: ContinuousClock.Instant) {
        lastProblem = Problem(error: failure.error, time: now)
    }

    // MARK: Close

    func close(deadline: ContinuousClock.Instant) async -> Int {
        if let unanswered { return unanswered }
        switch phase {
        case .open:
            phase = .closing(deadline: deadline)
            refuseConnecting()
        case .closing(let current): phase = .closing(deadline: min(current, deadline))
        case .reaping, .ended: break
        }
        return await suspend { closers.append($0) }
    }

    /// The public object is gone without a close: nobody can wait any more.
    nonisolated func abandon() {
        thread.submit {
            self.assumeIsolated { core in
                if case .open = core.phase { core.phase = .closing(deadline: .now) }
            }
        }
    }

    private func finishClose() {
        guard unanswered == nil else { return }
        let left = calls.removeAll()
        unanswered = left.count
        for call in left {
            call.failed(
                KafkaError(
                    .clientClosed,
                    "the client was closed before there was an answer; the request may be carried out"
                )
            )
        }
        for closer in closers { closer.resume(returning: left.count) }
        closers = []
    }

    private func end() {
        phase = .ended
        refuseConnecting()
        finishClose()
    }
}

extension Result where Failure == KafkaError {
    /// Whether a broker has said it: its own codes are above zero.
    fileprivate var isFromBroker: Bool {
        switch self {
        case .success: true
        case .failure(let error): error.code.rawValue > 0
        }
    }
}

extension KafkaError {
    /// Whether the brokers themselves may have said nothing.
    fileprivate var isOfConnection: Bool {
        [.timedOut, .transport, .resolve, .allBrokersDown].contains(code)
    }

    /// The net under librdkafka's own time limit.
    static var unanswered: KafkaError {
        KafkaError(.timedOut, "there was no answer").asRetriable()
    }
}
