/// Whether all brokers that were tried refuse the credentials, and since when.
///
/// Belongs to the client's thread. librdkafka reports a broker's failures by name, identical ones only every 30 s, and once that
/// all brokers are down (rdkafka_broker.c); it does not report that one is back, so an acknowledged record ends the state.
struct AuthenticationWatch {
    typealias Instant = ContinuousClock.Instant

    /// nil: records are never failed.
    let limit: Duration?

    /// What each broker failed by: true if it refused.
    private var brokers: [String: Bool] = [:]
    private var areAllDown = false
    private var refusal: KafkaError?
    /// When records are to be failed next; nil unless all brokers refuse. A client that is refused has this one timer.
    private(set) var deadline: Instant?

    init(limit: Duration?) {
        self.limit = limit
    }

    mutating func failed(_ error: KafkaError, now: Instant) {
        guard let limit else { return }
        switch error.code {
        case .allBrokersDown:
            areAllDown = true
        case .authentication:
            brokers[Self.broker(error)] = true
            refusal = error
        case .transport, .resolve, .ssl, .timedOut:
            brokers[Self.broker(error)] = false
        default:
            return
        }
        let isRefused = areAllDown && !brokers.isEmpty && brokers.values.allSatisfy { $0 }
        deadline = isRefused ? deadline ?? now + limit : nil
    }

    /// A record was acknowledged. Returns whether that ends anything.
    mutating func delivered() -> Bool {
        guard areAllDown || !brokers.isEmpty else { return false }
        self = AuthenticationWatch(limit: limit)
        return true
    }

    /// The error with which what waits is to be failed, if it is time for that; then again after the same time.
    mutating func expire(now: Instant) -> KafkaError? {
        guard let limit, let deadline, now >= deadline, let refusal else { return nil }
        // Not faster than a record can be handed over, whatever the limit.
        self.deadline = now + max(limit, .milliseconds(100))
        return KafkaError(
            .authentication,
            "all brokers that were tried refuse the credentials: correct them, or set `refusedAuthentication` to `.keepRetrying`"
        )
        .causedBy(refusal)
    }

    /// The name before the first `: `, as librdkafka writes it: `sasl_plaintext://host:9092/1`.
    private static func broker(_ error: KafkaError) -> String {
        error.message.firstRange(of: ": ").map { String(error.message[..<$0.lowerBound]) } ?? ""
    }
}
