/// Senders in the order in which they came. Adding, taking the first and removing by id cost the same however many wait.
struct OrderedWaiters<Sender> {
    private struct Entry {
        let id: UInt64
        let bytes: Int
        let deadline: ContinuousClock.Instant?
        /// Nil once it was removed out of order.
        var sender: Sender?
    }

    private var entries: [Entry] = []
    /// The first entry that counts.
    private var start = 0
    /// How many entries were ever cut off at the front: positions below go on counting.
    private var cut = 0
    private var positions: [UInt64: Int] = [:]

    var count: Int { positions.count }

    var isEmpty: Bool { positions.isEmpty }

    var first: (id: UInt64, bytes: Int)? {
        isEmpty ? nil : (entries[start].id, entries[start].bytes)
    }

    /// Until when the first one waits. It is the nearest deadline of all, as all wait equally long.
    var firstDeadline: ContinuousClock.Instant? {
        isEmpty ? nil : entries[start].deadline
    }

    mutating func append(id: UInt64, bytes: Int, deadline: ContinuousClock.Instant? = nil, sender: Sender) {
        positions[id] = cut + entries.count
        entries.append(Entry(id: id, bytes: bytes, deadline: deadline, sender: sender))
    }

    mutating func removeFirst() -> Sender? {
        isEmpty ? nil : remove(id: entries[start].id)
    }

    mutating func remove(id: UInt64) -> Sender? {
        guard let position = positions.removeValue(forKey: id) else { return nil }
        let sender = entries[position - cut].sender
        entries[position - cut].sender = nil
        skipRemoved()
        return sender
    }

    mutating func removeAll() -> [Sender] {
        defer { self = OrderedWaiters() }
        return entries[start...].compactMap(\.sender)
    }

    private mutating func skipRemoved() {
        while start < entries.count, entries[start].sender == nil { start += 1 }
        // Cut rarely, so that each entry is moved about once.
        if start == entries.count || (start > 1024 && start * 2 > entries.count) {
            entries.removeFirst(start)
            cut += start
            start = 0
        }
    }
}
