import Foundation
import RdKafka

/// Asks an application's provider for tokens, and hands them to a client's handles.
///
/// Owned by a client's core. The provider runs in a task of its own, never on the client's thread; its answers wait until that thread
/// takes its next turn. Everything else here is called on the thread.
final class TokenKeeper: Sendable {
    /// What a turn has brought.
    struct Turn {
        /// When the next one has something to do.
        var deadline: ContinuousClock.Instant?
        /// What went wrong.
        var failures: [TokenRefresh.Failure] = []
        /// Whether another token is in force.
        var isRenewed = false
    }

    private struct State {
        var refresh: TokenRefresh
        var call: Task<Void, Never>?
        var isRequested = false
        var isRefused = false
        var answers: [(call: UInt64, result: Result<KafkaToken, any Error>)] = []
        /// What the provider's last call ended with, if it failed.
        var failure: KafkaError?
    }

    private let provider: any KafkaTokenProvider
    private let credentials: ClientCredentials
    private let log: LogSink
    private let thread: ClientThread
    private let state: Locked<State>

    init(
        _ provider: any KafkaTokenProvider,
        _ credentials: ClientCredentials,
        log: LogSink,
        thread: ClientThread
    ) {
        self.provider = provider
        self.credentials = credentials
        self.log = log
        self.thread = thread
        let limit = min(max(provider.timeLimit, .milliseconds(1)), .seconds(3600))
        state = Locked(State(refresh: TokenRefresh(timeLimit: limit)))
    }

    /// Nil for a client that shows no tokens.
    convenience init?(
        _ security: KafkaSecurity,
        _ credentials: ClientCredentials,
        log: LogSink,
        thread: ClientThread
    ) {
        guard let provider = security.sasl?.tokenProvider else { return nil }
        self.init(provider, credentials, log: log, thread: thread)
    }

    /// librdkafka wants a token.
    func requested() {
        state.withLock { $0.isRequested = true }
    }

    func proceed(now: ContinuousClock.Instant) -> Turn {
        var turn = Turn()
        let date = Date.now
        let jitter = Double.random(in: 0.8...1.2)
        let inputs = state.withLock { state in
            defer {
                state.answers = []
                state.isRequested = false
                state.isRefused = false
            }
            return (state.answers, state.isRequested, state.isRefused)
        }
        for (call, result) in inputs.0 {
            perform(&turn) { $0.answered(call, result, now: now, date: date, jitter: jitter) }
        }
        if inputs.1 { perform(&turn) { $0.requested(now: now, date: date) } }
        if inputs.2 { perform(&turn) { $0.refused(now: now) } }
        perform(&turn) { $0.expire(now: now, date: date, jitter: jitter) }
        turn.deadline = state.withLock { $0.refresh.deadline }
        return turn
    }

    /// Takes in an error of librdkafka's. A login that is refused may be so because the provider has brought no token in time.
    func heard(_ error: KafkaError) -> KafkaError {
        guard error.code == .authentication else { return error }
        return state.withLock { state in
            state.isRefused = true
            return state.failure.map { error.causedBy($0) } ?? error
        }
    }

    /// The client ends. Does not wait for the provider.
    func end() {
        var turn = Turn()
        perform(&turn) { $0.end() }
    }

    private func perform(_ turn: inout Turn, _ transition: (inout TokenRefresh) -> TokenRefresh.Action) {
        switch state.withLock({ transition(&$0.refresh) }) {
        case .nothing:
            break
        case .ask(let call):
            ask(call)
        case .set(let token):
            log.hide(token.value)
            if let error = credentials.set(token) {
                perform(&turn) { $0.rejected(error.message, now: .now, date: .now, jitter: 1) }
            } else {
                log.adopt(token.value)
                turn.isRenewed = true
                state.withLock { $0.failure = nil }
            }
        case .fail(let failure):
            report(failure, &turn)
        case .giveUp(let failure):
            takeCall()?.cancel()
            report(failure, &turn)
        case .end:
            takeCall()?.cancel()
        }
    }

    private func takeCall() -> Task<Void, Never>? {
        state.withLock { state in
            defer { state.call = nil }
            return state.call
        }
    }

    private func ask(_ call: UInt64) {
        // It holds no client: one that was released ends, and with it the call.
        let task = Task.detached { [provider, weak self] in
            let result: Result<KafkaToken, any Error>
            do {
                result = .success(try await provider.token())
            } catch {
                result = .failure(error)
            }
            self?.answer(call, result)
        }
        state.withLock { $0.call = task }
    }

    private func answer(_ call: UInt64, _ result: Result<KafkaToken, any Error>) {
        state.withLock { $0.answers.append((call, result)) }
        thread.wake()
    }

    private func report(_ failure: TokenRefresh.Failure, _ turn: inout Turn) {
        log.log(.error, "TOKEN", failure.error.description)
        state.withLock { $0.failure = failure.error }
        turn.failures.append(failure)
    }
}
