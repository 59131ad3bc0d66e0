/// Those who wait for commits: each for one partition or several, until a deadline.
///
/// Part of `CommitStateMachine`, and a plain value like it.
struct CommitWaiters<Waiter> {
    typealias Instant = ContinuousClock.Instant

    private struct Waiting {
        let waiter: Waiter
        let deadline: Instant
        /// How many of its partitions are not done.
        var open: Int
        var errors: [KafkaTopicPartition: KafkaError] = [:]
    }

    enum Settlement {
        /// Nobody waits under this number, or not any more.
        case unknown
        /// Other partitions are still to come.
        case open
        case done(Waiter, [KafkaTopicPartition: KafkaError])
    }

    private var waiting: [UInt64: Waiting] = [:]
    /// Numbers in the order of their deadlines; those that are done are skipped.
    private var order: [UInt64] = []
    private var orderStart = 0

    /// - Parameter deadline: not before that of those who were added earlier.
    mutating func add(_ waiter: Waiter, id: UInt64, partitions: Int, deadline: Instant) {
        waiting[id] = Waiting(waiter: waiter, deadline: deadline, open: partitions)
        order.append(id)
    }

    /// One of the partitions is done, or has failed.
    mutating func settle(
        _ id: UInt64,
        _ error: (partition: KafkaTopicPartition, error: KafkaError)?
    ) -> Settlement {
        guard var entry = waiting[id] else { return .unknown }
        entry.open -= 1
        if let error { entry.errors[error.partition] = error.error }
        guard entry.open == 0 else {
            waiting[id] = entry
            return .open
        }
        waiting[id] = nil
        skipDone()
        return .done(entry.waiter, entry.errors)
    }

    mutating func remove(_ id: UInt64) -> Waiter? {
        defer { skipDone() }
        return waiting.removeValue(forKey: id)?.waiter
    }

    mutating func removeAll() -> [Waiter] {
        defer { self = CommitWaiters() }
        return waiting.values.map(\.waiter)
    }

    /// Those whose time has passed, with the errors that they have so far.
    mutating func expire(
        now: Instant
    ) -> [(id: UInt64, waiter: Waiter, errors: [KafkaTopicPartition: KafkaError])] {
        var expired: [(id: UInt64, waiter: Waiter, errors: [KafkaTopicPartition: KafkaError])] = []
        while let id = first, let entry = waiting[id], entry.deadline <= now {
            expired.append((id, entry.waiter, entry.errors))
            waiting[id] = nil
            skipDone()
        }
        return expired
    }

    var firstDeadline: Instant? { first.flatMap { waiting[$0]?.deadline } }

    /// Never one that is done.
    private var first: UInt64? { orderStart < order.count ? order[orderStart] : nil }

    private mutating func skipDone() {
        while orderStart < order.count, waiting[order[orderStart]] == nil { orderStart += 1 }
        if orderStart == order.count {
            order.removeAll(keepingCapacity: true)
            orderStart = 0
        } else if orderStart > 4096, orderStart * 2 > order.count {
            order.removeFirst(orderStart)
            orderStart = 0
        }
    }
}
