import Foundation
import Synchronization

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// The session of one provider. Keeps neither cookies nor answers.
final class TokenHTTP: Sendable {
    private let session: URLSession
    private let timeout: TimeInterval

    init(timeout: Duration) {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.requestCachePolicy = .reloadIgnoringLocalCacheData
        configuration.httpShouldSetCookies = false
        self.timeout = timeout / .seconds(1)
        configuration.timeoutIntervalForRequest = self.timeout
        configuration.timeoutIntervalForResource = self.timeout
        session = URLSession(configuration: configuration, delegate: Redirections(), delegateQueue: nil)
    }

    deinit {
        session.finishTasksAndInvalidate()
    }

    /// Sends a request, and returns the answer's status and body.
    ///
    /// Cancellation ends the wait. The request goes on until it is answered or its time is over: on Linux a session that is told to cancel
    /// one may end the process ("Trying to access a behaviour for a task that in not in the registry"), or never come back.
    func post(_ request: TokenRequest, to url: URL) async throws -> (status: Int, body: Data) {
        var message = URLRequest(url: url, timeoutInterval: timeout)
        message.httpMethod = "POST"
        for (name, value) in request.headers { message.setValue(value, forHTTPHeaderField: name) }
        message.httpBody = Data(request.body.utf8)
        let answer: (Data, URLResponse)
        do {
            // Holds more than the session, which the end of this instance invalidates: asked after that, it ends the process.
            answer = try await withoutCancelling { [self, message] in try await session.data(for: message) }
        } catch {
            try Task.checkCancellation()
            let host = url.host(percentEncoded: false) ?? ""
            let reason = request.redacting(error.localizedDescription)
            throw KafkaOIDCError("the token endpoint at \(host) has not answered: \(reason)")
        }
        guard let response = answer.1 as? HTTPURLResponse else {
            throw KafkaOIDCError("the token endpoint has not answered by HTTP")
        }
        return (response.statusCode, answer.0)
    }
}

/// Runs `body` to its end, whoever waits for it no more.
private func withoutCancelling<Value: Sendable>(
    _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    let answer = Answer<Value>()
    Task {
        do { answer.come(.success(try await body())) } catch { answer.come(.failure(error)) }
    }
    return try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { answer.wait($0) }
    } onCancel: {
        answer.come(.failure(CancellationError()))
    }
}

/// The first result of several, for the one who waits for it.
private final class Answer<Value: Sendable>: Sendable {
    private enum State {
        case none
        case waiting(CheckedContinuation<Value, any Error>)
        case come(Result<Value, any Error>)
        case taken
    }

    private let state = Mutex(State.none)

    func wait(_ continuation: CheckedContinuation<Value, any Error>) {
        let result = state.withLock { state -> Result<Value, any Error>? in
            guard case .come(let result) = state else {
                state = .waiting(continuation)
                return nil
            }
            state = .taken
            return result
        }
        if let result { continuation.resume(with: result) }
    }

    func come(_ result: Result<Value, any Error>) {
        let continuation = state.withLock { state -> CheckedContinuation<Value, any Error>? in
            switch state {
            case .none:
                state = .come(result)
                return nil
            case .waiting(let continuation):
                state = .taken
                return continuation
            case .come, .taken:
                return nil
            }
        }
        continuation?.resume(with: result)
    }
}

/// Follows none.
private final class Redirections: NSObject, URLSessionTaskDelegate {
    func urlSession(
        _ session: URLSession,
        task: URLSessionTask,
        willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest,
        completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }
}
