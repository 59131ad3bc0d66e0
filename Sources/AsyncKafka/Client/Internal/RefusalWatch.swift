import RdKafka

/// Why each broker that was tried does not take a client, whether all of them refuse it, and since when.
///
/// Belongs to the client's thread. librdkafka reports a broker's failures by name, identical ones only every 30 s or not at all, and once
/// that all brokers are down (rdkafka_broker.c). That a broker serves the client comes from `BrokerObserver`, and so does the end of each
/// attempt. What always holds:
///
/// - a broker that could not be reached may take the client, so as long as there is one nothing is refused;
/// - a broker that serves the client ends everything.
struct RefusalWatch {
    typealias Instant = ContinuousClock.Instant

    private struct Record {
        var failure: ConnectionFailure
        /// When an attempt was last heard of.
        var time: Instant
        /// Whether librdkafka has told it: the same once more it keeps to itself.
        var isTold: Bool
        /// When the application was last told of it, by librdkafka or in its place.
        var news: Instant
        /// Whether the last attempt has not reached the broker, which had refused before.
        var wasMissed = false
    }

    /// What an attempt has failed of that librdkafka has told nothing of.
    struct Untold {
        let error: KafkaError
        /// Whether it is to be told: not more often than librdkafka would.
        let isNews: Bool
    }

    let refusal: KafkaConnectionConfiguration.Refusal
    /// Longer than an attempt and the wait for the next one. After so long without an attempt that ended in a refusal the brokers do not
    /// refuse any more, or nobody asks them; and a broker that was not tried for so long is none any more.
    let silence: Duration

    private var brokers: [String: Record] = [:]
    private var areAllDown = false
    /// Whether a broker has ever served the client.
    private(set) var hasBeenServed = false
    /// When a broker last refused.
    private(set) var lastRefusal: Instant?
    /// When what waits is to be failed next; nil unless all brokers refuse. A client that is refused has this one timer.
    private(set) var deadline: Instant?

    init(
        _ refusal: KafkaConnectionConfiguration.Refusal,
        maxReconnectBackoff: Duration,
        setupTimeout: Duration = .seconds(30)
    ) {
        self.refusal = refusal
        silence = max(.seconds(30), setupTimeout) + maxReconnectBackoff + .seconds(10)
    }

    /// Whether a broker serves the client, as far as is known.
    var isServed: Bool { hasBeenServed && !areAllDown }

    // MARK: What happens

    mutating func failed(_ failure: ConnectionFailure, now: Instant) {
        record(failure, isTold: true, news: now, now: now)
    }

    private mutating func record(_ failure: ConnectionFailure, isTold: Bool, news: Instant, now: Instant) {
        // A name with two addresses, such as localhost, has them tried in turn: what one refuses counts until both were missed.
        if failure.verdict == .unreachable, failure.stage == .connecting,
            let record = brokers[failure.broker], isRefusal(record.failure), !record.wasMissed
        {
            brokers[failure.broker]?.wasMissed = true
            brokers[failure.broker]?.time = now
        } else {
            brokers[failure.broker] = Record(failure: failure, time: now, isTold: isTold, news: news)
            if isRefusal(failure) { lastRefusal = now }
        }
        update(now: now)
    }

    mutating func allDown(now: Instant) {
        areAllDown = true
        update(now: now)
    }

