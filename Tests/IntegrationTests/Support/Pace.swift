import RdKafka

/// How far each of many senders may go. A test moves them by events: it opens the gate and waits for what becomes of the records,
/// and knows of no time.
final class Pace: Sendable {
    struct Counts {
        /// Records that were let through.
        var started = 0
        /// Of these, those whose outcome is known.
        var delivered = 0
        var failed = 0

        var inFlight: Int { started - delivered - failed }
    }

    private struct State {
        var counts = Counts()
        /// How many records each sender has been let through with, and how many it may be.
        var passed: [Int]
        var limits: [Int]
        /// Every sender stops for good at this many records.
        var end: Int?
        /// Replaced whenever the limits change.
        var moved = Signal()
        var watchers: [(condition: @Sendable (Counts) -> Bool, signal: Signal)] = []

        mutating func watchersThatAreDone() -> [Signal] {
            guard !watchers.isEmpty else { return [] }
            let counts = counts
            let done = watchers.filter { $0.condition(counts) }.map(\.signal)
            if !done.isEmpty { watchers.removeAll { $0.condition(counts) } }
            return done
        }
    }

    private let state: Locked<State>

    init(senders: Int) {
        let none = [Int](repeating: 0, count: senders)
        state = Locked(State(passed: none, limits: none))
    }

    var counts: Counts { state.withLock { $0.counts } }

    /// The most that any sender has been let through with.
    var furthest: Int { state.withLock { $0.passed.max() ?? 0 } }

    // MARK: Senders

    /// Suspends until the sender may send its next record. Nil is the end.
    func next(_ sender: Int) async -> Int? {
        while !Task.isCancelled {
            enum Turn {
                case pass(Int)
                case wait(Signal)
                case end
            }
            let turn = state.withLock { state -> Turn in
                let sequence = state.passed[sender]
                if let end = state.end, sequence >= end { return .end }
                guard sequence < state.limits[sender] else { return .wait(state.moved) }
                state.passed[sender] += 1
                state.counts.started += 1
                return .pass(sequence)
            }
            switch turn {
            case .pass(let sequence): return sequence
            case .wait(let moved): await moved.wait()
            case .end: return nil
            }
        }
        return nil
    }

    /// The outcome of a record that was let through is known.
    func resolved(isDelivered: Bool) {
        let signals = state.withLock { state in
            if isDelivered { state.counts.delivered += 1 } else { state.counts.failed += 1 }
            return state.watchersThatAreDone()
        }
        for signal in signals { signal.set() }
    }

    // MARK: The test

    /// Everyone may send without end, until told otherwise.
    func open() { move { $0.limits = $0.limits.map { _ in .max } } }

    /// Everyone may send this many records in all.
    func open(to limit: Int) { move { $0.limits = $0.limits.map { _ in limit } } }

    /// Everyone may send one more record.
    func openForOne() { move { $0.limits = $0.passed.map { $0 + 1 } } }

    /// Nobody starts another record.
    func shut() { move { $0.limits = $0.passed } }

    /// Everyone sends this many records in all, and then ends.
    func finish(at end: Int) {
        move { state in
            state.end = end
            state.limits = state.limits.map { _ in end }
        }
    }

    private func move(_ change: (inout State) -> Void) {
        let moved = state.withLock { state in
            change(&state)
            defer { state.moved = Signal() }
            return state.moved
        }
        moved.set()
    }

    /// Suspends until the counts fulfil the condition.
    func until(_ condition: @escaping @Sendable (Counts) -> Bool) async throws {
        let signal = Signal()
        let isFulfilled = state.withLock { state in
            guard !condition(state.counts) else { return true }
            state.watchers.append((condition, signal))
            return false
        }
        if !isFulfilled { await signal.wait() }
        try Task.checkCancellation()
    }

    /// Suspends until everything that everyone may send has its outcome.
    func untilAllIsSettled() async throws {
        let allowed = state.withLock { $0.limits.reduce(0, +) }
        try await until { $0.delivered + $0.failed >= allowed }
    }
}
