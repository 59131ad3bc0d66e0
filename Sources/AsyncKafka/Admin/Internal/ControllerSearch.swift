/// When brokers are asked who the controller is that a call waits for.
///
/// librdkafka sends such a call once it knows a controller, but does not ask for one again if the answer that it has names none
/// (rdkafka_broker.c, `rd_kafka_broker_controller_async`). A broker's does not while the controller does not count it among the living, as
/// right behind its return; the call then waited for all of its time. A plain value of the client's thread.
struct ControllerSearch {
    typealias Instant = ContinuousClock.Instant

    /// Longer than an answer takes, as a rule, and short for whoever waits.
    static let pause = Duration.milliseconds(500)

    private var next: Instant?
    private var isAsking = false

    /// When `proceed` has something to do.
    var deadline: Instant? { isAsking ? nil : next }

    /// - Parameter isMissed: whether a call waits, and no controller is known.
    /// - Returns: whether to ask now; `asked` has to follow.
    mutating func proceed(isMissed: Bool, now: Instant) -> Bool {
        guard isMissed else {
            next = nil
            return false
        }
        guard !isAsking else { return false }
        guard let next else {
            self.next = now + Self.pause
            return false
        }
        isAsking = now >= next
        return isAsking
    }

    /// There was an answer, or none in time.
    mutating func asked(now: Instant) {
        isAsking = false
        next = now + Self.pause
    }
}
