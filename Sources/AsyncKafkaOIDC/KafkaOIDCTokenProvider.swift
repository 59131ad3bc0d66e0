public import AsyncKafka
import Foundation

/// Gets a client's tokens from an authorization server, as itself: OAuth 2.0's client credentials.
///
/// ```swift
/// let provider = try KafkaOIDCTokenProvider(
///     KafkaOIDCConfiguration(tokenEndpoint: endpoint, clientID: "orders", clientSecret: KafkaSecret(secret))
/// )
/// configuration.security = .sasl(.oauthBearer(provider))
/// ```
///
/// Keeps no token: the client asks in time for the next one. Any number of clients may share a provider.
///
/// The token lives as long as the server says (`expires_in`), else until its claim `exp`; its principal is its claim `sub`, or the
/// client's name where the token is no JWT. Redirections are not followed: secrets go to the endpoint alone.
///
/// ## Certificates
/// The endpoint's certificate is checked against the authorities that the system trusts. On Linux, URLSession knows no others
/// (it is libcurl, and takes neither a delegate's word nor `SSL_CERT_FILE`): an authority of your own has to be added to the
/// system's, with `update-ca-certificates` for example.
public struct KafkaOIDCTokenProvider: KafkaTokenProvider {
    private let configuration: KafkaOIDCConfiguration
    private let http: TokenHTTP

    /// A provider. Asks nobody yet.
    ///
    /// - Throws: `invalidConfiguration` for an endpoint without TLS, and for what is missing.
    public init(_ configuration: KafkaOIDCConfiguration) throws(KafkaError) {
        try configuration.check()
        self.configuration = configuration
        http = TokenHTTP(timeout: configuration.timeout)
    }

    /// The configuration's `timeout`.
    public var timeLimit: Duration { configuration.timeout }

    /// Asks the server for a token. Suspends until it has answered, or the time is over.
    ///
    /// ## Cancellation
    /// Ends the wait; the request goes on to its answer or its time limit.
    ///
    /// - Throws: `KafkaOIDCError`; `CancellationError`.
    public func token() async throws -> KafkaToken {
        let request = TokenRequest(configuration)
        let start = Date.now
        let (status, body) = try await http.post(request, to: configuration.tokenEndpoint)
        // A server may say back what it was sent.
        let answer = TokenAnswer(status: status, body: body, redact: request.redacting)
        return try answer.token(configuration, asked: start)
    }
}
