/// Topics that a group subscribes to and the cluster does not have, and when to look for them.
///
/// librdkafka looks with the interval at which it looks up everything again, 5 minutes: so long nobody would read a topic that is made
/// after its readers have started. Patterns wait for that interval, as finding what matches them takes the names of all topics.
struct MissingTopics {
    typealias Instant = ContinuousClock.Instant

    static let shortest = Duration.milliseconds(500)
    static let longest = Duration.seconds(10)

    private(set) var topics: Set<String> = []
    private var wait = shortest
    private var next: Instant?
    private var isLooking = false

    /// When to look; nil while there is nothing to look for, or that is under way.
    var deadline: Instant? { isLooking || topics.isEmpty ? nil : next }

    /// The cluster does not have a topic of the subscription.
    mutating func add(_ topic: String, now: Instant) {
        guard !topic.hasPrefix("^"), topics.insert(topic).inserted else { return }
        wait = Self.shortest
        next = now + wait
    }

    /// Of another subscription: librdkafka does not tell again what it has told.
    func only(_ subscribed: [String]) -> MissingTopics {
        var copy = self
        copy.topics.formIntersection(subscribed)
        return copy
    }

    /// The topics to look for now, if it is time.
    mutating func begin(now: Instant) -> [String] {
        guard let deadline, deadline <= now else { return [] }
        isLooking = true
        return topics.sorted()
    }

    /// What is not there yet is looked for again, ever more seldom.
    mutating func end(found: Set<String>, now: Instant) {
        isLooking = false
        topics.subtract(found)
        wait = min(wait * 2, Self.longest)
        next = now + wait
    }
}
