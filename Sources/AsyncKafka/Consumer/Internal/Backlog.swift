/// Messages that wait to be delivered, in their order: those that are being taken, and those that came meanwhile.
///
/// The two are arrays of their own, so that neither adding a batch behind another one nor going over to it copies anything.
struct Backlog<Message> {
    private var current: [Message] = []
    private var index = 0
    private var later: [Message] = []

    var isEmpty: Bool { index == current.count && later.isEmpty }

    var count: Int { current.count - index + later.count }

    /// Whether all that there is has begun to be taken.
    var hasRoom: Bool { later.isEmpty && (index > 0 || current.isEmpty) }

    var first: Message? { index < current.count ? current[index] : later.first }

    /// What is there, the first one first.
    var messages: some Sequence<Message> { [current[index...], later[...]].joined() }

    // MARK: Taking

    mutating func popFirst() -> Message? {
        guard index < current.count || advance() else { return nil }
        defer { index += 1 }
        return current[index]
    }

    /// The next one of those that have begun to be taken. It stays where it was, as `last`, until anything else than this is called.
    mutating func popBegun() -> Message? {
        guard index > 0, index < current.count else { return nil }
        defer { index += 1 }
        return current[index]
    }

    /// What was popped last.
    var last: Message { current[index - 1] }

    /// Goes over to what came later. Returns whether there was something.
    private mutating func advance() -> Bool {
        // Or the bytes of the last batch would be kept as long as nothing comes.
        current = []
        index = 0
        swap(&current, &later)
        return !current.isEmpty
    }

    /// Takes up to `maxCount`. All that is being taken costs nothing.
    mutating func take(_ maxCount: Int) -> [Message] {
        if index == current.count { _ = advance() }
        if current.count - index < maxCount, !later.isEmpty { join() }
        var taken: [Message] = []
        if index == 0, current.count <= maxCount {
            swap(&taken, &current)
        } else {
            let end = index + min(maxCount, current.count - index)
            taken = Array(current[index..<end])
            index = end
        }
        return taken
    }

    mutating func takeAll() -> [Message] {
        join()
        var all: [Message] = []
        swap(&all, &current)
        return all
    }

    private mutating func join() {
        current.removeFirst(index)
        index = 0
        current += later
        later = []
    }

    // MARK: Adding

    mutating func append(_ messages: [Message]) {
        if later.isEmpty {
            if index == current.count {
                current = messages
                index = 0
            } else {
                later = messages
            }
        } else {
            later += messages
        }
    }

    mutating func append(_ message: Message) {
        later.append(message)
    }

    /// These come before what is there.
    mutating func putFirst(_ messages: [Message]) {
        if messages.count <= index {
            // Mostly the place that they were taken from.
            index -= messages.count
            current.replaceSubrange(index..<index + messages.count, with: messages)
        } else {
            current.replaceSubrange(0..<index, with: messages)
            index = 0
        }
    }

    mutating func removeAll(where isRemoved: (Message) -> Bool) {
        guard !isEmpty else { return }
        current.removeFirst(index)
        index = 0
        current.removeAll(where: isRemoved)
        later.removeAll(where: isRemoved)
    }
}

extension Backlog where Message: DeliverableMessage {
    /// Where the last one comes from, without a copy of it.
    var lastPlace: (epoch: PartitionEpoch, offset: Int64) { (current[index - 1].epoch, current[index - 1].offset) }
}
