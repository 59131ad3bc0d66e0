import RdKafka
import Synchronization
import TestSupport
import Testing

/// The thread, its queue, wake-ups and end, over a real librdkafka handle without a broker.
@Suite(.timeLimit(.minutes(2)))
struct ClientThreadTests {
    /// An actor on a client's thread, as the library's cores are.
    private actor Resident: ClientThreadOwner {
        nonisolated let handle: Handle
        nonisolated let thread: ClientThread
        nonisolated let isFinishing = Flag()
        nonisolated let isDestroyed = Flag()
        nonisolated let turns = Atomic<Int>(0)
        private let onDeinit: @Sendable () -> Void
        private var count = 0

        nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe thread.asUnownedSerialExecutor() }

        init(_ name: String, onDeinit: @escaping @Sendable () -> Void = {}) throws {
            let configuration = Configuration()
            #expect(configuration.set("log.queue", "true") == .ok)
            handle = try Handle(.producer, configuration)
            thread = ClientThread(name: name)
            self.onDeinit = onDeinit
            #expect(thread.start(owner: self, queue: handle.control) == 0)
        }

        deinit {
            thread.ownerIsGone()
            onDeinit()
        }

        func turn(now: ContinuousClock.Instant) -> ClientThread.Turn {
            turns.add(1, ordering: .relaxed)
            return isFinishing.isRaised ? .finish : .sleep(until: nil)
        }

        func handle(_ event: consuming Event) {}

        func destroyHandle() {
            handle.destroy()
            isDestroyed.raise()
        }

        func increment() -> Int {
            count += 1
            return count
        }

        func isOnItsThread() -> Bool {
            thread.isIsolatingCurrentContext() == true
        }

        nonisolated func finish() {
            isFinishing.raise()
            thread.wake()
        }
    }

    @Test
    func theActorRunsOnItsThread() async throws {
        let resident = try Resident("kafka-test")
        #expect(await resident.isOnItsThread())
        #expect(resident.thread.isIsolatingCurrentContext() == false)
        resident.finish()
    }

    @Test
    func jobsAfterTheEndOfTheHandleStillRun() async throws {
        let resident = try Resident("kafka-test")
        resident.finish()
        // Whichever comes first, the end or the call: it returns.
        for expected in 1...100 { #expect(await resident.increment() == expected) }
        // All of them may have come before it: jobs that are there go first.
        while !resident.isDestroyed.isRaised { _ = await resident.increment() }
        #expect(await resident.increment() > 100)
    }

    @Test
    func theThreadEndsWithItsActor() async throws {
        await confirmation { gone in
            await withCheckedContinuation { continuation in
                do {
                    let resident = try Resident("kafka-test", onDeinit: { continuation.resume() })
                    resident.finish()
                } catch {
                    Issue.record(error)
                    continuation.resume()
                }
            }
            gone()
        }
    }

    /// No wake-up is lost: each call returns although nothing else would wake the thread. In random order, from many tasks, with
    /// the end of the handle somewhere in between.
    @Test(arguments: 0..<10)
    func noWakeUpIsLost(round: Int) async throws {
        let resident = try Resident("kafka-test")
        let seed = UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        let submitted = Counter()
        let total = await withTaskGroup(of: Int.self, returning: Int.self) { group in
            for task in 0..<8 {
                group.addTask {
                    var random = SplitMix(state: seed &+ UInt64(task))
                    var calls = 0
                    for _ in 0..<500 {
                        switch Int.random(in: 0..<8, using: &random) {
                        case 0: resident.thread.wake()
                        case 1: await Task.yield()
                        case 2:
                            // A job that cannot suspend.
                            await withCheckedContinuation { continuation in
                                resident.thread.submit {
                                    submitted.add(1)
                                    continuation.resume()
                                }
                            }
                        default:
                            _ = await resident.increment()
                            calls += 1
                        }
                    }
                    if task == 0 { resident.finish() }
                    return calls
                }
            }
            return await group.reduce(0, +)
        }
        #expect(await resident.increment() == total + 1, "seed \(seed)")
    }

    @Test
    func anIdleThreadDoesNotTurn() async throws {
        let idle = try Resident("kafka-idle")
        let busy = try Resident("kafka-busy")
        _ = await idle.increment()
        // The turn after that job.
        _ = await idle.increment()
        let turns = idle.turns.load(ordering: .relaxed)
        for _ in 0..<2000 { _ = await busy.increment() }
        // The turn after its last job, and the wake-ups for both jobs if they came while it was awake: the queue remembers them, and the
        // next polls return empty. A thread that turns with the other, or by a timer, has hundreds.
        #expect(idle.turns.load(ordering: .relaxed) - turns <= 3)
        #expect(busy.turns.load(ordering: .relaxed) >= 2)
        idle.finish()
        busy.finish()
    }

    @Test
    func blockingCallsRunBesideEachOtherUpToTheLimit() async {
        let threads = BlockingThreads(limit: 3)
        let running = Counter()
        let most = Counter()
        let done = await withTaskGroup(of: Int.self, returning: Int.self) { group in
            for number in 0..<50 {
                group.addTask {
                    await threads.run {
                        most.raise(to: running.add(1))
                        running.add(-1)
                        return number
                    }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(done == 1225)
        #expect((1...3).contains(most.value))
    }
}

/// A number that many threads change.
final class Counter: Sendable {
    private let number = Atomic<Int>(0)

    var value: Int { number.load(ordering: .sequentiallyConsistent) }

    @discardableResult
    func add(_ change: Int) -> Int {
        number.add(change, ordering: .sequentiallyConsistent).newValue
    }

    func raise(to value: Int) {
        number.max(value, ordering: .sequentiallyConsistent)
    }
}
