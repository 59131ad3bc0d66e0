import Synchronization

/// Holds tasks up until it is opened.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [AsyncStream<Never>.Continuation] = []
    }

    private let state = Mutex(State())

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            return state.waiting
        }
        for continuation in waiting { continuation.finish() }
    }

    /// Suspends until the gate is open, or the task is cancelled.
    func pass() async {
        let (end, continuation) = AsyncStream.makeStream(of: Never.self)
        let isOpen = state.withLock { state in
            state.waiting.append(continuation)
            return state.isOpen
        }
        if isOpen { continuation.finish() }
        for await _ in end {}
    }
}
