/// Decides which lines of a client go through: a token bucket, and a bound on the lines that wait to be written.
struct LogLimiter: Sendable {
    struct Limits: Sendable {
        /// How many lines may come at once.
        var burst = 100
        var linesPerSecond = 20
        /// How many lines may wait to be written.
        var waiting = 1000
    }

    enum Action: Equatable {
        case drop
        /// Write the line, after a line about `dropped` others if that is not 0.
        case write(dropped: Int)
    }

    private let limits: Limits
    private var tokens: Double
    private var lastTime: ContinuousClock.Instant
    private var waiting = 0
    private var dropped = 0
    private var hasOverflowed = false

    init(_ limits: Limits = Limits(), now: ContinuousClock.Instant) {
        self.limits = limits
        tokens = Double(limits.burst)
        lastTime = now
    }

    /// A line arrived.
    mutating func admit(now: ContinuousClock.Instant) -> Action {
        if now > lastTime {
            let elapsed = (now - lastTime) / .seconds(1)
            tokens = min(Double(limits.burst), tokens + elapsed * Double(limits.linesPerSecond))
            lastTime = now
        }
        guard waiting < limits.waiting else {
            dropped += 1
            hasOverflowed = true
            return .drop
        }
        guard tokens >= 1 else {
            dropped += 1
            return .drop
        }
        tokens -= 1
        waiting += 1
        return .write(dropped: takeDropped())
    }

    /// An admitted line was written.
    ///
    /// - Returns: How many were dropped for lack of room, once all that waited is written: a line says so now.
    mutating func written() -> Int {
        waiting -= 1
        return waiting == 0 && hasOverflowed ? takeDropped() : 0
    }

    /// The client has ended: how many lines were dropped and not yet spoken of.
    mutating func finish() -> Int {
        takeDropped()
    }

    private mutating func takeDropped() -> Int {
        defer {
            dropped = 0
            hasOverflowed = false
        }
        return dropped
    }
}
