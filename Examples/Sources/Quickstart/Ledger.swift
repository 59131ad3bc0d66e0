import Synchronization

/// What is known of each order, and of the run.
final class Ledger: Sendable {
    struct Counts: Sendable {
        var sent = 0
        var delivered = 0
        var failed = 0
        var processed = 0
        var duplicates = 0
        /// Delivered and not processed.
        var missing = 0
        var firstFailure: String?
    }

    /// From the first of something to the last.
    struct Span: Sendable {
        private var first: ContinuousClock.Instant?
        private var last: ContinuousClock.Instant?

        mutating func extend() {
            let now = ContinuousClock.now
            first = first ?? now
            last = now
        }

        var duration: Duration {
            guard let first, let last else { return .zero }
            return last - first
        }
    }

    private struct State {
        var counts = Counts()
        var isDelivered: [Bool]
        var isProcessed: [Bool]
        var sending = Span()
        var processing = Span()
        /// Partitions that have orders; and those whose end a member has not read yet.
        var partitions: Set<Int> = []
        var unread: Set<Int> = []
        var isSent = false
        /// Members that have not got their part of the topic yet.
        var absent: Set<Int>

        var isRead: Bool { isSent && unread.isEmpty }
    }

    private let state: Mutex<State>
    private let joined = Gate()
    private let read = Gate()

    init(orders: Int, members: Int) {
        let none = [Bool](repeating: false, count: orders)
        state = Mutex(State(isDelivered: none, isProcessed: none, absent: Set(1...members)))
    }

    // MARK: Senders

    func send() {
        state.withLock { state in
            state.counts.sent += 1
            state.sending.extend()
        }
    }

    func deliver(_ order: Int, partition: Int) {
        state.withLock { state in
            state.counts.delivered += 1
            state.isDelivered[order] = true
            state.partitions.insert(partition)
            state.sending.extend()
        }
    }

    func fail(_ error: any Error) {
        state.withLock { state in
            state.counts.failed += 1
            state.counts.firstFailure = state.counts.firstFailure ?? "\(error)"
        }
    }

    /// All orders have an outcome. Returns the partitions that have some: each gets a mark at its end.
    func finishSending() -> Set<Int> {
        state.withLock { state in
            state.isSent = true
            state.unread = state.partitions
            return state.partitions
        }
    }

    // MARK: Members

    func process(_ order: Int) {
        state.withLock { state in
            if state.isProcessed.indices.contains(order), !state.isProcessed[order] {
                state.isProcessed[order] = true
                state.counts.processed += 1
            } else {
                state.counts.duplicates += 1
            }
            state.processing.extend()
        }
    }

    /// A member has got its part of the topic, which may be empty.
    func join(_ member: Int) {
        let isComplete = state.withLock { state in
            state.absent.remove(member)
            return state.absent.isEmpty
        }
        if isComplete { joined.open() }
    }

    /// Suspends until all members have joined, or the task is cancelled.
    func everyoneHasJoined() async {
        await joined.pass()
    }

    /// A member has read a partition to its end.
    func reachEnd(of partition: Int) {
        let isRead = state.withLock { state in
            state.unread.remove(partition)
            return state.isRead
        }
        if isRead { read.open() }
    }

    /// Suspends until members have read all partitions to their ends, or the task is cancelled.
    func everythingIsRead() async {
        await read.pass()
    }

    // MARK: Results

    /// The partitions that have orders.
    var partitions: Set<Int> {
        state.withLock { $0.partitions }
    }

    var counts: Counts {
        state.withLock { state in
            var counts = state.counts
            counts.missing = zip(state.isDelivered, state.isProcessed).count { $0 && !$1 }
            return counts
        }
    }

    var durations: (sending: Duration, processing: Duration) {
        state.withLock { ($0.sending.duration, $0.processing.duration) }
    }
}
