/// A few threads, made on demand, for C calls that exist in blocking form only.
///
/// Never the cooperative pool, never a client's own thread, which must go on serving its events. A thread that finds nothing to
/// do ends.
package final class BlockingThreads: Sendable {
    /// For calls that belong to no client.
    package static let shared = BlockingThreads(limit: 4)

    private struct State {
        var waiting: [@Sendable () -> Void] = []
        var running = 0
    }

    private let state = Locked(State())
    private let limit: Int

    package init(limit: Int) {
        self.limit = limit
    }

    /// Suspends until `body` has run on one of the threads.
    ///
    /// Not cancellable: C cannot be stopped half-way. Callers race it with a deadline where they need one.
    package func run<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
        await suspend { suspension in
            submit { suspension.resume(returning: body()) }
        }
    }

    /// Has `work` run on one of the threads.
    package func submit(_ work: @escaping @Sendable () -> Void) {
        let needsThread = state.withLock { state in
            state.waiting.append(work)
            guard state.running < limit else { return false }
            state.running += 1
            return true
        }
        guard needsThread else { return }
        let error = NativeThread.start(name: "kafka-blocking") { [self] in serve() }
        guard error != 0 else { return }
        // No thread can be had. Whoever runs already takes the work; else the caller's thread has to.
        let mustRun = state.withLock { state in
            state.running -= 1
            return state.running == 0
        }
        if mustRun { while let work = next() { work() } }
    }

    private func serve() {
        while let work = next(ending: true) { work() }
    }

    private func next(ending: Bool = false) -> (@Sendable () -> Void)? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                if ending { state.running -= 1 }
                return nil
            }
            return state.waiting.removeFirst()
        }
    }
}
