import RdKafka

/// What the group has asked of this consumer and is not answered yet, and the application's hook that the answer waits for.
///
/// A plain value of the consumer's actor. What always holds:
///
/// - every rebalance of librdkafka's is answered exactly once, at its deadline at the latest;
/// - a partition whose hook was called when it came is told once how it goes: revoked or lost;
/// - one hook at a time is waited for. A hook that is late is left alone, and its return means nothing.
struct RebalanceStateMachine {
    typealias Instant = ContinuousClock.Instant

    enum Hook {
        case assigned
        case revoked
        case lost
    }

    struct Pending {
        enum Kind {
            case assign
            case revoke
        }

        fileprivate enum Step {
            /// A loop still works on a message of these partitions, or another hook runs.
            case draining
            case calling
            /// Their last commits are under way.
            case committing
        }

        fileprivate(set) var kind: Kind
        let rows: [PartitionOffset]
        let epochs: [PartitionEpoch]
        let isCooperative: Bool
        let deadline: Instant
        /// Another member may own them already.
        fileprivate(set) var isLost = false
        fileprivate var step = Step.draining

        init(
            _ kind: Kind,
            rows: [PartitionOffset],
            epochs: [PartitionEpoch],
            isCooperative: Bool,
            deadline: Instant,
            isLost: Bool = false
        ) {
            self.kind = kind
            self.rows = rows
            self.epochs = epochs
            self.isCooperative = isCooperative
            self.deadline = deadline
            self.isLost = isLost
        }
    }

    /// What the decision depends on.
    struct Situation {
        var now: Instant
        /// Whether librdkafka says that the assignment is lost.
        var isLost = false
        /// Whether a loop still works on a message of these partitions.
        var isHeld = false
        /// Whether something of these partitions is still to be committed.
        var isCommitting = false
        var isClosing = false
        /// The application's time is over.
        var isLeaving = false
        /// The hooks that there are.
        var hooks: Set<Hook> = []
    }

    enum Action {
        case wait
        /// Call the hook; then ask again. What is lost is fenced before.
        case call(Hook, [PartitionEpoch], id: UInt64)
        /// Have the marks of these partitions committed, then ask again.
        case commit([PartitionEpoch])
        /// Answer librdkafka. `overdue` is the hook that did not return in time, `untold` what no hook was called for.
        case answer(Pending, overdue: Hook?, untold: [PartitionEpoch])
    }

    private(set) var pending: Pending?
    private var running: (id: UInt64, hook: Hook)?
    private var lastID: UInt64 = 0
    /// Those that a hook was told the end of.
    private var told: Set<ObjectIdentifier> = []
    /// Those that were lost before the group's assignment was answered; their revoke is still to come.
    private var lostEarly: Set<ObjectIdentifier> = []

    var deadline: Instant? { pending?.deadline }

    /// The partitions that the group waits for.
    var revoking: [PartitionEpoch] { pending.flatMap { $0.kind == .revoke ? $0.epochs : nil } ?? [] }

    /// The hook that is waited for.
    var runningHook: UInt64? { running?.id }

    /// librdkafka asks. Returns what is still unanswered and has to be answered first.
    mutating func begin(_ rebalance: Pending) -> Pending? {
        let unanswered = pending
        if let unanswered { finish(unanswered) }
        pending = rebalance
        let isLost = rebalance.epochs.contains { lostEarly.contains(ObjectIdentifier($0)) }
        if isLost, rebalance.kind == .revoke { pending?.isLost = true }
        return unanswered
    }

    mutating func proceed(_ situation: Situation) -> Action {
        guard var pending else { return .wait }
        if situation.isLost, !pending.isLost {
            pending.isLost = true
            if pending.kind == .revoke {
                self.pending = pending
                // A hook that was told of a revoke is not told again.
                guard pending.step == .draining else { return answer(pending) }
            } else if pending.isCooperative {
                // librdkafka revokes it next.
                for epoch in pending.epochs { lostEarly.insert(ObjectIdentifier(epoch)) }
                return answer(pending)
            } else {
                // librdkafka has gone on without the answer: there is nothing to read.
                pending.kind = .revoke
                pending.step = .draining
                running = nil
                self.pending = pending
            }
        }
        if situation.isLeaving { keepUntold(pending) }
        if situation.now >= pending.deadline || situation.isLeaving { return answer(pending, isLate: true) }
        return pending.kind == .assign ? proceedAssign(pending, situation) : proceedRevoke(pending, situation)
    }

