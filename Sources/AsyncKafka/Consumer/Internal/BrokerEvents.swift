/// Which news of its brokers a consumer tells. Belongs to the client's thread.
///
/// librdkafka may say several times that all brokers are down, and never that one is back; it tells of each answer that a broker
/// holds back.
struct BrokerEvents {
    typealias Instant = ContinuousClock.Instant

    /// A broker that goes on holding back is told of again after this time.
    static let throttleSilence = Duration.seconds(10)

    private(set) var areAllDown = false
    private var throttles: [String: (told: Instant, longest: Duration)] = [:]

    /// Returns whether that is news.
    mutating func allDown() -> Bool {
        defer { areAllDown = true }
        return !areAllDown
    }

    /// A broker has answered. Returns whether that is news.
    mutating func served() -> Bool {
        defer { areAllDown = false }
        return areAllDown
    }

    /// A broker has held back an answer. Returns the longest time since it was last told of, if it is to be told of now.
    mutating func throttled(_ broker: String, _ time: Duration, now: Instant) -> Duration? {
        guard let last = throttles[broker] else {
            throttles[broker] = (now, .zero)
            return time
        }
        let longest = max(last.longest, time)
        let isDue = now >= last.told + Self.throttleSilence
        throttles[broker] = isDue ? (now, .zero) : (last.told, longest)
        return isDue ? longest : nil
    }
}
