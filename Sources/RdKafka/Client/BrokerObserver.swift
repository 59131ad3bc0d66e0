import CRdKafka
import Synchronization

/// Hears of brokers what comes by no event: that one serves the client, that a connection has ended, that librdkafka knows none any more, and
/// that an answer was held back.
///
/// `responseReceived`, `connectionChanged`, `threadBegan` and `threadEnds` run on librdkafka's broker threads and touch atomics, and a lock
/// that nobody holds for long; `throttled` on the client's thread, within its poll.
package final class BrokerObserver: Sendable {
    /// A broker has held back an answer, for its quotas.
    package struct Throttle: Sendable, Hashable {
        /// `localhost:9092`.
        package var broker: String
        package var milliseconds: Int
    }

    /// How far a connection has come.
    package enum Stage: Int, Sendable, Comparable {
        case connecting
        /// TLS.
        case securing
        /// What the broker can do.
        case asking
        /// SASL.
        case loggingIn
        case open

        /// - Parameter state: librdkafka's name for it (rdkafka_broker.c, `rd_kafka_broker_state_names`).
        package init?(_ state: String) {
            switch state {
            case "TRY_CONNECT", "CONNECT": self = .connecting
            case "SSL_HANDSHAKE": self = .securing
            case "APIVERSION_QUERY": self = .asking
            case "AUTH_HANDSHAKE", "AUTH_LEGACY", "AUTH_REQ": self = .loggingIn
            case "UP", "UPDATE": self = .open
            default: return nil
            }
        }

        package static func < (left: Stage, right: Stage) -> Bool { left.rawValue < right.rawValue }
    }

    /// A connection that has ended, or never came about.
    package struct Ending: Sendable, Hashable {
        /// `localhost:9092`.
        package var broker: String
        /// How far it had come.
        package var stage: Stage
        package var began: ContinuousClock.Instant
        /// When it came so far.
        package var reached: ContinuousClock.Instant
        package var ended: ContinuousClock.Instant

        package init(
            broker: String,
            stage: Stage,
            began: ContinuousClock.Instant,
            reached: ContinuousClock.Instant? = nil,
            ended: ContinuousClock.Instant? = nil
        ) {
            self.broker = broker
            self.stage = stage
            self.began = began
            self.reached = reached ?? began
            self.ended = ended ?? began
        }
    }

    /// Answers that a broker gives to a client it does not serve yet: SaslHandshake, ApiVersions, SaslAuthenticate.
    private static let handshake: [Int16] = [17, 18, 36]

    /// Their connections are those of brokers that are known by other names as well.
    private static let coordinators = ["GroupCoordinator", "TxnCoordinator"]

    private struct Connections {
        /// By librdkafka's thread for it: newer ones have two for the same address while they start anew.
        var open: [UInt: Ending] = [:]
        /// The last one of each broker.
        var ended: [String: Ending] = [:]
        /// When the last connection to each broker came how far.
        var progress: [String: [Stage: ContinuousClock.Instant]] = [:]
    }

    private let isArmed = Atomic<Bool>(true)
    private let answers = Atomic<Int>(0)
    /// How many there had been when a connection last ended.
    private let answersAtEnd = Atomic<Int>(0)
    private let connections = Locked(Connections())
    private let throttles = Locked<[Throttle]>([])
    /// Brokers that librdkafka knows: it has a thread for each of them.
    private let known = Atomic<Int>(0)
    private let learned = Atomic<Int>(0)
    /// Raised by the first answer, and by the first one after `arm()`.
    package let isServed = Flag()
    /// Raised by the end of a connection.
    package let hasEnded = Flag()

    init() {}

    /// The one way to write a broker's address: IPv6 ones in brackets, which librdkafka leaves out at places.
    ///
    /// - Parameter name: `localhost:9092`, `[::1]:9092` or `::1:9092`.
    package static func address(_ name: String) -> String {
        guard let colon = name.lastIndex(of: ":") else { return name }
        let host = name[..<colon]
        return host.contains(":") && !host.hasPrefix("[") ? "[\(host)]\(name[colon...])" : name
    }

    /// No broker serves the client: tell when one does, also if it has begun to since the last connection ended.
    package func arm() {
        isArmed.store(true, ordering: .sequentiallyConsistent)
        let isNews =
            answers.load(ordering: .sequentiallyConsistent) != answersAtEnd.load(ordering: .sequentiallyConsistent)
        if isNews, isArmed.exchange(false, ordering: .acquiringAndReleasing) { isServed.raise() }
    }

    /// The last connection to each broker that has ended since the last call.
    package func takeEndings() -> [Ending] {
        guard hasEnded.take() else { return [] }
        return connections.withLock { connections in
            defer { connections.ended = [:] }
            return Array(connections.ended.values)
        }
    }

    /// Those to which a connection was tried, `localhost:9092`, in alphabetical order.
    package var addresses: [String] {
        connections.withLock { $0.progress.keys.sorted() }
    }

    /// When the last connection to a broker came how far; nothing if there was none.
    ///
    /// - Parameter broker: its address, `localhost:9092`.
    package func progress(to broker: String) -> [Stage: ContinuousClock.Instant] {
        connections.withLock { $0.progress[broker] ?? [:] }
    }

    /// How many brokers librdkafka knows, and how many it has come to know since it began, those included that it knows no more.
    package var census: (known: Int, learned: Int) {
        let learned = learned.load(ordering: .sequentiallyConsistent)
        return (known.load(ordering: .sequentiallyConsistent), learned)
    }

    /// What was held back since the last call.
    package func takeThrottles() -> [Throttle] {
        throttles.withLock { throttles in
            defer { throttles = [] }
            return throttles
        }
    }

    /// - Parameter hasFailed: whether there was no response.
    /// - Returns: whether the client's thread is to look.
    func responseReceived(_ key: Int16, hasFailed: Bool) -> Bool {
        guard !hasFailed, !Self.handshake.contains(key) else { return false }
        answers.add(1, ordering: .sequentiallyConsistent)
        guard isArmed.load(ordering: .sequentiallyConsistent),
            isArmed.exchange(false, ordering: .acquiringAndReleasing)
        else { return false }
        isServed.raise()
        return true
    }

    /// A connection has changed, told in librdkafka's words.
    ///
    /// - Parameter thread: the thread that tells, which each connection has for itself.
    /// - Returns: whether the client's thread is to look.
    func connectionChanged(
        of host: String,
        port: Int,
        to state: String,
        now: ContinuousClock.Instant,
        thread: UInt = NativeThread.currentID
    ) -> Bool {
        guard port > 0, !Self.coordinators.contains(host) else { return false }
        let broker = Self.address("\(host):\(port)")
        guard state != "DOWN" else {
            answersAtEnd.store(answers.load(ordering: .sequentiallyConsistent), ordering: .sequentiallyConsistent)
            let hasEnded = connections.withLock { connections in
                guard var ending = connections.open.removeValue(forKey: thread) else { return false }
                // Newer librdkafkas replace a connection by another to the same address.
                if connections.open.values.contains(where: { $0.broker == broker && $0.stage == .open }) {
                    return false
                }
                ending.ended = now
                // Of two that end at once the one tells that came farther.
                if let other = connections.ended[broker], other.stage > ending.stage { return true }
                connections.ended[broker] = ending
                return true
            }
            if hasEnded { self.hasEnded.raise() }
            return hasEnded
        }
        guard let stage = Stage(state) else { return false }
        connections.withLock { connections in
            if state == "TRY_CONNECT" {
                // It waits for its turn.
                connections.open[thread] = nil
            } else if state == "CONNECT" || connections.open[thread] == nil {
                connections.open[thread] = Ending(broker: broker, stage: stage, began: now)
                connections.progress[broker] = [stage: now]
            } else if let ending = connections.open[thread], stage > ending.stage {
                connections.open[thread]?.stage = stage
                connections.open[thread]?.reached = now
                connections.progress[broker]?[stage] = now
            }
        }
        return false
    }

    /// - Parameter name: `sasl_ssl://localhost:9092/1` or `localhost:9092/bootstrap`, cut off behind 63 bytes.
    func threadBegan(_ name: String) {
        guard isOfBroker(name) else { return }
        known.add(1, ordering: .sequentiallyConsistent)
        learned.add(1, ordering: .sequentiallyConsistent)
    }

    /// - Returns: whether the client's thread is to look, as no broker is known any more.
    func threadEnds(_ name: String) -> Bool {
        isOfBroker(name) && known.subtract(1, ordering: .sequentiallyConsistent).newValue == 0
    }

    /// Coordinators are reached by connections of their own, and one thread is for librdkafka's own use.
    private func isOfBroker(_ name: String) -> Bool {
        !Self.coordinators.contains(name) && !name.hasSuffix(":0/internal")
    }

    func throttled(_ broker: String, milliseconds: Int) {
        guard milliseconds > 0 else { return }
        throttles.withLock { $0.append(Throttle(broker: broker, milliseconds: milliseconds)) }
    }
}
