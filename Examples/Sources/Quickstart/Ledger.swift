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
        var readers: [AsyncStream<Never>.Continuation] = []

        var isRead: Bool { isSent && unread.isEmpty }
    }

    private let state: Mutex<State>

    init(orders: Int) {
        let none = [Bool](repeating: false, count: orders)
        state = Mutex(State(isDelivered: none, isProcessed: none))
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

    /// A member has read a partition to its end.
    func reachEnd(of partition: Int) {
        let readers = state.withLock { state in
            state.unread.remove(partition)
            return state.isRead ? state.readers : []
        }
        for reader in readers { reader.finish() }
    }

    /// Suspends until members have read all partitions to their ends, or the task is cancelled.
    func everythingIsRead() async {
        let (ends, reader) = AsyncStream.makeStream(of: Never.self)
        let isRead = state.withLock { state in
            state.readers.append(reader)
            return state.isRead
        }
        if isRead { reader.finish() }
        for await _ in ends {}
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
