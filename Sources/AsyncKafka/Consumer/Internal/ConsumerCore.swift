import RdKafka

/// The actor that owns a consumer's librdkafka handle. Its executor is the client's thread.
///
/// Draining, rebalances, commits and the lifecycle are isolated to it, so that none of them ever races with another. What a loop
/// and the thread share stands in `delivery`: a loop takes messages out of it without coming here.
actor ConsumerCore: ConnectingClient {
    enum Phase {
        case open
        /// Waiting for the message in hand.
        case releasing(deadline: ContinuousClock.Instant)
        /// Waiting for the last commits.
        case committing(deadline: ContinuousClock.Instant)
        /// Waiting for LeaveGroup to be sent.
        case parting(deadline: ContinuousClock.Instant)
        /// Waiting for the group.
        case leaving(deadline: ContinuousClock.Instant)
        /// The report is out; the thread finishes what it can.
        case reaping
        case ended
    }

    nonisolated let handle: Handle
    nonisolated let delivery: Locked<DeliveryStateMachine<KafkaMessage>>
    nonisolated let events: EventBuffer
    nonisolated let statistics: StatisticsBuffer
    nonisolated let log: LogSink
    nonisolated let thread: ClientThread
    nonisolated let credentials: ClientCredentials
    /// Nil unless the client shows tokens.
    nonisolated let tokens: TokenKeeper?
    let hooks: KafkaRebalanceHooks
    nonisolated let owner = Locked(Owner())
    let revokeTimeout: Duration
    /// How long commits are held at most: while JoinGroup is expected, and once it was sent.
    let sessionTimeout: Duration
    let maxPollInterval: Duration
    let processingTimeoutAction: KafkaProcessingTimeoutAction
    nonisolated let lastDelivery = LastDelivery()
    let settings: KafkaConsumerConfiguration.Effective
    /// KIP-848: there is no JoinGroup that commits would have to stay out of.
    let usesConsumerProtocol: Bool
    private let markInterval: Duration?
    let readsCommitted: Bool
    let failsForMissingTopics: Bool
    /// Whether a partition without a committed offset is read from its end.
    let startsAtEnd: Bool

    /// Without one, partitions are assigned by hand, and nothing is committed.
    nonisolated let hasGroup: Bool
    /// Where to go on without a position that the log has; nil is nowhere.
    let autoOffsetReset: KafkaOffsetSpecification?
    let emitsPartitionEnd: Bool

    var commits: CommitStateMachine<CommitWaiter>
    /// Messages that wait for their commit; nil unless offsets are committed on delivery.
    var handout: HandoutStateMachine<KafkaMessage>?
    var assigned: [KafkaTopicPartition: PartitionEpoch] = [:]
    /// Partitions of the last drain by librdkafka's own handles, as neighbours share them. Emptied when the assignment changes.
    var sources: [MessageSource: PartitionEpoch] = [:]
    var rebalancing = RebalanceStateMachine()
    var subscription = Subscription()
    var watchdog: ProcessingWatchdog
    /// The hook that a rebalance or the close waits for.
    var hookTask: Task<Void, Never>?
    /// The look-ups that an application waits for. Each client has its own threads: one whose cluster is down holds up no other.
    let lookUps = BlockingThreads(limit: 4)
    /// The library's own look-ups: behind none of the application's.
    let ownCalls = BlockingThreads(limit: 2)
    /// What commits wait for, a proof or the group's metadata: behind no look-up.
    let groupCalls = BlockingThreads(limit: 2)
    /// The look-ups that answers to assignments wait for: behind nothing else.
    let answers = BlockingThreads(limit: 2)
    /// Whether it is being found out if a join follows.
    var isProving = false
    /// Before, an attempt that got no answer is not made again.
    var nextProofAt = ContinuousClock.now
    /// The partition that the last proof asked for.
    var lastProof: KafkaTopicPartition?
    /// Whether the partitions were assigned by hand.
    var isManual = false
    var unanswered: Unanswered?
    var positionChanges = PositionChanges()
    /// What the loop is to be told of, as soon as it is known what the logs have.
    var missing: [Missing] = []
    var isTelling = false
    var lastTurn: UInt64 = 0
    /// Whoever waits for a blocking call, by the time when it does not any more.
    var calls = Alarms<@Sendable (KafkaError) -> Void>()
    /// Whoever waits for the last commits of epochs that are to end.
    var settling: (epochs: [PartitionEpoch], deadline: ContinuousClock.Instant, waiter: Suspension<Void>)?
    var finiteRead: FiniteRead?
    /// Calls on blocking threads that use the handle: it is not destroyed before they return.
    var blockingCalls = 0
    /// By the slots of the epochs: the offset below which nothing is delivered any more; -1 while it is not known.
    var nextOffsets: [Int64] = []
    /// The join for which commits are held, and until when at most.
    var join: (generation: Int, deadline: ContinuousClock.Instant)?
    var phase = Phase.open
    /// When the close has unsubscribed, or last saw a join under way behind that; nil if it has not.
    var partingSince: ContinuousClock.Instant?
    var slabs = SlabAllocator()
    /// What partitions that were taken away during the close left uncommitted, and why.
    var leftBehind: [KafkaTopicPartition: (offset: Int64, cause: KafkaError?)] = [:]
    /// What the close has left behind, once its report is out.
    nonisolated let unfinished = Locked<KafkaError?>(nil)
    /// Bytes of an average message, to bound what one drain copies.
    var averageSize = 16_384
    /// How many messages the last drain found, as the next one may find as many.
    var lastDrained = 0

    var connection: ClientConnection
    /// What ended this consumer for good, if something did.
    var fatalProblem: KafkaError?
    /// What is known of the brokers, for the events.
    var brokerEvents = BrokerEvents()
    /// Where partitions stand still, as far as anybody has asked.
    var progress = ProgressWatch()
    /// Whoever waits for a time to come.
    var alarms = Alarms<Suspension<Void>>()

    /// Whether anybody asks for the messages of partitions that are read by streams of their own.
    var streamWatches: [KafkaTopicPartition: ProcessingWatchdog] = [:]
    /// Streams whose readers wait, the one that has waited longest first.
    var parkedStreams: [ParkedStream] = []
    var parkedPartitionLoop: (id: UInt64, revision: UInt, suspension: Suspension<Void>)?
    /// What the streams that wait have been shown.
    var seenStreamRevision: UInt = 0

    private var parked: (id: UInt64, deadline: ContinuousClock.Instant?, suspension: Suspension<Void>)?
    /// Whoever waits for the group to settle.
    private var rebalanceWaiter: (deadline: ContinuousClock.Instant, suspension: Suspension<Void>)?
    private var nextCommitAt: ContinuousClock.Instant?
    private var closers: [Suspension<KafkaConsumerCloseReport>] = []
    private var report: KafkaConsumerCloseReport?
    private var hasRequestedLastCommit = false
    private var cannotLeave = false

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe thread.asUnownedSerialExecutor() }

    init(_ configuration: KafkaConsumerConfiguration) throws(KafkaError) {
        let engine = try configuration.engineConfiguration()
        let settings = configuration.effective(engine)
        usesConsumerProtocol = engine.value(of: "group.protocol") == "consumer"
        hasGroup = !settings.groupID.isEmpty
        autoOffsetReset = settings.autoOffsetReset
        emitsPartitionEnd = settings.emitsPartitionEnd
        // Where to go on is looked up here, not by librdkafka: see `PlaceFinder`.
        _ = engine.set("auto.offset.reset", "error")
        if !hasGroup {
            // librdkafka assigns nothing without one; nobody joins it.
            _ = engine.set("group.id", "async-kafka-none-\(UInt64.random(in: .min ... .max))")
            // A read that ends learns from it that nothing is left.
            _ = engine.set("enable.partition.eof", "true")
        }
        connection = ClientConnection(engine, configuration.connection)
        handle = try Handle.make(.consumer, engine, security: configuration.security)
        switch configuration.offsetPolicy.mode {
        case .afterProcessing(let interval):
            delivery = Locked(DeliveryStateMachine(policy: hasGroup ? .afterProcessing : .manual))
            markInterval = interval
        case .manual:
            delivery = Locked(DeliveryStateMachine(policy: .manual))
            markInterval = nil
        case .onDelivery(let maxCount):
            delivery = Locked(DeliveryStateMachine(policy: hasGroup ? .onDelivery : .manual))
            markInterval = nil
            handout = hasGroup ? HandoutStateMachine(maxCount: maxCount) : nil
        }
        hooks = configuration.rebalanceHooks
        revokeTimeout = configuration.revokeTimeout
        sessionTimeout = settings.sessionTimeout
        readsCommitted = settings.isReadCommitted
        maxPollInterval = settings.maxPollInterval
        processingTimeoutAction = configuration.processingTimeoutAction
        watchdog = ProcessingWatchdog(limit: settings.maxPollInterval)
        self.settings = settings
        startsAtEnd = settings.autoOffsetReset == .end
        failsForMissingTopics = configuration.missingTopics == .fail
        commits = CommitStateMachine(timeout: configuration.commitTimeout)
        events = EventBuffer()
        statistics = StatisticsBuffer(isEnabled: settings.hasStatistics)
        log = LogSink(configuration.log, clientName: handle.name, redaction: configuration.redaction)
        let thread = ClientThread(name: "kafka-cons-\(ClientNumber.next())")
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

    nonisolated func wake() {
        thread.wake()
    }

    /// Does what a loop's question asks for besides its answer.
    nonisolated func serve<Delivered>(_ action: DeliveryStateMachine<KafkaMessage>.ReadAction<Delivered>) {
        if action.wakesThread || action.hasRoom && handle.messagesArrived.isRaised { wake() }
    }

    // MARK: The thread

    func turn(now: ContinuousClock.Instant) -> ClientThread.Turn {
        log.forward(from: handle)
        return proceed(now: now)
    }

    func handle(_ event: consuming Event) {
        switch event.kind {
        case .rebalance:
            rebalance(KafkaError.Code(rawValue: event.errorCode), event.partitions)
        case .commitResult:
            commitResult(id: event.opaque, code: event.errorCode, rows: event.partitions)
        case .error:
            let error = KafkaError(event.error)
            problem(error)
        case .statistics:
            statistics.append(event.statistics)
        case .tokenWanted:
            tokens?.requested()
        case .log, .deliveryReports, .adminAnswer, .other:
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

    private func proceed(now: ContinuousClock.Instant) -> ClientThread.Turn {
        // As long as there is something that the loop is not given: the callback comes only when the queue was empty.
        while parked != nil, handle.messagesArrived.isRaised { if drain() { unpark() } }
        drainAhead(now: now)
        if let deadline = parked?.deadline, deadline <= now { unpark() }
        let tokenDeadline = proceedTokens(now: now)
        watchProcessing(now: now)
        proceedRebalance(now: now)
        answerInTime(now: now)
        reportBrokers(now: now)
        lookForMissingTopics(now: now)
        ringAlarms(now: now)
        for giveUp in calls.expire(now: now) { giveUp(.lookUpExpired) }
        failRefused(now: now)
        proceedPositions(now: now)
        watchJoin(now: now)
        commitMarks(now: now)
        for (waiter, error) in commits.expire(now: now) {
            resume(waiter, error.underlyingError == nil ? error.causedBy(connection.hindrance) : error)
        }
        serveStreams()
        sendCommits(now: now)
        if let waiter = rebalanceWaiter, waiter.deadline <= now { endRebalanceWait() }
        let isOver = proceedClose(now: now)
        showStreams()
        if isOver { return .finish }
        return .sleep(until: earliest(nextDeadline(now: now), tokenDeadline))
    }

    private func nextDeadline(now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        var deadlines = [
            commits.deadline(isHeld: handle.join.isHolding(now: now)), proofDeadline(now: now), join?.deadline,
            nextCommitAt, rebalancing.deadline,
            rebalanceWaiter?.deadline, alarms.deadline, calls.deadline, parked?.deadline,
            isClosed || !subscription.isActive ? nil : subscription.missing.deadline,
            isClosed ? nil : watchdog.deadline, isClosed ? nil : streamDeadline,
            positionChanges.deadline, settling?.deadline, unanswered?.deadline, connection.deadline,
        ]
        switch phase {
        case .open, .reaping, .ended: break
        case .releasing(let deadline), .leaving(let deadline): deadlines.append(deadline)
        case .committing(let deadline): deadlines += [deadline, joinMayLast(closingBy: deadline, now: now)]
        case .parting(let deadline): deadlines += [partingEnd, report == nil ? deadline : nil]
        }
        return deadlines.compactMap { $0 }.min()
    }

    /// Nothing can be read any more: `messages` throws.
    func fail(_ error: KafkaError) {
        delivery.withLock { $0.fail(error) }
        unpark()
    }

    /// A partition cannot be read for now: `messages` throws once, and goes on with the others.
    func interrupt(_ error: KafkaError) {
        delivery.withLock { $0.tell(error) }
        unpark()
    }

    // MARK: Reading

    /// Has messages ready for the loop, or waits until there are some, or until the loop is to look again.
    ///
    /// - Parameters:
    ///   - revision: what the loop has seen of the batch: it waits for more.
    ///   - deadline: when it looks again in any case.
    func fill(reader: UInt64, seen revision: UInt, until deadline: ContinuousClock.Instant? = nil) async {
        loopAsks()
        defer { watchdog.begin(now: .now) }
        guard case .open = phase else { return }
        readTogether()
        guard !drain() else { return }
        await withTaskCancellationHandler {
            await suspend { (suspension: Suspension<Void>) in
                // A commit that was waited for may have brought something by now.
                let isUnchanged = delivery.withLock {
                    $0.isOpen && $0.revision == revision && !$0.isInterrupted
                }
                let hasExpired = deadline.map { $0 <= .now } ?? false
                if Task.isCancelled || !isUnchanged || hasExpired {
                    suspension.resume(returning: ())
                } else {
                    parked?.suspension.resume(returning: ())
                    parked = (reader, deadline, suspension)
                }
            }
        } onCancel: {
            thread.submit { self.assumeIsolated { $0.unpark(reader) } }
        }
    }

    var isLoopParked: Bool { parked != nil }

    func unpark(_ reader: UInt64? = nil) {
        guard let parked, reader == nil || parked.id == reader else { return }
        self.parked = nil
        parked.suspension.resume(returning: ())
    }

    // MARK: Rebalances

    /// Waits until the group gives or takes partitions, `limit` at most, or the task is cancelled.
    func waitForRebalance(limit: Duration) async {
        let deadline = ContinuousClock.Instant.after(limit)
        await withTaskCancellationHandler {
            await suspend { (suspension: Suspension<Void>) in
                guard !Task.isCancelled, case .open = phase else { return suspension.resume(returning: ()) }
                endRebalanceWait()
                rebalanceWaiter = (deadline, suspension)
            }
        } onCancel: {
            thread.submit { self.assumeIsolated { $0.endRebalanceWait() } }
        }
    }

    func endRebalanceWait() {
        rebalanceWaiter?.suspension.resume(returning: ())
        rebalanceWaiter = nil
    }

    // MARK: Marks

    private func commitMarks(now: ContinuousClock.Instant) {
        guard let markInterval, hasGroup, case .open = phase else {
            nextCommitAt = nil
            return
        }
        if let due = nextCommitAt {
            guard due <= now else { return }
            nextCommitAt = nil
            for mark in delivery.withLock({ $0.takeMarks() }) { request(mark.epoch, mark.offset, now: now) }
        } else if delivery.withLock({ $0.hasNewMarks }) {
            nextCommitAt = now + markInterval
        }
    }

    // MARK: Close

    /// - Parameter task: the identity of the calling task; if it holds the message in hand, nobody waits for that.
    func close(deadline: ContinuousClock.Instant, task: Int) async -> KafkaConsumerCloseReport {
        if let report { return report }
        closes(within: Self.currentHook)
        switch phase {
        case .open: beginClose(deadline: deadline, task: task)
        case .releasing(let current):
            phase = .releasing(deadline: min(current, deadline))
            delivery.withLock { $0.letGo(heldBy: task) }
        case .committing(let current): phase = .committing(deadline: min(current, deadline))
        case .parting(let current): phase = .parting(deadline: min(current, deadline))
        case .leaving(let current): phase = .leaving(deadline: min(current, deadline))
        case .reaping, .ended: break
        }
        return await suspend { closers.append($0) }
    }

    private func beginClose(deadline: ContinuousClock.Instant, task: Int) {
        let epochs = Array(assigned.values)
        let (undelivered, mustWait) = delivery.withLock { delivery in
            (delivery.undelivered(of: epochs), delivery.close(task: task))
        }
        giveBack(epochs, undelivered: undelivered)
        unpark()
        endRebalanceWait()
        endAlarms()
        refuseConnecting()
        phase = mustWait ? .releasing(deadline: deadline) : .committing(deadline: deadline)
    }

    /// The public object is gone without a close: nobody can wait any more.
    nonisolated func abandon() {
        thread.submit { self.assumeIsolated { $0.giveUp() } }
    }

    private func giveUp() {
        guard case .open = phase else { return }
        let marks = delivery.withLock { $0.takeMarks() }
        if !marks.isEmpty {
            log.log(
                .error,
                "UNCOMMITTED",
                "the consumer was released without close(): nobody waits for the last commits of \(marks.count) partitions"
            )
        }
        beginClose(deadline: .now, task: 0)
    }

    /// Returns true once the handle can be destroyed.
    private func proceedClose(now: ContinuousClock.Instant) -> Bool {
        if case .releasing(let deadline) = phase {
            guard !delivery.withLock({ $0.isWaitingForRelease }) || now >= deadline else { return false }
            phase = .committing(deadline: deadline)
        }
        if case .committing(let deadline) = phase {
            guard joinMayLast(closingBy: deadline, now: now) == nil else { return false }
            // A rebalance that is still open is answered by its own rules, but not later than this.
            guard now >= deadline || proceedCloseHook() else { return false }
            if !hasRequestedLastCommit {
                hasRequestedLastCommit = true
                for mark in delivery.withLock({ $0.takeMarks() }) { request(mark.epoch, mark.offset, now: now) }
                sendCommits(now: now)
            }
            guard now >= deadline || commits.isIdle else { return false }
            endRebalance()
            beginParting(now: now)
            phase = .parting(deadline: deadline)
        }
        if case .parting(let deadline) = phase {
            guard !isParting(now: now) else {
                if now >= deadline { finishClose(isClosed: false) }
                return false
            }
            if let error = handle.beginClose() {
                // After a fatal error librdkafka does not leave the group, and may be destroyed at once.
                cannotLeave = true
                log.log(.warning, "CLOSE", "the consumer cannot leave its group: \(error.message)")
            }
            phase = .leaving(deadline: deadline)
        }
        if case .leaving(let deadline) = phase {
            let isClosed = handle.isClosed || cannotLeave
            guard isClosed || now >= deadline else { return false }
            finishClose(isClosed: isClosed)
            phase = .reaping
        }
        guard case .reaping = phase else { return false }
        return (handle.isClosed || cannotLeave) && blockingCalls == 0
    }

    /// Gives the report, once.
    private func finishClose(isClosed: Bool) {
        guard report == nil else { return }
        let left = hasGroup ? delivery.withLock { $0.takeMarks() } : []
        for mark in left { leftBehind[mark.epoch.topicPartition] = (mark.offset, hindrance(of: mark.epoch)) }
        leaveSkipped()
        if !leftBehind.isEmpty { unfinished.withLock { $0 = uncommittedAtClose() } }
        let report = KafkaConsumerCloseReport(
            uncommitted: leftBehind.mapValues(\.offset),
            hasLeftGroup: isClosed && (handle.join.hasLeft || !hasGroup)
        )
        self.report = report
        for closer in closers { closer.resume(returning: report) }
        closers = []
        events.finish()
        statistics.finish()
    }

    private func uncommittedAtClose() -> KafkaError {
        let names = leftBehind.keys.sorted().map(\.description).joined(separator: ", ")
        let sentence =
            handout == nil
            ? "the consumer was closed before all processed messages of \(names) were committed"
            : "messages of \(names) were committed, delivered to no loop, and could not be committed back: they are skipped"
        return KafkaError(.uncommitted, sentence).at(leftBehind.keys) { leftBehind[$0]?.cause }
    }

    private func end() {
        phase = .ended
        refuseConnecting()
        finishClose(isClosed: false)
        let epochs = Array(assigned.values)
        assigned = [:]
        delivery.withLock { delivery in
            _ = delivery.close(task: 0)
            delivery.fence(epochs)
        }
        unpark()
        showStreams()
        for waiter in commits.abandon() { resume(waiter, .clientClosed) }
    }

    /// Whether the application's time is over: what comes from the group now is answered at once.
    var isLeaving: Bool {
        switch phase {
        case .open, .releasing, .committing: false
        case .parting, .leaving, .reaping, .ended: true
        }
    }

    var isOpen: Bool { !isClosed }

    var isClosed: Bool {
        if case .open = phase { return false }
        return true
    }
}
