import RdKafka

/// The actor that owns a producer's librdkafka handle. Its executor is the client's thread.
///
/// Lifecycle, flush and deadlines are isolated to it. The way of a record is not: `ProducerCore+send` hands it over from
/// the caller's own thread, `ProducerCore+reports` resumes its sender from the client's thread; what both need stands in
/// `machine`.
actor ProducerCore: ConnectingClient {
    typealias Sender = Suspension<Result<ProducerTicket, KafkaError>>
    typealias Receiver = Suspension<Received>
    typealias Machine = ProducerStateMachine<Sender, Receiver, PendingDelivery, ByteSlice>

    /// What a task that waits for a report is resumed with.
    enum Received: Sendable {
        case outcome(DeliveryOutcome)
        /// All records of a batch have their outcomes.
        case batch
        /// The task was cancelled; if it is known already who stands for the delivery, that.
        case cancelled(PendingDelivery?)
    }

    enum Phase {
        case open
        /// Waiting for the reports, until the deadline.
        case closing(deadline: ContinuousClock.Instant)
        /// What was left has been given up; its reports are on their way.
        case purging(until: ContinuousClock.Instant, isSettled: Bool)
        case ended
    }

    struct FlushWaiter {
        let deadline: ContinuousClock.Instant
        let suspension: Suspension<Int?>
    }

    nonisolated let handle: Handle
    nonisolated let machine: Locked<Machine>
    nonisolated let flushThread: FlushThread
    /// A purge waits for librdkafka's threads.
    let purges = BlockingThreads(limit: 1)
    nonisolated let log: LogSink
    nonisolated let deliveryReports: DeliveryReportBuffer
    nonisolated let statistics: StatisticsBuffer
    nonisolated let unobserved: UnobservedFailures
    /// How long a sender may wait for room.
    nonisolated let waitLimit: Duration?
    /// Raised before a close gives up what is left: what is purged from then on is not the application's doing.
    nonisolated let hasGivenUp = Flag()
    /// The last thing that went wrong between this client and its brokers: the cause of a delivery timeout.
    nonisolated let lastProblem = Locked<Problem?>(nil)
    /// What ended this producer for good, if something did.
    nonisolated let fatalProblem = Locked<KafkaError?>(nil)
    /// Nil without a `transactionalID`.
    nonisolated let transactions: TransactionCoordinator?
    /// Why records fail while all brokers refuse the client; nil while that is not so, or not for long enough.
    nonisolated let refusal = Locked<KafkaError?>(nil)
    /// Why what was purged last failed, until all of it is reported: the brokers may take the client meanwhile.
    nonisolated let purgeCause = Locked<KafkaError?>(nil)
    nonisolated let deliveryTimeout: Duration?
    nonisolated let thread: ClientThread
    nonisolated let credentials: ClientCredentials
    /// Nil unless the client shows tokens.
    nonisolated let tokens: TokenKeeper?

    var connection: ClientConnection
    private(set) var phase = Phase.open
    private var closers: [Suspension<KafkaProducerCloseReport>] = []
    private var report: KafkaProducerCloseReport?
    private var flushes: [UInt64: FlushWaiter] = [:]
    /// Ends with the records that were in the queue at the last purge.
    private var purgeMark: UInt64?
    /// Empty, with the memory of the last event's reports: there are as many events as lone records.
    private var spareReports: [Event.DeliveryReport] = []
    /// The same of what they made necessary.
    var spareAction = Machine.ReportAction()

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe thread.asUnownedSerialExecutor() }

    /// How long the reports of a purge may take; they come at once, so this is only the net under them.
    private static let purgeLimit = Duration.seconds(10)

    /// For how many reports memory is kept.
    static let spareLimit = 1024

    init(_ configuration: KafkaProducerConfiguration) throws(KafkaError) {
        let engine = try configuration.engineConfiguration()
        let settings = configuration.effective(engine)
        connection = ClientConnection(engine, configuration.connection)
        handle = try Handle.make(
            .producer,
            engine,
            security: configuration.security,
            partitioner: configuration.partitioner.engineCallback()
        )
        deliveryTimeout = settings.deliveryTimeout
        machine = Locked(Machine(maxRecords: settings.maxQueuedRecords, maxBytes: settings.maxQueuedBytes))
        flushThread = FlushThread(handle)
        log = LogSink(configuration.log, clientName: handle.name, redaction: configuration.redaction)
        deliveryReports = DeliveryReportBuffer(limit: configuration.deliveryReportLimit)
        statistics = StatisticsBuffer(isEnabled: settings.hasStatistics)
        unobserved = UnobservedFailures(log)
        waitLimit = configuration.queue.waitLimit
        let number = ClientNumber.next()
        let thread = ClientThread(name: "kafka-prod-\(number)")
        self.thread = thread
        credentials = ClientCredentials(handle)
        tokens = TokenKeeper(configuration.security, credentials, log: log, thread: thread)
        transactions = settings.transactionalID.map { [handle, log] id in
            TransactionCoordinator(
                handle,
                transactionalID: id,
                timeout: settings.transactionTimeout,
                log: log,
                onChange: { thread.wake() }
            )
        }
        let flushError = flushThread.start(name: "kafka-flush-\(number)")
        let error = flushError == 0 ? thread.start(owner: self, queue: handle.control) : flushError
        if error != 0 {
            flushThread.stop()
            handle.destroy()
            throw KafkaError.noThread(error)
        }
    }

    deinit {
        thread.ownerIsGone()
    }

    nonisolated func wake() {
        thread.wake()
    }

    // MARK: The thread

    func turn(now: ContinuousClock.Instant) -> ClientThread.Turn {
        log.forward(from: handle)
        return proceed(now: now)
    }

    func handle(_ event: consuming Event) {
        switch event.kind {
        case .deliveryReports:
            var reports: [Event.DeliveryReport] = []
            swap(&reports, &spareReports)
            var topics: [String]? = deliveryReports.isRecording ? [] : nil
            event.appendDeliveryReports(to: &reports, topics: &topics)
            // Before the credits go back: librdkafka's own count falls here.
            event.destroy()
            resolve(reports, topics)
            guard reports.capacity <= Self.spareLimit else { break }
            reports.removeAll(keepingCapacity: true)
            swap(&reports, &spareReports)
        case .error:
            let error = KafkaError(event.error)
            problem(error)
        case .statistics:
            statistics.append(event.statistics)
        case .tokenWanted:
            tokens?.requested()
        case .log, .rebalance, .commitResult, .adminAnswer, .other:
            break
        }
    }

    func destroyHandle() {
        tokens?.end()
        flushThread.stop()
        log.forward(from: handle)
        handle.destroy()
        log.finish()
        let left = machine.withLock { $0.abandon() }
        // For a batch this means that it is over: its outcomes stand in the machine.
        for receiver in left.receivers { receiver.resume(returning: .outcome(.lost)) }
        for pending in left.pending { pending.resolve(.failure(failure(.lost, topic: pending.topic))) }
        deliveryReports.finish()
        statistics.finish()
        end()
    }

    private func problem(_ event: KafkaError) {
        let error = connection.problem(tokens?.heard(event) ?? event, of: handle, now: .now)
        let problem = Problem(error: connection.blame(error), time: .now)
        lastProblem.withLock { $0 = problem }
        forgetRefusal()
        flushThread.cool()
        guard error.isFatal, let fatal = handle.fatalError else { return }
        let cause = explain(fatal: fatal)
        fatalProblem.withLock { $0 = cause }
        log.log(.critical, "FATAL", cause.description)
        refuseSenders(cause)
    }

    /// What a fatal error means to whoever calls.
    nonisolated func explain(fatal error: EngineError) -> KafkaError {
        .fatalProducer(error, transactionalID: transactions?.transactionalID)
    }

    /// Fails what waits for brokers that refuse the client. librdkafka reports each record, as after any purge.
    private func failRefused(now: ContinuousClock.Instant) {
        let news = connection.look(at: handle, log: log, now: now)
        if news.isServed { refusal.withLock { $0 = nil } }
        if let problem = news.problem { lastProblem.withLock { $0 = Problem(error: problem, time: now) } }
        resumeConnected(now: now)
        guard let error = connection.expire(now: now) else { return forgetRefusal() }
        fail(refused: error)
    }

    func fail(refused error: KafkaError) {
        refusal.withLock { $0 = error }
        transactions?.refuse(error)
        let waiting = machine.withLock { $0.removeWaiters() }
        for sender in waiting { sender.resume(returning: .failure(error.with(.notPersisted))) }
        let hasRecords = machine.withLock { $0.records } > 0
        if hasRecords || !waiting.isEmpty { log.log(.error, "REFUSED", error.description) }
        guard hasRecords else { return }
        handle.purge(inFlight: false)
        purgeCause.withLock { $0 = error }
        purgeMark = machine.withLock { [purgeMark] machine in
            if let purgeMark { _ = machine.endFlush(id: purgeMark) }
            guard case .wait(let id) = machine.flush() else { return nil }
            return id
        }
        if purgeMark == nil { purgeCause.withLock { $0 = nil } }
    }

    /// What is purged once the brokers may take the client is not their doing.
    func forgetRefusal() {
        if connection.watch.deadline == nil { refusal.withLock { $0 = nil } }
    }

    var isOpen: Bool {
        if case .open = phase { return true }
        return false
    }

    // MARK: Credentials

    func tokenFailed(_ failure: TokenRefresh.Failure, now: ContinuousClock.Instant) {
        lastProblem.withLock { $0 = Problem(error: failure.error, time: now) }
    }

    func loginChanged() {
        forgetRefusal()
    }

    // MARK: Flush and close

    private func proceed(now: ContinuousClock.Instant) -> ClientThread.Turn {
        for (id, flush) in flushes where flush.deadline <= now { expire(id, flush) }
        let tokenDeadline = proceedTokens(now: now)
        failRefused(now: now)
        var deadline = earliest(
            earliest(flushes.values.lazy.map { $0.deadline }.min(), tokenDeadline),
            earliest(expireSenders(now: now), connection.deadline)
        )
        let state = machine.withLock { (records: $0.records, producing: $0.producing, isQuiet: $0.isQuiet) }
        switch phase {
        case .open:
            break
        case .closing(let limit):
            if state.isQuiet, transactions?.isOver ?? true {
                finishClose(unsent: 0)
                return mayDestroy ? .finish : .sleep(until: deadline)
            }
            guard now >= limit else {
                deadline = min(deadline ?? limit, limit)
                break
            }
            // No transaction is committed behind the back of this report.
            _ = mayDestroy
            finishClose(unsent: state.records)
            hasGivenUp.raise()
            handle.purge(inFlight: true)
            let limit = now + Self.purgeLimit
            phase = .purging(until: limit, isSettled: state.producing == 0)
            if state.producing == 0 { deadline = min(deadline ?? limit, limit) }
        case .purging(let limit, let isSettled):
            // While a sender is about to hand its record over the handle stays; the last one wakes this thread.
            guard state.producing == 0 else { break }
            if !isSettled {
                // What was handed over after the first purge.
                handle.purge(inFlight: true)
                let limit = now + Self.purgeLimit
                phase = .purging(until: limit, isSettled: true)
                deadline = min(deadline ?? limit, limit)
                if state.isQuiet, mayDestroy { return .finish }
                break
            }
            if state.isQuiet || now >= limit {
                // A call that still uses the handle wakes this thread when it returns.
                if mayDestroy { return .finish }
                break
            }
            deadline = min(deadline ?? limit, limit)
        case .ended:
            return .finish
        }
        return .sleep(until: deadline)
    }

    /// Whether no call uses the handle any more. No transaction goes on from here.
    private var mayDestroy: Bool {
        let areTransactionsDone = transactions?.stop() ?? true
        return areTransactionsDone && machine.withLock { $0.calls } == 0
    }

    private func finishClose(unsent: Int) {
        // The handle may have had to stay for a call after the report was made.
        guard report == nil else { return }
        let counts = machine.withLock { (delivered: $0.delivered, failed: $0.failed) }
        let report = KafkaProducerCloseReport(
            delivered: counts.delivered,
            failed: counts.failed,
            unsent: unsent,
            unobservedFailures: unobserved.count
        )
        self.report = report
        for closer in closers { closer.resume(returning: report) }
        closers = []
    }

    private func end() {
        phase = .ended
        refuseConnecting()
        if report == nil { finishClose(unsent: 0) }
        for flush in flushes.values { flush.suspension.resume(returning: 0) }
        flushes = [:]
    }

    func close(deadline: ContinuousClock.Instant) async -> KafkaProducerCloseReport {
        if let report { return report }
        switch phase {
        case .open:
            phase = .closing(deadline: deadline)
            refuseConnecting()
            flushThread.hold()
        case .closing(let current):
            phase = .closing(deadline: min(current, deadline))
        case .purging, .ended:
            break
        }
        return await suspend { closers.append($0) }
    }

    /// The public object is gone without a close: nobody can wait any more.
    nonisolated func abandon() {
        refuseSenders(.clientClosed)
        thread.submit { self.assumeIsolated { $0.giveUp() } }
    }

    private func giveUp() {
        guard case .open = phase else { return }
        let records = machine.withLock { $0.records }
        if records > 0 {
            log.log(
                .error,
                "UNSENT",
                "the producer was released without close(): \(records) records were not acknowledged and are given up"
            )
        }
        phase = .closing(deadline: .now)
    }

    nonisolated func refuseSenders(_ error: KafkaError) {
        let senders = machine.withLock { $0.close(error) }
        for sender in senders { sender.resume(returning: .failure(error.with(.notPersisted))) }
    }

    /// Waits until the records that are in the queue now are resolved. Returns how many are not.
    func flush(deadline: ContinuousClock.Instant) async throws(KafkaError) -> Int {
        guard case .open = phase else { throw .clientClosed }
        if let fatal = fatalProblem.withLock({ $0 }) { throw fatal }
        guard case .wait(let id) = machine.withLock({ $0.flush() }) else { return 0 }
        flushThread.hold()
        defer { flushThread.release() }
        let unsent = await withTaskCancellationHandler {
            await suspend { (suspension: Suspension<Int?>) in
                if Task.isCancelled {
                    _ = machine.withLock { $0.endFlush(id: id) }
                    suspension.resume(returning: nil)
                } else if machine.withLock({ $0.isFlushing(id: id) }) {
                    flushes[id] = FlushWaiter(deadline: deadline, suspension: suspension)
                } else {
                    suspension.resume(returning: 0)
                }
            }
        } onCancel: {
            thread.submit { self.assumeIsolated { $0.cancelFlush(id) } }
        }
        if let fatal = fatalProblem.withLock({ $0 }) { throw fatal }
        guard let unsent else {
            throw KafkaError(.cancelled, "the wait for the flush was cancelled; the records are still on their way")
        }
        return unsent
    }

    /// From any thread.
    nonisolated func finish(flushes ids: [UInt64]) {
        guard !ids.isEmpty else { return }
        thread.submit { self.assumeIsolated { $0.finishFlushes(ids) } }
    }

    func finishFlushes(_ ids: [UInt64]) {
        if let mark = purgeMark, ids.contains(mark) {
            purgeMark = nil
            purgeCause.withLock { $0 = nil }
        }
        for id in ids { flushes.removeValue(forKey: id)?.suspension.resume(returning: 0) }
    }

    private func expire(_ id: UInt64, _ flush: FlushWaiter) {
        let unsent = machine.withLock { $0.endFlush(id: id) }
        flushes[id] = nil
        flush.suspension.resume(returning: unsent ?? 0)
    }

    private func cancelFlush(_ id: UInt64) {
        guard let flush = flushes.removeValue(forKey: id) else { return }
        _ = machine.withLock { $0.endFlush(id: id) }
        flush.suspension.resume(returning: nil)
    }
}
