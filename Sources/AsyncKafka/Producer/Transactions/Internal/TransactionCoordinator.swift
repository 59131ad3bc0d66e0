import Dispatch
import RdKafka
import Synchronization

/// The transactions of one producer, one after another.
///
/// Owned by the producer's core. Transitions stand in `machine`; librdkafka's blocking calls run as jobs on a thread of this
/// producer's own, made on demand: never on the pool, never on the client's thread, and never behind the calls of another client.
/// The core does not destroy the handle before `stop()` has said that no job runs, and hears of the end of each through `onChange`.
final class TransactionCoordinator: Sendable {
    typealias Waiter = Suspension<Result<Void, KafkaError>>
    typealias Machine = TransactionStateMachine<Waiter>

    private let machine = Locked(Machine())
    private let calls: TransactionCalls<Handle>
    private let thread = BlockingThreads(limit: 1)
    private let log: LogSink
    private let onChange: @Sendable () -> Void
    var transactionalID: String { calls.transactionalID }
    private let lastID = Atomic<UInt64>(0)
    /// By the ids of those who wait.
    private let limits = Locked<[UInt64: Duration]>([:])
    /// What one phase of a transaction may take, unless its caller says otherwise.
    let timeout: Duration

    init(
        _ handle: Handle,
        transactionalID: String,
        timeout: Duration,
        log: LogSink,
        onChange: @escaping @Sendable () -> Void
    ) {
        calls = TransactionCalls(engine: handle, transactionalID: transactionalID, stop: DispatchSemaphore(value: 0))
        self.timeout = timeout
        self.log = log
        self.onChange = onChange
    }

    // MARK: The turn

    /// Waits for its turn and has a transaction begun. Whoever gets it ends it with `commit` or `abort`.
    func begin(timeout: Duration) async throws(KafkaError) {
        let id = lastID.add(1, ordering: .relaxed).newValue
        limits.withLock { $0[id] = timeout }
        defer { limits.withLock { $0[id] = nil } }
        let result = await withTaskCancellationHandler {
            await suspend { (waiter: Waiter) in
                switch machine.withLock({ $0.begin(id: id, isCancelled: Task.isCancelled, waiter: waiter) }) {
                case .parked: break
                case .prepare(let debt): prepare(debt, timeout: timeout)
                case .granted: waiter.resume(returning: .success(()))
                case .refused(let error): waiter.resume(returning: .failure(error))
                }
            }
        } onCancel: {
            machine.withLock { $0.cancel(id: id) }?.resume(returning: .failure(.cancelledBeforeTransaction))
        }
        try result.get()
    }

    /// No broker takes the producer: whoever waits for a transaction is told.
    func refuse(_ error: KafkaError) {
        for waiter in machine.withLock({ $0.refuse() }) { waiter.resume(returning: .failure(error)) }
    }

    private func prepare(_ debt: TransactionDebt, timeout: Duration) {
        let deadline = ContinuousClock.Instant.after(timeout)
        thread.submit { [self] in
            let end = calls.prepare(debt, deadline: deadline)
            if debt == .commit, end.debt == .begun || end.debt == .none {
                log.log(.warning, "TXNCOMMIT", "a commit that was not answered in time has come to its end")
            }
            perform(machine.withLock { $0.prepared(end) })
        }
    }

    private func perform(_ action: Machine.Action) {
        action.granted?.resume(returning: .success(()))
        for (waiter, error) in action.refused { waiter.resume(returning: .failure(error)) }
        if let (debt, id) = action.prepare { prepare(debt, timeout: limits.withLock { $0[id] } ?? timeout) }
        if let debt = action.settle { settle(debt) }
        onChange()
    }

    // MARK: In a transaction

    /// Adds offsets to the open transaction. Cancellation has no effect.
    func sendOffsets(_ offsets: [PartitionOffset], of group: GroupMetadata, timeout: Duration) async throws(KafkaError)
    {
        let deadline = ContinuousClock.Instant.after(timeout)
        let end = await call { calls in
            TransactionEnd(debt: .none, error: calls.sendOffsets(offsets, of: group, deadline: deadline))
        }
        if let error = end.error { throw error }
    }

    /// Commits the open transaction. Cancellation has no effect: what has become of it is known in the end, or said not to be.
    ///
    /// - Parameter isPatient: whether to go on beyond the timeout, keeping the turn, until the outcome is known or the task is
    ///   cancelled.
    func commit(timeout: Duration, isPatient: Bool) async throws(KafkaError) {
        var unknown: KafkaError?
        while true {
            // Not faster than once a second.
            let deadline = ContinuousClock.Instant.after(unknown == nil ? timeout : max(timeout, .seconds(1)))
            let end = await call { $0.commit(deadline: deadline) }
            // The producer has ended: what was not known will not be known.
            if end.error?.code == .clientClosed, let unknown { throw unknown }
            if isPatient, end.debt == .commit, let error = end.error, !Task.isCancelled {
                if unknown == nil { log.log(.warning, "TXNCOMMIT", error.description) }
                unknown = error
                continue
            }
            perform(machine.withLock { $0.ended(end) })
            if let error = end.error { throw error }
            return
        }
    }

    /// Aborts the open transaction. What goes wrong is logged: the next transaction deals with it.
    func abort(timeout: Duration) async {
        let deadline = ContinuousClock.Instant.after(timeout)
        let end = await call { $0.abort(deadline: deadline) }
        perform(machine.withLock { $0.ended(end) })
        guard let error = end.error, error.code != .clientClosed else { return }
        log.log(.warning, "TXNABORT", "a transaction is not aborted yet: \(error)")
    }

    /// The open transaction has met an error that ends this producer.
    func fail(_ error: KafkaError) {
        perform(machine.withLock { $0.ended(TransactionEnd(debt: .none, error: error)) })
    }

    private func call(
        _ body: @escaping @Sendable (TransactionCalls<Handle>) -> TransactionEnd
    ) async -> TransactionEnd {
        guard machine.withLock({ $0.call() }) else { return TransactionEnd(debt: .none, error: .closedInTransaction) }
        return await thread.run { [self] in
            let end = body(calls)
            machine.withLock { $0.called() }
            onChange()
            return end
        }
    }

    // MARK: The end

    /// No transaction begins from now on; what an earlier one has left is done, if there is time.
    func close(_ error: KafkaError, deadline: ContinuousClock.Instant) {
        let (refused, debt) = machine.withLock { $0.close(error, deadline: deadline) }
        for waiter in refused { waiter.resume(returning: .failure(error)) }
        if let debt { settle(debt) }
    }

    private func settle(_ debt: TransactionDebt) {
        thread.submit { [self] in
            let deadline = machine.withLock { $0.closeDeadline } ?? .now
            let end = calls.settle(debt, deadline: deadline)
            if let error = end.error { log.log(.warning, "TXNCLOSE", "a transaction was left unsettled: \(error)") }
            machine.withLock { $0.settled(end) }
            onChange()
        }
    }

    /// Whether a close has nothing more to wait for.
    var isOver: Bool { machine.withLock { $0.isOver } }

    /// Whether no call is made any more.
    var isStopped: Bool { machine.withLock { $0.isStopped } }

    /// The handle is to be destroyed. False while a call still uses it: its end is told by `onChange`.
    func stop() -> Bool {
        calls.stop.signal()
        return machine.withLock { $0.stop() }
    }
}

extension KafkaError {
    static let closedInTransaction = KafkaError(
        .clientClosed,
        "the producer was closed before its transaction was committed: the cluster aborts it when its time is over"
    )
}
