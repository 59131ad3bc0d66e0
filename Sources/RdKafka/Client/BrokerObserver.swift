import CRdKafka
import Synchronization

/// Hears of brokers what comes by no event: that one serves the client again, and that one holds it back.
///
/// `responseReceived` runs on librdkafka's broker threads and touches atomics alone; `throttled` on the client's thread, within its
/// poll.
package final class BrokerObserver: Sendable {
    /// A broker has held back an answer, for its quotas.
    package struct Throttle: Sendable, Hashable {
        /// `localhost:9092`.
        package var broker: String
        package var milliseconds: Int
    }

    /// Answers that a broker gives to a client it does not serve yet: SaslHandshake, ApiVersions, SaslAuthenticate.
    private static let handshake: [Int16] = [17, 18, 36]

    private let isArmed = Atomic<Bool>(false)
    private let throttles = Locked<[Throttle]>([])
    /// Raised by the first answer after `arm()`.
    package let isServed = Flag()

    init() {}

    /// No broker serves the client: tell when one does.
    package func arm() {
        isArmed.store(true, ordering: .releasing)
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
        guard isArmed.load(ordering: .relaxed), !hasFailed, !Self.handshake.contains(key),
            isArmed.exchange(false, ordering: .acquiringAndReleasing)
        else { return false }
        isServed.raise()
        return true
    }

    func throttled(_ broker: String, milliseconds: Int) {
        guard milliseconds > 0 else { return }
        throttles.withLock { $0.append(Throttle(broker: broker, milliseconds: milliseconds)) }
    }
}
