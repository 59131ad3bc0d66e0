import Foundation

/// When a provider is asked for a token, and what its answer means. A plain value; two clocks go in, as tokens expire by that of the
/// calendar.
///
/// What always holds: at most one call is waited for. One that has taken too long is given up, and what it still returns is dropped.
struct TokenRefresh {
    typealias Instant = ContinuousClock.Instant

    enum Action {
        case nothing
        /// Ask the provider; its answer comes back with this number.
        case ask(UInt64)
        /// Give this token to librdkafka.
        case set(KafkaToken)
        /// Tell what went wrong.
        case fail(Failure)
        /// Cancel the call, and tell.
        case giveUp(Failure)
        /// Cancel the call, if there is one.
        case end
    }

    struct Failure {
        let error: KafkaError
        /// Whether the last one in a row was told with the same consequence.
        let isRepeated: Bool
        /// Whether there has been no token yet.
        let isWithoutToken: Bool
    }

    private enum State {
        /// Until librdkafka asks, or the time comes.
        case waiting(until: Instant?)
        case asking(UInt64, until: Instant)
        case ended
    }

    private let timeLimit: Duration
    private var state = State.waiting(until: nil)
    private var lastCall: UInt64 = 0
    private var lastAsked: Instant?
    /// When a refused token was last replaced, or will be.
    private var lastReplaced: Instant?
    private var failures = 0
    /// What the last failure in a row was said to lead to.
    private var told: Consequence?
    /// The token in force, nil before the first.
    private var expiration: Date?
    /// From when on another one is wanted.
    private var refreshDate: Date?

    /// Two calls are at least so far apart, whatever the lifetime of tokens.
    static let shortestPause = Duration.seconds(1)
    /// The pause after a failure doubles up to this.
    static let longestPause = Duration.seconds(10)
    /// A token that a broker refuses is replaced soon, as it may have been too young, but then not more often than this.
    static let refusalPause = Duration.seconds(10)

    /// - Parameter timeLimit: how long a call of the provider's may take.
    init(timeLimit: Duration) {
        self.timeLimit = timeLimit
    }

    /// When `expire` has something to do.
    var deadline: Instant? {
        switch state {
        case .waiting(let date): date
        case .asking(_, let limit): limit
        case .ended: nil
        }
    }

    /// librdkafka wants a token: at the start, and when four fifths of the last one's lifetime are over. It looks once a second and may
    /// say so of a token that has been replaced by then.
    mutating func requested(now: Instant, date: Date) -> Action {
        guard case .waiting = state, failures == 0 else { return .nothing }
        if let refreshDate, date < refreshDate { return .nothing }
        return ask(now: now)
    }

    /// A broker has refused the token in force, which may have been withdrawn.
    mutating func refused(now: Instant) -> Action {
        guard case .waiting(let until) = state, failures == 0, let lastAsked else { return .nothing }
        if let lastReplaced, now < lastReplaced { return .nothing }
        let date = max(lastAsked + Self.shortestPause, lastReplaced.map { $0 + Self.refusalPause } ?? lastAsked)
        lastReplaced = max(now, date)
        if now >= date { return ask(now: now) }
        // librdkafka may not say it again for half a minute.
        state = .waiting(until: earliest(until, date))
        return .nothing
    }

    mutating func expire(now: Instant, date: Date, jitter: Double) -> Action {
        switch state {
        case .waiting(let until?) where until <= now:
            return ask(now: now)
        case .asking(_, let limit) where limit <= now:
            let sentence = "the token provider has not answered within \(timeLimit)"
            return .giveUp(fail(sentence, nil, now: now, date: date, jitter: jitter))
        case .waiting, .asking, .ended:
            return .nothing
        }
    }

