/// Whether all brokers that were tried refuse the credentials of a producer or an admin client, and since when.
///
/// Belongs to the client's thread. librdkafka reports a broker's failures by name, identical ones only every 30 s, and once that
/// all brokers are down (rdkafka_broker.c); it does not report that one is back. So two things end the state: a record that is
/// acknowledged, and a time without a refusal in which librdkafka would have reported another one.
struct AuthenticationWatch {
    typealias Instant = ContinuousClock.Instant

    /// nil: records are never failed.
    let limit: Duration?
    /// After so long without a refusal the brokers do not refuse any more, or nobody asks them: an identical one is reported after
    /// 30 s, with the next attempt to connect.
    let silence: Duration
    /// What to do about it, behind "correct them".
    let advice: String

    /// What each broker failed by: true if it refused.
    private var brokers: [String: Bool] = [:]
    private var areAllDown = false
    private var refusal: KafkaError?
    private var lastRefusal: Instant?
    /// When records are to be failed next; nil unless all brokers refuse. A client that is refused has this one timer.
    private(set) var deadline: Instant?

    init(
        limit: Duration?,
        maxReconnectBackoff: Duration,
        advice: String = ", or set `refusedAuthentication` to `.keepRetrying`"
    ) {
        self.init(limit: limit, silence: .seconds(30) + maxReconnectBackoff + .seconds(10), advice: advice)
    }

    private init(limit: Duration?, silence: Duration, advice: String) {
        self.limit = limit
        self.silence = silence
        self.advice = advice
    }

    mutating func failed(_ error: KafkaError, now: Instant) {
        guard let limit else { return }
        switch error.code {
        case .allBrokersDown:
            areAllDown = true
        case .authentication:
            brokers[Self.broker(error)] = true
            refusal = error
            lastRefusal = now
        case .transport, .resolve, .ssl, .timedOut:
            brokers[Self.broker(error)] = false
        default:
            return
        }
        let isRefused = areAllDown && !brokers.isEmpty && brokers.values.allSatisfy { $0 } && isRecent(now)
        deadline = isRefused ? deadline ?? now + limit : nil
    }

    /// A record was acknowledged, or a request answered. Returns whether that ends anything.
    mutating func delivered() -> Bool {
        guard areAllDown || !brokers.isEmpty else { return false }
        self = AuthenticationWatch(limit: limit, silence: silence, advice: advice)
        return true
    }

    private func isRecent(_ now: Instant) -> Bool {
        lastRefusal.map { now < $0 + silence } ?? false
    }

    /// The error with which what waits is to be failed, if it is time for that; then again after the same time. Without a recent
    /// refusal the deadline goes, until there is another one. That all are down stays known: librdkafka says it once.
    mutating func expire(now: Instant) -> KafkaError? {
        guard let limit, let deadline, now >= deadline, let refusal else { return nil }
        guard isRecent(now) else {
            self.deadline = nil
            return nil
        }
        // Not faster than a record can be handed over, whatever the limit.
        self.deadline = now + max(limit, .milliseconds(100))
        return KafkaError(
            .authentication,
            "all brokers that were tried refuse the credentials: correct them\(advice)"
        )
        .causedBy(refusal)
    }

    /// The name before the first `: `, as librdkafka writes it: `sasl_plaintext://host:9092/1`.
    private static func broker(_ error: KafkaError) -> String {
        error.message.firstRange(of: ": ").map { String(error.message[..<$0.lowerBound]) } ?? ""
    }
}
