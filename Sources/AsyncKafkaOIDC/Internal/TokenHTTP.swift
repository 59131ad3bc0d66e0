import Foundation

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
    func post(_ request: TokenRequest, to url: URL) async throws -> (status: Int, body: Data) {
        var message = URLRequest(url: url, timeoutInterval: timeout)
        message.httpMethod = "POST"
        for (name, value) in request.headers { message.setValue(value, forHTTPHeaderField: name) }
        message.httpBody = Data(request.body.utf8)
        let answer: (Data, URLResponse)
        do {
            answer = try await session.data(for: message)
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
