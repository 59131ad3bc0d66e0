/// The events that wait for their reader.
///
/// When nobody reads fast enough the oldest go first, those that tell no error before the errors, and their number stands in
/// their place.
struct EventQueue: ReaderQueue {
    private let limit: Int
    private var events: [KafkaConsumerEvent] = []
    private var missed = 0

    init(limit: Int) {
        self.limit = limit
    }

    var isEmpty: Bool { events.isEmpty && missed == 0 }

    mutating func append(_ event: KafkaConsumerEvent) {
        if events.count >= limit {
            events.remove(at: events.firstIndex { $0.error == nil } ?? 0)
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
}

/// Between the client's thread and whoever reads the consumer's events.
typealias EventBuffer = ReaderBuffer<EventQueue>

extension EventBuffer {
    convenience init(limit: Int = 1000) {
        self.init(EventQueue(limit: limit), of: "this consumer's events")
    }

    func append(_ event: KafkaConsumerEvent) {
        update { $0.append(event) }
    }
}
