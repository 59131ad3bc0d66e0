import RdKafka

/// What a `ReaderBuffer` keeps for its reader: a queue that is bounded by a rule of its own.
protocol ReaderQueue: Sendable {
    associatedtype Element: Sendable

    /// Whether `take` would return nil.
    var isEmpty: Bool { get }

    mutating func take() -> Element?
}

/// Stands between a client's thread, which never waits, and the one task that reads.
///
/// What always holds: whoever waits is resumed exactly once, by a change that leaves something to read, by the end, or by its
/// cancellation; what was appended before the end is read before the end.
final class ReaderBuffer<Queue: ReaderQueue>: Sendable {
    private struct State {
        var queue: Queue
        var isFinished = false
        var lastReader: UInt64 = 0
        /// The loop that reads, where loops claim the buffer.
        var reader: UInt64?
        /// The task that waits.
        var parked: (id: UInt64, suspension: Suspension<Void>)?
        var lastPark: UInt64 = 0

        mutating func unpark(_ id: UInt64? = nil) -> Suspension<Void>? {
            guard let parked, id == nil || parked.id == id else { return nil }
            self.parked = nil
            return parked.suspension
        }
    }

    private enum Step {
        case element(Queue.Element?)
        case wait(UInt64)
        case busy
    }

    private let state: Locked<State>
    /// What is read, for the sentence that a second reader gets: "this consumer's events".
    private let subject: String

    init(_ queue: Queue, of subject: String) {
        state = Locked(State(queue: queue))
        self.subject = subject
    }

    /// Changes the queue, and wakes the reader if there is something for it now.
    ///
    /// - Returns: what `change` returns. Whatever the queue gives up goes out this way, so that nothing is freed under the lock.
    func update<Result>(_ change: (inout Queue) -> Result) -> Result {
        let (result, reader) = state.withLock { state in
            let result = change(&state.queue)
            return (result, state.queue.isEmpty ? nil : state.unpark())
        }
        reader?.resume(returning: ())
        return result
    }

    /// Nothing comes any more.
    func finish() {
        let reader = state.withLock { state in
            state.isFinished = true
            return state.unpark()
        }
        reader?.resume(returning: ())
    }

    // MARK: Reading

    /// A loop that claims the buffer with its first `next`, until it is released.
    func makeReader() -> UInt64 {
        state.withLock { state in
            state.lastReader += 1
            return state.lastReader
        }
    }

    func releaseReader(_ id: UInt64) {
        state.withLock { if $0.reader == id { $0.reader = nil } }
    }

    /// The next element; nil at the end, and in a cancelled task.
    ///
    /// - Parameter reader: the loop that claims the buffer; without one only two that wait at once are in each other's way.
    func next(reader: UInt64? = nil) async throws(KafkaError) -> Queue.Element? {
        while true {
            let step = state.withLock { state -> Step in
                if let current = state.reader, current != reader { return .busy }
                state.reader = reader
                if Task.isCancelled { return .element(nil) }
                if let element = state.queue.take() { return .element(element) }
                if state.isFinished { return .element(nil) }
                if state.parked != nil { return .busy }
                state.lastPark += 1
                return .wait(state.lastPark)
            }
            switch step {
            case .element(let element): return element
            case .busy: throw KafkaError(.alreadyIterating, "another loop reads \(subject)")
            case .wait(let id): await park(id)
            }
        }
    }

    private func park(_ id: UInt64) async {
        await withTaskCancellationHandler {
            await suspend { (suspension: Suspension<Void>) in
                let mustGoOn = state.withLock { state in
                    if Task.isCancelled || state.isFinished || !state.queue.isEmpty || state.parked != nil {
                        return true
                    }
                    state.parked = (id, suspension)
                    return false
                }
                if mustGoOn { suspension.resume(returning: ()) }
            }
        } onCancel: {
            state.withLock { $0.unpark(id) }?.resume(returning: ())
        }
    }
}

/// One loop's claim on a buffer; it ends with the loop's iterator: by break, throw, cancellation, or the end of its task.
final class ReaderClaim<Queue: ReaderQueue>: Sendable {
    let buffer: ReaderBuffer<Queue>
    private let id: UInt64

    init(_ buffer: ReaderBuffer<Queue>) {
        self.buffer = buffer
        id = buffer.makeReader()
    }

    deinit {
        buffer.releaseReader(id)
    }

    func next() async throws(KafkaError) -> Queue.Element? {
        try await buffer.next(reader: id)
    }
}
