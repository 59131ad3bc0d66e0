import CRdKafka
import Synchronization

/// Watches the group's requests from librdkafka's interceptors: commits must stay out of a join.
///
/// A commit that follows JoinGroup on the coordinator's connection fails, and librdkafka before 2.10 then drops the whole
/// assignment as lost (confluentinc/librdkafka#4059). So commits are held from the moment JoinGroup is sent, or a
/// revoke is answered, until the rebalance event behind SyncGroup's response, a failed request, or a time limit.
///
/// Before JoinGroup is sent there may be a doubt (`JoinDoubt`), which holds them too.
///
/// The callbacks run on librdkafka's broker threads. They touch atomics, and a lock under which a commit is handed over, no more.
package final class JoinObserver: Sendable {
    /// Kafka's API keys (https://kafka.apache.org/protocol#protocol_api_keys).
    private static let offsetCommit: Int16 = 8
    private static let joinGroup: Int16 = 11
    private static let heartbeat: Int16 = 12
    private static let leaveGroup: Int16 = 13
    private static let syncGroup: Int16 = 14
    /// Of KIP-848, whose members leave by a last one.
    private static let consumerGroupHeartbeat: Int16 = 68

    /// The number of the join under way, 0 if there is none. Even numbers are expected, odd ones were sent.
    private let current = Atomic<Int>(0)
    private let last = Atomic<Int>(0)
    /// The join whose SyncGroup was answered.
    private let synced = Atomic<Int>(0)
    /// Whether a commit was cut off with its connection, which librdkafka keeps and repeats.
    private let hasCutOffCommit = Atomic<Bool>(false)
    private let overtaken = Atomic<Int>(0)
    private let outdated = Atomic<Int>(0)
    private let isConnected = Atomic<Bool>(false)
    private let closesAlone = Atomic<Bool>(false)
    private let left = Atomic<Bool>(false)
    private let isClosing = Atomic<Bool>(false)
    private let isOff = Atomic<Bool>(false)
    private let doubt = Locked(JoinDoubt())
    private let control = AtomicLazyReference<Queue>()

    package init() {}

    /// Whether a join is under way.
    package var isJoining: Bool { generation != nil }

    /// Tells one join from the next; nil if there is none.
    package var generation: Int? {
        if isOff.load(ordering: .relaxed) { return nil }
        let number = current.load(ordering: .acquiring)
        return number == 0 ? nil : number
    }

    /// Whether JoinGroup was sent in the join under way; otherwise it is only expected.
    package var isSent: Bool { current.load(ordering: .acquiring) % 2 == 1 }

    /// How many commits were refused because the group had moved on, and how often JoinGroup was sent while librdkafka had one
    /// that was in flight when the connection to the coordinator ended. Such a commit it repeats by itself, `retry.backoff.ms` after it
    /// failed, and nobody can take it back: no holding helps.
    package var commitsOutOfJoin: (outdated: Int, overtaken: Int) {
        (outdated.load(ordering: .acquiring), overtaken.load(ordering: .acquiring))
    }

    /// Whether there was no connection to the coordinator when the close began, or it ended before LeaveGroup was answered.
    package var hasClosedAlone: Bool { closesAlone.load(ordering: .acquiring) }

    /// Whether the coordinator has answered that this member leaves.
    package var hasLeft: Bool { left.load(ordering: .acquiring) }

    /// A revoke was answered: librdkafka joins again at once.
    package func joinIsExpected() {
        // A join that has begun meanwhile is not undone.
        let number = last.add(2, ordering: .relaxed).newValue / 2 * 2
        _ = current.compareExchange(expected: 0, desired: number, ordering: .acquiringAndReleasing)
    }

    // MARK: Before a join

    /// The group is a cooperative one.
    func watchForJoins() {
        guard Engine.losesAssignments else { return }
        doubt.withLock { $0.isOn = true }
    }

    /// Whether commits are held, by a join or by a doubt.
    package func isHolding(now: ContinuousClock.Instant) -> Bool {
        deciding(now: now) { $0 }
    }

    /// Hands a commit over unless it is held. No heartbeat's answer reaches librdkafka's main thread between the decision and
    /// that: what is handed over before is sent before the join.
    package func deciding<Result>(now: ContinuousClock.Instant, _ body: (_ isHeld: Bool) -> Result) -> Result {
        doubt.withLock { doubt in
            body(isJoining || (doubt.isInDoubt(now: now) && !isOff.load(ordering: .relaxed)))
        }
    }

    /// What has to be proven for the doubt to end, and when it can be; nil if there is none.
    package var proof: (number: Int, notBefore: ContinuousClock.Instant?)? { doubt.withLock { $0.proof } }

    /// No JoinGroup has followed what raised this doubt.
    package func prove(_ number: Int) {
        doubt.withLock { $0.prove(number) }
    }

    /// A commit has its result: librdkafka has it no more.
    package func commitEnded(code: Int32) {
        if code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION.rawValue { outdated.add(1, ordering: .releasing) }
        hasCutOffCommit.store(false, ordering: .releasing)
    }

    // MARK: The join

    /// The rebalance event that follows SyncGroup has come. A join that has begun since is not touched.
    package func settle() {
        let generation = synced.exchange(0, ordering: .acquiringAndReleasing)
        if generation != 0 { giveUp(generation) }
    }

    /// The join has taken too long; a newer one is not touched.
    package func giveUp(_ generation: Int) {
        _ = current.compareExchange(expected: generation, desired: 0, ordering: .acquiringAndReleasing)
    }

    /// Nothing is held from here on. For tests that show what holding is good for.
    package func switchOff() {
        isOff.store(true, ordering: .relaxed)
    }

    func attach(to queue: Queue) {
        _ = control.storeIfNil(queue)
    }

    /// The member is about to leave.
    func closeBegins() {
        isClosing.store(true, ordering: .releasing)
        if !isConnected.load(ordering: .acquiring) { closesAlone.store(true, ordering: .releasing) }
    }

    func requestSent(_ key: Int16) {
        // The last one says that the member leaves.
        if key == Self.consumerGroupHeartbeat { left.store(false, ordering: .releasing) }
        // A close waits for it.
        if key == Self.leaveGroup { notify() }
        guard key == Self.joinGroup else { return }
        left.store(false, ordering: .releasing)
        if hasCutOffCommit.load(ordering: .acquiring) { overtaken.add(1, ordering: .releasing) }
        current.store(last.add(2, ordering: .relaxed).newValue / 2 * 2 + 1, ordering: .releasing)
        doubt.withLock { $0.joinSent(now: .now) }
        notify()
    }

    /// - Parameter hasFailed: whether no response came. What a response says is not known here.
    func responseReceived(_ key: Int16, hasFailed: Bool) {
        if key == Self.offsetCommit, hasFailed { hasCutOffCommit.store(true, ordering: .releasing) }
        if key == Self.heartbeat, !hasFailed { doubt.withLock { $0.heartbeatAnswered() } }
        let isFarewell =
            key == Self.leaveGroup
            || (key == Self.consumerGroupHeartbeat && isClosing.load(ordering: .acquiring))
        if isFarewell, hasFailed { closesAlone.store(true, ordering: .releasing) }
        if isFarewell, !hasFailed { left.store(true, ordering: .releasing) }
        guard key == Self.syncGroup || key == Self.joinGroup else { return }
        if hasFailed {
            // The doubt first: commits are held by one or the other.
            doubt.withLock { $0.joinFailed(now: .now) }
            current.store(0, ordering: .releasing)
        } else if key == Self.syncGroup {
            // The response may still hold an error, after which librdkafka joins again.
            synced.store(current.load(ordering: .acquiring), ordering: .releasing)
            return
        } else {
            return
        }
        notify()
    }

    /// A connection has changed, told in librdkafka's words.
    func connectionChanged(of broker: String, to state: String) {
        // The coordinator has a connection of its own, by this name.
        guard broker == "GroupCoordinator" else { return }
        isConnected.store(state == "UP" || state == "UPDATE", ordering: .releasing)
        // Before what was in flight on it fails.
        if state == "DOWN" { doubt.withLock { $0.coordinatorGone() } }
    }

    /// Has the client's thread look.
    func notify() {
        control.load()?.yield()
    }
}
