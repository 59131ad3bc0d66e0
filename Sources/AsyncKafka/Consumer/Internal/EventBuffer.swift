import RdKafka

/// The bounded queue between the client's thread and whoever reads the consumer's events.
///
/// The thread never waits. When nobody reads fast enough the oldest events go first, those that are no errors before the errors,
/// and their number stands in their place.
final class EventBuffer: Sendable {
    struct State {
        var events: [KafkaConsumerEvent] = []
        var missed = 0
        var isFinished = false
        var parked: (id: UInt64, suspension: Suspension<Void>)?
        var lastID: UInt64 = 0

        mutating func append(_ event: KafkaConsumerEvent, limit: Int) {
            guard !isFinished else { return }
            if events.count >= limit {
                events.remove(at: events.firstIndex { $0.kind != .error } ?? 0)
                missed += 1
            }
            events.append(event)
        }

        mutating func take() -> KafkaConsumerEvent? {
            if missed > 0 {
                defer { missed = 0 }
                return .missed(missed)
            }
            return events.isEmpty ? nil : events.removeFirst()
        }

        mutating func unpark(_ id: UInt64? = nil) -> Suspension<Void>? {
            guard let parked, id == nil || parked.id == id else { return nil }
            self.parked = nil
            return parked.suspension
        }
    }

    private let state = Locked(State())
    private let limit: Int

    init(limit: Int = 1000) {
        self.limit = limit
    }

    func append(_ event: KafkaConsumerEvent) {
        let reader = state.withLock { state in
            state.append(event, limit: limit)
            return state.unpark()
        }
        reader?.resume(returning: ())
    }

    /// No event comes any more.
    func finish() {
        let reader = state.withLock { state in
            state.isFinished = true
            return state.unpark()
        }
        reader?.resume(returning: ())
    }

    /// The next event; nil at the end, and in a cancelled task.
    func next() async throws(KafkaError) -> KafkaConsumerEvent? {
        while true {
            enum Step {
                case event(KafkaConsumerEvent?)
                case wait(UInt64)
                case busy
            }
            let step = state.withLock { state -> Step in
                if Task.isCancelled { return .event(nil) }
                if let event = state.take() { return .event(event) }
                if state.isFinished { return .event(nil) }
                if state.parked != nil { return .busy }
                state.lastID += 1
                return .wait(state.lastID)
            }
            switch step {
            case .event(let event): return event
            case .busy: throw KafkaError(.alreadyIterating, "another loop reads this consumer's events")
            case .wait(let id): await park(id)
            }
        }
    }

    private func park(_ id: UInt64) async {
        await withTaskCancellationHandler {
            await suspend { (suspension: Suspension<Void>) in
                let mustGoOn = state.withLock { state in
                    if Task.isCancelled || state.isFinished || !state.events.isEmpty || state.parked != nil {
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
