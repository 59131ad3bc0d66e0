/// Lifts the linger for records that somebody awaits: Nagle's rule for Kafka.
///
/// A kick is a flush of one millisecond. It wakes librdkafka's broker threads, which then send what is queued without waiting
/// for the linger; so a batch is what gathered during the last round trip. The flush blocks, hence a thread of its own. While
/// somebody waits in `flush`, the linger stays lifted; and also while the client is cold, from its start or a broker's failure
/// until the first report: a kick would pass before there is a connection, and nothing flows that could be batched.
///
/// A millisecond may pass before a broker thread gets a processor, and no event says that what was queued has left. So a flush
/// after which records are left is made again after 20 ms, and then ever more rarely, unless a report has come meanwhile, whose
/// reader kicks.
///
/// A kick for later leaves it to the reports of what is on its way to bring another; without one the flush is made after 20 ms too.
///
/// The thread sleeps in a condition and is woken by kicks and, while a flush is without an answer, by that time limit.
package final class FlushThread: Sendable {
    private struct State {
        var isKicked = false
        /// Something is queued that waits for the reports of what was queued before it.
        var isKickedLater = false
        /// The thread sleeps for a limited time: `isKickedLater` needs no wake-up.
        var isPatient = false
        var isIdle = true
        var holds = 0
        var isCold = true
        /// A record was delivered since the last flush began.
        var isAnswered = false
        var isStopped = false
        var hasEnded = false

        /// A flush begins, which is for all that is queued.
        mutating func forgetLater() {
            isKickedLater = false
            isPatient = false
        }
    }

    /// Milliseconds of one flush while the linger stays lifted: the longest that `stop()` waits.
    private static let slice: Int32 = 50

    /// Milliseconds until a flush without an answer is made again: at first, and at most.
    private static let patience = (first: 20, longest: 1000)

    private let state = Locked(State())
    private let handle: Handle

    package init(_ handle: Handle) {
        self.handle = handle
    }

    package func start(name: String) -> Int32 {
        let error = NativeThread.start(name: name) { [self] in
            serve()
        }
        if error != 0 { state.withLock { $0.hasEnded = true } }
        return error
    }

    /// Has what is queued now sent now. Never blocks.
    package func kick() {
        state.withLock { state in
            guard !state.isKicked else { return }
            state.isKicked = true
            if state.isIdle { self.state.signal() }
        }
    }

    /// Has what is queued now sent by the next `kick()`, or without one after 20 ms. Never blocks.
    package func kickLater() {
        state.withLock { state in
            guard !state.isKicked, !state.isKickedLater else { return }
            state.isKickedLater = true
            if state.isIdle, !state.isPatient { self.state.signal() }
        }
    }

    /// Has what is queued now sent now, and keeps the linger lifted until `release()`.
    package func hold() {
        state.withLock { state in
            state.holds += 1
            // The thread may sleep in the hold before this one, whose end it has not seen yet.
            state.isKicked = true
            self.state.signal()
        }
    }

    package func release() {
        state.withLock { state in
            state.holds -= 1
            self.state.signal()
        }
    }

    /// A record was delivered: connections are up.
    package func warm() {
        state.withLock { state in
            state.isCold = false
            state.isAnswered = true
        }
    }

    /// A connection has failed: whoever waits, waits for a new one.
    package func cool() {
        state.withLock { state in
            state.isCold = true
            state.isKicked = true
            if state.isIdle { self.state.signal() }
        }
    }

    /// Ends the thread and waits for it: not longer than one slice of a flush.
    package func stop() {
        state.withLock { state in
            state.isStopped = true
            self.state.signal()
        }
        state.wait { $0.hasEnded ? true : nil }
    }

    private func serve() {
        // Set while a flush is without an answer.
        var patience: Int?
        loop: while true {
            let step: Step? =
                if let patience {
                    state.wait(milliseconds: patience, until: nextStep)
                } else {
                    state.wait(until: nextStep)
                }
            let timeout: Int32
            switch step {
            case .end:
                break loop
            case .beginPatience:
                patience = Self.patience.first
                continue
            case nil:
                // Nobody has kicked for so long: once more, unless there were reports, and nothing has come behind them.
                let isDone = state.withLock { state in
                    defer { state.forgetLater() }
                    return state.isAnswered && !state.isKickedLater
                }
                let isAllSent = isDone || handle.flush(timeout: 1)
                patience = isAllSent ? nil : patience.map { min(2 * $0, Self.patience.longest) }
                continue
            case .flush(let milliseconds):
                timeout = milliseconds
            }
            patience = nil
            if handle.flush(timeout: timeout) {
                if timeout > 1 { waitForMore() }
            } else {
                if timeout == 1 { patience = Self.patience.first }
                state.withLock { state in
                    state.isPatient = timeout == 1
                    // Still cold: nothing but this thread lifts the linger for what is queued.
                    if state.isCold { state.isKicked = true }
                }
            }
        }
        state.withLock { state in
            state.hasEnded = true
            self.state.signal()
        }
    }

    private enum Step {
        case flush(milliseconds: Int32)
        /// Sleep for a limited time.
        case beginPatience
        case end
    }

    private func nextStep(_ state: inout State) -> Step? {
        if state.isStopped { return .end }
        guard state.isKicked || state.holds > 0 else {
            if state.isKickedLater, !state.isPatient {
                // Until the flush: what comes later does not put it off.
                state.isPatient = true
                return .beginPatience
            }
            state.isIdle = true
            return nil
        }
        state.isIdle = false
        state.isKicked = false
        state.isAnswered = false
        state.forgetLater()
        return .flush(milliseconds: state.holds > 0 || state.isCold ? Self.slice : 1)
    }

    /// Held, and nothing is queued: the next record's kick, the end of the hold or of the thread goes on.
    private func waitForMore() {
        _ = state.wait { state in
            let mustGoOn = state.isKicked || state.isStopped || state.holds == 0
            state.isIdle = !mustGoOn
            return mustGoOn ? true : nil
        }
    }
}