    /// The provider has answered.
    mutating func answered(
        _ call: UInt64,
        _ result: Result<KafkaToken, any Error>,
        now: Instant,
        date: Date,
        jitter: Double
    ) -> Action {
        guard case .asking(call, _) = state else { return .nothing }
        switch result {
        case .failure(let error):
            return .fail(fail("the token provider has failed", error, now: now, date: date, jitter: jitter))
        case .success(let token):
            if let fault = token.fault(date: date) {
                let sentence = "the token provider's token cannot be used: \(fault)"
                return .fail(fail(sentence, nil, now: now, date: date, jitter: jitter))
            }
            failures = 0
            told = nil
            expiration = token.expiration
            let lifetime = token.expiration.timeIntervalSince(date)
            refreshDate = date.addingTimeInterval(lifetime * 0.8)
            // No longer than a century: an instant cannot hold everything.
            let pause = Duration.seconds(min(lifetime * 0.8, 100 * 365 * 86_400))
            state = .waiting(until: now + max(pause, Self.shortestPause))
            return .set(token)
        }
    }

    /// librdkafka has not taken the token that was to be set.
    mutating func rejected(_ reason: String, now: Instant, date: Date, jitter: Double) -> Action {
        guard case .waiting = state else { return .nothing }
        return .fail(fail("librdkafka does not take the token: \(reason)", nil, now: now, date: date, jitter: jitter))
    }

    /// The client ends: nobody is asked any more.
    mutating func end() -> Action {
        if case .ended = state { return .nothing }
        state = .ended
        return .end
    }

    private mutating func ask(now: Instant) -> Action {
        lastCall += 1
        lastAsked = now
        state = .asking(lastCall, until: now + timeLimit)
        return .ask(lastCall)
    }

    private mutating func fail(
        _ sentence: String,
        _ cause: (any Error)?,
        now: Instant,
        date: Date,
        jitter: Double
    ) -> Failure {
        failures += 1
        let pause = min(Self.shortestPause * (1 << min(failures - 1, 10)), Self.longestPause)
        state = .waiting(until: now + pause * jitter)
        let consequence = Consequence(expiration, date: date)
        defer { told = consequence }
        return Failure(
            error: KafkaError(.tokenProviderFailed, "\(sentence); \(consequence)").asRetriable()
                .causedBy(cause),
            isRepeated: told == consequence,
            isWithoutToken: expiration == nil
        )
    }
}

/// What a failure of the provider's leads to, by the token in force.
private enum Consequence: CustomStringConvertible {
    case noToken, noConnection, none

    init(_ expiration: Date?, date: Date) {
        self = expiration.map { $0 > date ? .none : .noConnection } ?? .noToken
    }

    var description: String {
        switch self {
        case .noToken: "without a token no broker is connected to"
        case .noConnection: "the last token has expired, so brokers refuse new connections"
        case .none: "the last token is still good"
        }
    }
}

extension KafkaToken {
    /// Why librdkafka or a broker would not take it; nil if nothing speaks against it. Holds nothing of the token.
    func fault(date: Date) -> String? {
        if value.text.isEmpty { return "it is empty" }
        // RFC 6750, section 2.1. A space would be taken by librdkafka, and by no broker.
        if !value.text.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) {
            return "it has a blank, a line feed or another character in it that a token cannot have"
        }
        let lifetime = expiration.timeIntervalSince(date)
        if lifetime.isNaN { return "its expiration is no date" }
        if lifetime <= 0 {
            return
                "it expired \(Int(min(-lifetime, 1e9))) s ago; look at the provider, and at the clock of this machine"
        }
        if principal.utf8.contains(0) { return "its principal has a NUL in it" }
        for (name, value) in extensions {
            // RFC 7628, section 3.1.
            if name.isEmpty || !name.utf8.allSatisfy({ 0x41...0x5A ~= $0 || 0x61...0x7A ~= $0 }) {
                return "an extension is named \"\(name)\": names have letters from a to z alone"
            }
            if name == "auth" { return "an extension is named \"auth\", where the token itself stands" }
            if !value.utf8.allSatisfy({ 0x20...0x7E ~= $0 || [0x09, 0x0A, 0x0D].contains($0) }) {
                return "the extension \"\(name)\" has a character in it that is not of ASCII"
            }
        }
        return nil
    }

    /// Milliseconds since 1970, no later than in the year 5138.
    var expirationMilliseconds: Int64 {
        let seconds = min(max(expiration.timeIntervalSince1970, 0), 1e11)
        return Int64(seconds * 1000)
    }
}