    private mutating func proceedAssign(_ pending: Pending, _ situation: Situation) -> Action {
        if situation.isClosing || pending.epochs.isEmpty || !situation.hooks.contains(.assigned) {
            if situation.isClosing { keepUntold(pending) }
            return answer(pending)
        }
        guard running == nil else { return .wait }
        guard pending.step == .draining else { return answer(pending) }
        self.pending?.step = .calling
        return call(.assigned, pending.epochs)
    }

    private mutating func proceedRevoke(_ pending: Pending, _ situation: Situation) -> Action {
        switch pending.step {
        case .draining:
            guard pending.isLost || !situation.isHeld, running == nil else { return .wait }
            self.pending?.step = .calling
            let untold = untold(of: pending.epochs)
            let hook: Hook = pending.isLost ? .lost : .revoked
            guard situation.hooks.contains(hook), !untold.isEmpty else { return proceed(situation) }
            return call(hook, untold)
        case .calling:
            guard running == nil else { return .wait }
            if pending.isLost { return answer(pending) }
            self.pending?.step = .committing
            return .commit(pending.epochs)
        case .committing:
            return situation.isCommitting ? .wait : answer(pending)
        }
    }

    /// There is no time left.
    mutating func cutShort() -> Action {
        running = nil
        guard let pending else { return .wait }
        keepUntold(pending)
        return answer(pending)
    }

    /// The consumer is about to leave the group: the hook is told of what it still owns. `.wait` while it runs, and an empty
    /// `.commit` when there is nothing left to tell.
    mutating func proceedClose(_ epochs: [PartitionEpoch], isLost: Bool, hooks: Set<Hook>) -> Action {
        guard running == nil, pending == nil else { return .wait }
        let untold = untold(of: epochs)
        let hook: Hook = isLost ? .lost : .revoked
        guard hooks.contains(hook), !untold.isEmpty else { return .commit([]) }
        return call(hook, untold)
    }

    /// A hook has returned. False if nobody waits for it any more.
    mutating func returned(_ id: UInt64) -> Bool {
        guard running?.id == id else { return false }
        running = nil
        return true
    }

    /// Nothing is assigned any more, and nothing is to be answered.
    mutating func reset() {
        pending = nil
        running = nil
        told = []
        lostEarly = []
    }

    /// What no hook was told the beginning of, it is not told the end of.
    private mutating func keepUntold(_ pending: Pending) {
        guard pending.kind == .assign, pending.step == .draining else { return }
        for epoch in pending.epochs { told.insert(ObjectIdentifier(epoch)) }
    }

    private func untold(of epochs: [PartitionEpoch]) -> [PartitionEpoch] {
        epochs.filter { !told.contains(ObjectIdentifier($0)) }
    }

    private mutating func call(_ hook: Hook, _ epochs: [PartitionEpoch]) -> Action {
        if hook != .assigned { for epoch in epochs { told.insert(ObjectIdentifier(epoch)) } }
        lastID += 1
        running = (lastID, hook)
        return .call(hook, epochs, id: lastID)
    }

    private mutating func answer(_ pending: Pending, isLate: Bool = false) -> Action {
        let overdue = isLate ? running?.hook : nil
        let untold = pending.kind == .revoke ? untold(of: pending.epochs) : []
        self.pending = pending
        finish(pending)
        return .answer(pending, overdue: overdue, untold: untold)
    }

    private mutating func finish(_ pending: Pending) {
        self.pending = nil
        running = nil
        guard pending.kind == .revoke else { return }
        for epoch in pending.epochs {
            told.remove(ObjectIdentifier(epoch))
            lostEarly.remove(ObjectIdentifier(epoch))
        }
    }
}
