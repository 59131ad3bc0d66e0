/// Whose turn it is to have a transaction, and what has to be done before the next one can begin.
///
/// A plain value behind the lock of the producer's `TransactionCoordinator`. What always holds:
///
/// - one transaction at a time, first come first served;
/// - each waiter is handed out exactly once;
/// - at most one job (a sequence of librdkafka's blocking calls) runs, and while one runs the handle is not destroyed.
///
/// Generic over who waits, so that tests drive it with integers.
struct TransactionStateMachine<Waiter> {
    private enum Phase {
        case idle(TransactionDebt)
        /// A job pays the debt and begins a transaction, within the time of this waiter.
        case preparing(UInt64?, TransactionDebt)
        /// Somebody has the transaction.
        case open
        /// Somebody has it, and a job adds offsets, commits or aborts.
        case calling
        /// A job pays the debt before the producer is closed.
        case settling
        /// The handle is gone or about to be.
        case stopped
    }

    private var phase = Phase.idle(.initialise)
    private var waiters: OrderedWaiters<Waiter> = .init()
    /// Why there can be no more transactions.
    private var end: KafkaError?
    /// Until when the producer closes, if it does.
    private(set) var closeDeadline: ContinuousClock.Instant?
    private var isStopping = false

    // MARK: The turn

    enum BeginAction {
        /// It waits for its turn.
        case parked
        /// It waits, and a job has to prepare its transaction.
        case prepare(TransactionDebt)
        /// The transaction is there.
        case granted
        case refused(KafkaError)
    }

    /// Somebody wants a transaction.
    mutating func begin(id: UInt64, isCancelled: Bool, waiter: Waiter) -> BeginAction {
        if let end { return .refused(end) }
        if isCancelled { return .refused(.cancelledBeforeTransaction) }
        guard case .idle(let debt) = phase else {
            waiters.append(id: id, bytes: 0, sender: waiter)
            return .parked
        }
        if debt == .begun {
            phase = .open
            return .granted
        }
        waiters.append(id: id, bytes: 0, sender: waiter)
        phase = .preparing(id, debt)
        return .prepare(debt)
    }

    /// The task that waits for its turn was cancelled. Returns the waiter if it still waits; a job that runs for it goes on, and
    /// the next one takes what comes out.
    mutating func cancel(id: UInt64) -> Waiter? {
        waiters.remove(id: id)
    }

    /// Whoever waits for a turn shall not wait any more. A job that runs for one of them goes on, and the next one takes what comes out.
    mutating func refuse() -> [Waiter] {
        waiters.removeAll()
    }

    /// What is to be done after a job.
    struct Action {
        /// Has the transaction now.
        var granted: Waiter?
        var refused: [(Waiter, KafkaError)] = []
        /// A job has to prepare the next transaction, within the time of this waiter.
        var prepare: (debt: TransactionDebt, id: UInt64)?
        /// A job has to pay this debt before the handle goes.
        var settle: TransactionDebt?
    }

    /// The job that was to prepare a transaction has ended.
    ///
    /// - Parameter result: `.begun`; or what is still to be done, and why there is no transaction. That is told to the one for
    ///   whom the job ran, and to all if it is fatal.
    mutating func prepared(_ result: TransactionEnd) -> Action {
        var action = Action()
        guard case .preparing(let owner, _) = phase else { return action }
        if let error = result.error {
            phase = .idle(result.debt)
            if error.isFatal {
                fail(error, &action)
            } else if let owner, let waiter = waiters.remove(id: owner) {
                action.refused.append((waiter, error))
            }
            goOn(result.debt, &action)
        } else if let first = waiters.removeFirst() {
            phase = .open
            action.granted = first
        } else {
            phase = .idle(.begun)
        }
        return action
    }

    /// Whoever has the transaction wants a call made. False if the producer has ended meanwhile.
    mutating func call() -> Bool {
        guard case .open = phase, !isStopping else { return false }
        phase = .calling
        return true
    }

    /// The call has returned and the transaction goes on.
    mutating func called() {
        if case .calling = phase { phase = .open }
    }

    /// The transaction is over and no call runs, with what is left to do, or why there can be no other.
    mutating func ended(_ result: TransactionEnd) -> Action {
        var action = Action()
        guard case .open = phase else { return action }
        phase = .idle(result.debt)
        if let fatal = result.fatal { fail(fatal, &action) }
        goOn(result.debt, &action)
        return action
    }

    private mutating func goOn(_ debt: TransactionDebt, _ action: inout Action) {
        guard let first = waiters.first else {
            if closeDeadline != nil, end?.isFatal != true, debt == .commit || debt == .abort {
                phase = .settling
                action.settle = debt
            }
            return
        }
        phase = .preparing(first.id, debt)
        action.prepare = (debt, first.id)
    }

    private mutating func fail(_ error: KafkaError, _ action: inout Action) {
        if end == nil {
            // What this transaction has become is not what the next ones become.
            end =
                error.code == .transactionOutcomeUnknown
                ? .fatalProducer("a transaction could not be ended").causedBy(error) : error
        }
        action.refused += waiters.removeAll().map { ($0, error) }
    }

    // MARK: The end

    /// No transaction begins from now on.
    ///
    /// - Returns: who waited, and the debt that a job has to pay before the handle goes.
    mutating func close(
        _ error: KafkaError,
        deadline: ContinuousClock.Instant
    ) -> (refused: [Waiter], settle: TransactionDebt?) {
        if end == nil { end = error }
        closeDeadline = deadline
        let refused = waiters.removeAll()
        guard case .idle(let debt) = phase, debt == .commit || debt == .abort else { return (refused, nil) }
        phase = .settling
        return (refused, debt)
    }

    /// The job of `close` has ended.
    mutating func settled(_ result: TransactionEnd) {
        if case .settling = phase { phase = .idle(result.debt) }
    }

    /// Whether nothing is open, and nothing is done that anybody has to wait for: getting an id for nobody is not.
    var isOver: Bool {
        if case .preparing(_, let debt) = phase { return waiters.isEmpty && (debt == .initialise || debt == .none) }
        return isQuiet
    }

    var isStopped: Bool {
        if case .stopped = phase { return true }
        return isStopping
    }

    /// Whether nothing is open and no job runs.
    var isQuiet: Bool {
        switch phase {
        case .idle, .stopped: true
        case .preparing, .open, .calling, .settling: false
        }
    }

    /// The handle is to be destroyed: no call is made from now on. False while a job runs.
    mutating func stop() -> Bool {
        isStopping = true
        switch phase {
        case .preparing, .calling, .settling:
            return false
        case .idle, .open, .stopped:
            phase = .stopped
            if end == nil { end = .clientClosed }
            return true
        }
    }
}

extension KafkaError {
    static let cancelledBeforeTransaction = KafkaError(
        .cancelled,
        "the task was cancelled before its transaction began"
    )
}

/// What is left to do before a transaction can begin.
enum TransactionDebt: Sendable, Equatable {
    /// The producer has no producer id yet.
    case initialise
    /// Nothing.
    case none
    /// A transaction was begun for somebody who had gone by then: it is empty, and the next one takes it.
    case begun
    /// A commit was not answered in time: librdkafka goes on with it, and takes no other call before.
    case commit
    /// An abort was not answered in time.
    case abort
}

/// What a sequence of calls has left.
struct TransactionEnd: Sendable {
    var debt: TransactionDebt
    var error: KafkaError?

    var fatal: KafkaError? { error.flatMap { $0.isFatal ? $0 : nil } }
}
