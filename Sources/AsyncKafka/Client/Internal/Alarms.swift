/// Whoever waits for a time to come, by the deadline that a client's thread sleeps until. A plain value of that thread.
struct Alarms<Waiter> {
    typealias Instant = ContinuousClock.Instant

    private var waiting: [UInt64: (deadline: Instant, waiter: Waiter)] = [:]
    private var lastID: UInt64 = 0

    /// The next one; nil if nobody waits.
    ///
    /// Asked for in each turn of a thread, hence no key path: in generic code one is made anew each time, at the price of many messages.
    var deadline: Instant? { waiting.isEmpty ? nil : waiting.values.lazy.map { $0.deadline }.min() }

    var count: Int { waiting.count }

    func contains(where predicate: (Waiter) -> Bool) -> Bool {
        !waiting.isEmpty && waiting.values.contains { predicate($0.waiter) }
    }

    mutating func makeID() -> UInt64 {
        lastID += 1
        return lastID
    }

    mutating func add(_ id: UInt64, at deadline: Instant, _ waiter: Waiter) {
        waiting[id] = (deadline, waiter)
    }

    mutating func cancel(_ id: UInt64) -> Waiter? {
        waiting.removeValue(forKey: id)?.waiter
    }

    /// Those whose time has come.
    mutating func expire(now: Instant) -> [Waiter] {
        guard !waiting.isEmpty else { return [] }
        let due = waiting.filter { $0.value.deadline <= now }
        for id in due.keys { waiting[id] = nil }
        return due.values.map(\.waiter)
    }

    /// Those that fulfil a condition.
    mutating func remove(where isDone: (Waiter) -> Bool) -> [Waiter] {
        let done = waiting.filter { isDone($0.value.waiter) }
        for id in done.keys { waiting[id] = nil }
        return done.values.map(\.waiter)
    }

    /// All of them: the client ends.
    mutating func removeAll() -> [Waiter] {
        defer { waiting = [:] }
        return waiting.values.map(\.waiter)
    }
}