    /// An attempt has ended. If librdkafka tells why, `failed` comes before or after this.
    ///
    /// - Parameter failure: what its end looks like.
    /// - Returns: nil if that was told.
    @discardableResult
    mutating func ended(_ ending: BrokerObserver.Ending, _ failure: ConnectionFailure, now: Instant) -> Untold? {
        if let record = brokers[ending.broker] {
            // It was told of this attempt.
            if record.time >= ending.began { return nil }
            // Otherwise it was the same once more, if the attempt came as far, and if not the broker's silence has ended it.
            let isAlike = record.failure.verdict == .unreachable || failure.error.code != .timedOut
            let isOnceMore = record.isTold && record.failure.stage == ending.stage && isAlike
            // What came farther before speaks the same protocol: newer librdkafkas break off one of two connections to an address.
            let isBrokenOff =
                failure.verdict == .refusedIfNeverServed && isRefusal(failure) && isRefusal(record.failure)
                && ending.stage < record.failure.stage
            if isOnceMore || isBrokenOff {
                self.record(record.failure, isTold: record.isTold, news: record.news, now: now)
                return Untold(error: record.failure.error, isNews: false)
            }
        }
        // One that is not used any more ends as well, and newer librdkafkas replace brokers: the next attempt tells.
        if isServed, ending.stage == .open, brokers[ending.broker] == nil { return nil }
        var failure = failure
        if hasBeenServed, failure.verdict == .refusedIfNeverServed {
            failure.verdict = .unreachable
            failure.error = KafkaError(.transport, "\(ending.broker): the connection has ended").asRetriable()
            failure.advice = ""
        }
        let last = brokers[ending.broker].flatMap { $0.failure.error.code == failure.error.code ? $0.news : nil }
        let isNews = last.map { now >= $0 + .seconds(30) } ?? true
        record(failure, isTold: false, news: isNews ? now : last ?? now, now: now)
        return Untold(error: failure.error, isNews: isNews)
    }

    /// A broker has answered a request behind the login. Returns whether that ends anything.
    @discardableResult
    mutating func served() -> Bool {
        defer { hasBeenServed = true }
        let isNews = areAllDown || !brokers.isEmpty || !hasBeenServed
        brokers = [:]
        areAllDown = false
        lastRefusal = nil
        deadline = nil
        return isNews
    }

    /// There is another token. It may be refused as the last one was, time and again, so this is not the end of anything, but that there was
    /// none.
    mutating func tokenCame(now: Instant) {
        if brokers.removeValue(forKey: Self.noToken) != nil { update(now: now) }
    }

    /// In the place of a broker: without a token there is a connection to none.
    static let noToken = ""

    /// The client logs in with something else. That all are down stays known: librdkafka says it once.
    mutating func forget() {
        brokers = [:]
        lastRefusal = nil
        deadline = nil
    }

    // MARK: What it means

    /// Whether all brokers that were tried refuse the client.
    var isRefused: Bool {
        areAllDown && !brokers.isEmpty && brokers.values.allSatisfy { isRefusal($0.failure) }
    }

    /// Why the client is not served.
    var cause: KafkaError? { failure?.error }

    /// Why the client is not served: a refusal rather than a broker that could not be reached, the last one of its kind.
    var failure: ConnectionFailure? {
        let last = brokers.values.max {
            (isRefusal($0.failure) ? 1 : 0, $0.time) < (isRefusal($1.failure) ? 1 : 0, $1.time)
        }
        return last?.failure
    }

    private func isRefusal(_ failure: ConnectionFailure) -> Bool {
        switch failure.verdict {
        case .refused: true
        case .refusedIfNeverServed: !hasBeenServed
        case .unreachable: false
        }
    }

    private mutating func update(now: Instant) {
        if brokers.values.contains(where: { isRefusal($0.failure) }) {
            brokers = brokers.filter { isRefusal($0.value.failure) || now < $0.value.time + silence }
        }
        guard let limit, isRefused, isRecent(now) else {
            deadline = nil
            return
        }
        deadline = min(deadline ?? now + limit, now + limit)
    }

    /// That a connection is closed, something between client and broker may do as well, before the broker is there.
    private var limit: Duration? {
        let isCertain = brokers.values.allSatisfy { $0.failure.verdict == .refused }
        return isCertain ? refusal.limit : refusal.limitWhenClosed
    }

    private func isRecent(_ now: Instant) -> Bool {
        lastRefusal.map { now < $0 + silence } ?? false
    }

    /// The error with which what waits is to be failed, if it is time for that; then again after the same time. Without a recent
    /// refusal the deadline goes, until there is another one. That all are down stays known: librdkafka says it once.
    mutating func expire(now: Instant) -> KafkaError? {
        guard let limit, let deadline, now >= deadline, let cause else { return nil }
        guard isRecent(now) else {
            self.deadline = nil
            return nil
        }
        // Not faster than a record can be handed over, whatever the limit.
        self.deadline = now + max(limit, .milliseconds(100))
        return cause.saying("\(cause.message). All brokers that were tried refuse this client (`connection.refusal`)")
    }
}
