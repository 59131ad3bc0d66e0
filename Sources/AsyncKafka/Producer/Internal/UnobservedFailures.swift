import Synchronization

/// The failures of one producer that nobody has asked for yet. Any thread.
final class UnobservedFailures: Sendable {
    private let number = Atomic<Int>(0)
    private let log: LogSink

    init(_ log: LogSink) {
        self.log = log
    }

    var count: Int { number.load(ordering: .relaxed) }

    func arose() {
        number.add(1, ordering: .relaxed)
    }

    /// Somebody asked after all.
    func wasObserved() {
        number.subtract(1, ordering: .relaxed)
    }

    /// Nobody can ask any more.
    func wasDropped(_ error: KafkaError) {
        log.log(.warning, "DELIVERY", "a record failed and nobody asked for its delivery: \(error)")
    }
}
