import RdKafka

/// Something that happens once, and that any number of tasks wait for.
final class Signal: Sendable {
    private struct State {
        var hasHappened = false
        var lastID = 0
        var waiting: [Int: Suspension<Void>] = [:]
    }

    private let state = Locked(State())

    var hasHappened: Bool { state.withLock { $0.hasHappened } }

    /// It has happened.
    func set() {
        let waiting = state.withLock { state in
            state.hasHappened = true
            defer { state.waiting = [:] }
            return state.waiting
        }
        for continuation in waiting.values { continuation.resume() }
    }

    /// Suspends until it has happened, or the task is cancelled.
    func wait() async {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        await withTaskCancellationHandler {
            await suspend { (continuation: Suspension<Void>) in
                let goesOn = state.withLock { state in
                    if state.hasHappened || Task.isCancelled { return true }
                    state.waiting[id] = continuation
                    return false
                }
                if goesOn { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: id) }?.resume()
        }
    }
}
