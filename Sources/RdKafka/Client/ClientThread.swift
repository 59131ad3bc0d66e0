import Synchronization

/// The owner of a client's thread: the actor that stands on it.
///
/// All three methods are called on the thread, isolated to the actor.
package protocol ClientThreadOwner: Actor {
    /// Looks at everything that may have changed: flags set by callbacks, deadlines that have passed.
    func turn(now: ContinuousClock.Instant) -> ClientThread.Turn
    /// Handles one event of the control queue.
    func handle(_ event: consuming Event)
    /// Destroys the librdkafka handle. No event comes after this and nothing touches the control queue any more.
    func destroyHandle()
}

/// The one thread of a client, and the executor of its actor.
///
/// The thread sleeps in the client's control queue. It is woken by an event, by a job (`enqueue` yields the queue), by `wake()`,
/// or by the nearest deadline that its owner named; an idle client does not wake up at all. It outlives the librdkafka handle:
/// once that is destroyed it waits on a condition of its own and runs late jobs until the actor is gone, because a job that
/// is dropped never resumes its task.
///
/// `@unchecked Sendable`: what is mutable is in `state`, behind its lock, or atomic.
package final class ClientThread: SerialExecutor, @unchecked Sendable {
    /// What the thread does after a turn.
    package enum Turn {
        /// Sleep until an event or a job comes, at most until the deadline.
        case sleep(until: ContinuousClock.Instant?)
        /// Destroy the handle; only late jobs run from here on.
        case finish
    }

    private enum Job {
        case executor(UnownedJob)
        case work(@Sendable () -> Void)
    }

    private enum Phase {
        case idle
        /// The thread may sleep in this queue.
        case polling(Queue)
        /// The handle is gone; the thread sleeps in the lock's condition.
        case detached
        case ended
    }

    private struct State {
        var jobs: [Job] = []
        var phase = Phase.idle
        var isSleeping = false
        var isWoken = false
        var ownerIsGone = false
        /// Held for the thread until it has begun; from then on by `serve` alone, so that the end of `serve` lets it go.
        var owner: (any ClientThreadOwner)?

        /// Whether the control queue has to be yielded so that the thread looks at its list.
        mutating func wake() -> Bool {
            guard isSleeping else { return false }
            isSleeping = false
            return true
        }
    }

    private let state = Locked(State())
    private let threadID = Atomic<UInt>(0)
    package let name: String

    package init(name: String) {
        self.name = name
    }

    // MARK: Executor

    package func enqueue(_ job: consuming ExecutorJob) {
        add(.executor(UnownedJob(job)))
    }

    package func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }

    package func isIsolatingCurrentContext() -> Bool? {
        threadID.load(ordering: .relaxed) == NativeThread.currentID
    }

    package func checkIsolated() {
        precondition(isIsolatingCurrentContext() == true, "not on the client's thread")
    }

    /// Runs `work` on the thread. For callers that cannot suspend: `deinit`, a continuation's registration.
    package func submit(_ work: @escaping @Sendable () -> Void) {
        add(.work(work))
    }

    /// Has the owner take another turn.
    package func wake() {
        state.withLock { state in
            state.isWoken = true
            notify(&state)
        }
    }

    private func add(_ job: Job) {
        state.withLock { state in
            state.jobs.append(job)
            notify(&state)
        }
    }

    /// Called with the lock held: the queue cannot be freed meanwhile.
    private func notify(_ state: inout State) {
        switch state.phase {
        case .polling(let queue):
            if state.wake() { queue.yield() }
        case .detached:
            self.state.signal()
        case .idle, .ended:
            break
        }
    }

    // MARK: Life

    /// Starts the thread, which holds `owner` until the handle is destroyed.
    ///
    /// - Returns: 0, or the `errno` value that says why there is no thread.
    package func start(owner: any ClientThreadOwner, queue: Queue) -> Int32 {
        state.withLock { state in
            state.phase = .polling(queue)
            state.owner = owner
        }
        let error = NativeThread.start(name: name) { [self] in
            threadID.store(NativeThread.currentID, ordering: .relaxed)
            serve()
            runLateJobs()
        }
        if error != 0 {
            state.withLock { state in
                state.phase = .ended
                state.owner = nil
            }
        }
        return error
    }

    /// The actor is being deallocated: no job can come any more.
    package func ownerIsGone() {
        state.withLock { state in
            state.ownerIsGone = true
            notify(&state)
        }
    }

    private func serve() {
        let (owner, phase) = state.withLock { state in
            defer { state.owner = nil }
            return (state.owner, state.phase)
        }
        guard let owner, case .polling(let queue) = phase else { return }
        // Once for the whole life of the client: each assumption costs two allocations.
        owner.assumeIsolated { serve($0, queue) }
    }

    private func serve(_ owner: isolated some ClientThreadOwner, _ queue: Queue) {
        var jobs: [Job] = []
        while true {
            state.withLock { state in
                swap(&jobs, &state.jobs)
                state.isWoken = false
            }
            run(&jobs)

            guard case .sleep(let deadline) = owner.turn(now: .now) else { break }

            let mayNotSleep = state.withLock { state in
                state.isSleeping = state.jobs.isEmpty && !state.isWoken
                return !state.isSleeping
            }
            var event = queue.poll(timeout: mayNotSleep ? 0 : Self.milliseconds(until: deadline))
            state.withLock { $0.isSleeping = false }

            // Reports come in bursts; jobs and deadlines are looked at in between.
            var budget = 64
            while let current = event.take() {
                owner.handle(current)
                budget -= 1
                if budget > 0 { event = queue.poll(timeout: 0) }
            }
        }
        state.withLock { $0.phase = .detached }
        // Whoever was resumed by the last turn does not wait for librdkafka's threads to end.
        while true {
            state.withLock { swap(&jobs, &$0.jobs) }
            if jobs.isEmpty { break }
            run(&jobs)
        }
        owner.destroyHandle()
    }

    private func runLateJobs() {
        var jobs: [Job] = []
        while true {
            let isOver = state.wait { state -> Bool? in
                if !state.jobs.isEmpty {
                    swap(&jobs, &state.jobs)
                    return false
                }
                if state.ownerIsGone {
                    state.phase = .ended
                    return true
                }
                return nil
            }
            if isOver { return }
            run(&jobs)
        }
    }

    private func run(_ jobs: inout [Job]) {
        for job in jobs {
            switch job {
            case .executor(let job): job.runSynchronously(on: asUnownedSerialExecutor())
            case .work(let work): work()
            }
        }
        jobs.removeAll(keepingCapacity: true)
    }

    /// Rounded up, so that a deadline has passed when the poll returns.
    private static func milliseconds(until deadline: ContinuousClock.Instant?) -> Int32 {
        guard let deadline else { return -1 }
        return (deadline - .now).clampedMilliseconds
    }
}

extension Duration {
    /// Whole milliseconds, rounded up, at least zero and at most what a C `int` holds.
    package var clampedMilliseconds: Int32 {
        guard self > .zero else { return 0 }
        let (seconds, attoseconds) = components
        guard seconds < Int64(Int32.max) / 1000 else { return .max }
        return Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
