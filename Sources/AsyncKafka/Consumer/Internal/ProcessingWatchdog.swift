/// Notices that nobody asks for the next message: librdkafka does not, as the client's thread always polls.
///
/// A plain value of the consumer's actor. A loop that finds nothing ready comes to the client's thread; from then on it takes
/// its messages without it, and leaves only the time behind. So this looks when the limit may have passed, not more often. What
/// always holds:
///
/// - it does not act before `limit` has passed since the last delivery, and at the first look after that;
/// - it acts once for each delivery.
struct ProcessingWatchdog {
    typealias Instant = ContinuousClock.Instant

    /// What is so when the time has come to look.
    struct Finding {
        /// A loop waits for messages, or there is nothing that could bring any.
        var isIdle = false
        /// What is to be done is paused on purpose.
        var isPaused = false
        /// Messages are there that no loop has been given.
        var isWaiting = false
        /// When a loop was last given something, if it has not asked since.
        var lastDelivery: Instant?
    }

    private struct Watch {
        /// When there was something to be done.
        var start: Instant
        var next: Instant
        /// The time of what it has acted for.
        var acted: Instant?
    }

    let limit: Duration
    private var watch: Watch?

    init(limit: Duration) {
        self.limit = limit
    }

    var deadline: Instant? { watch?.next }

    /// A loop asks for messages.
    mutating func asked() {
        watch = nil
    }

    /// There are messages that a loop has to ask for, or is given now.
    mutating func begin(now: Instant) {
        if watch == nil { watch = Watch(start: now, next: now + limit) }
    }

    func isDue(now: Instant) -> Bool { watch.map { $0.next <= now } ?? false }

    /// Returns whether the limit has passed.
    mutating func look(_ finding: Finding, now: Instant) -> Bool {
        guard var watch else { return false }
        if finding.isPaused, !finding.isIdle {
            // When it goes on, it has all its time.
            self.watch = Watch(start: now, next: now + limit)
            return false
        }
        let since = finding.lastDelivery.map { max($0, watch.start) } ?? (finding.isWaiting ? watch.start : nil)
        guard let since, !finding.isIdle else {
            self.watch = nil
            return false
        }
        let hasPassed = since + limit <= now
        let isNew = watch.acted != since
        watch.next = hasPassed ? now + limit : since + limit
        if hasPassed { watch.acted = since }
        self.watch = watch
        return hasPassed && isNew
    }
}
