package import AsyncKafka
package import Foundation
import RdKafka

/// Tokens without a signature (RFC 7515, appendix A.5), which Kafka's brokers take in tests. Knows what it was asked for.
package final class UnsecuredTokenProvider: KafkaTokenProvider {
    private struct State {
        var lifetime: TimeInterval
        var calls = 0
        var failure: (any Error)?
        var watchers: [(calls: Int, continuation: AsyncStream<Void>.Continuation)] = []
    }

    private let principal: String
    private let state: Locked<State>

    /// - Parameter lifetime: of each token, in seconds.
    package init(principal: String, lifetime: TimeInterval) {
        self.principal = principal
        state = Locked(State(lifetime: lifetime))
    }

    /// How many tokens were asked for.
    package var calls: Int { state.withLock { $0.calls } }

    /// What calls throw from now on; nil: they succeed.
    package func fail(with error: (any Error)?) {
        state.withLock { $0.failure = error }
    }

    /// The lifetime of tokens from now on.
    package func live(_ lifetime: TimeInterval) {
        state.withLock { $0.lifetime = lifetime }
    }

    /// Suspends until it has been asked so often, or the task is cancelled.
    package func waitForCalls(_ count: Int) async {
        let stream = AsyncStream<Void> { continuation in
            let hasBeen = state.withLock { state in
                if state.calls < count { state.watchers.append((count, continuation)) }
                return state.calls >= count
            }
            if hasBeen { continuation.finish() }
        }
        for await _ in stream {}
    }

    package func token() async throws -> KafkaToken {
        let (lifetime, failure, watchers) = state.withLock { state in
            state.calls += 1
            let calls = state.calls
            let due = state.watchers.filter { $0.calls <= calls }
            state.watchers.removeAll { $0.calls <= calls }
            return (state.lifetime, state.failure, due)
        }
        for watcher in watchers { watcher.continuation.finish() }
        if let failure { throw failure }
        return Self.token(principal: principal, expiration: Date.now.addingTimeInterval(lifetime))
    }

    /// A token with the claims `sub`, `iat` and `exp`.
    package static func token(principal: String, expiration: Date) -> KafkaToken {
        let (issued, expires) = (Date.now.timeIntervalSince1970 - 1, expiration.timeIntervalSince1970)
        let claims = #"{"sub":"\#(principal)","iat":\#(issued),"exp":\#(expires)}"#
        let value = "\(base64URL(#"{"alg":"none"}"#)).\(base64URL(claims))."
        return KafkaToken(value: KafkaSecret(value), principal: principal, expiration: expiration)
    }

    private static func base64URL(_ text: String) -> String {
        String(
            Data(text.utf8).base64EncodedString().filter { $0 != "=" }.map { ["+": "-", "/": "_"][$0, default: $0] }
        )
    }
}
