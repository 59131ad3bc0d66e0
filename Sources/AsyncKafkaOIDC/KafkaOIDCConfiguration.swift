public import AsyncKafka
public import Foundation

/// How a client gets its tokens from an authorization server, as itself: OAuth 2.0's client credentials (RFC 6749, section 4.4).
public struct KafkaOIDCConfiguration: Sendable {
    /// The server's token endpoint: `https://login.example.com/oauth2/token`.
    public var tokenEndpoint: URL

    /// The client's name at the server.
    public var clientID: String

    /// The client's secret at the server.
    public var clientSecret: KafkaSecret

    /// How name and secret are shown. `.basic` by default.
    public var authentication = Authentication.basic

    /// What the token is to permit (`scope`). Empty by default: whatever the server gives by itself.
    public var scopes: [String] = []

    /// Whom the token is for (`audience`), where the server asks for it. None by default.
    public var audience: String?

    /// Other parameters that the server asks for, such as `resource`. None by default.
    public var additionalParameters: [String: String] = [:]

    /// SASL extensions that go to the brokers with each token (KIP-342), such as `logicalCluster`. None by default.
    public var extensions: [String: String] = [:]

    /// How long a request may take, from 1 ms to an hour. 30 s by default.
    public var timeout: Duration = .seconds(30)

    /// Whether an endpoint without TLS is taken that is not on this machine: whoever sees the network reads secret and token then. Off
    /// by default.
    public var isInsecureEndpointAllowed = false

    /// The defaults, with what there can be none for.
    public init(tokenEndpoint: URL, clientID: String, clientSecret: KafkaSecret) {
        self.tokenEndpoint = tokenEndpoint
        self.clientID = clientID
        self.clientSecret = clientSecret
    }

    /// How a client's name and secret are shown to the server.
    public struct Authentication: Sendable, Hashable, CustomStringConvertible {
        /// The case's name.
        public let description: String

        /// In the header `Authorization`, as they are: what Kafka's own clients do.
        public static let basic = Authentication(description: "basic")
        /// In the header `Authorization`, each encoded as in a form before: to the letter of RFC 6749, section 2.3.1.
        public static let encodedBasic = Authentication(description: "encodedBasic")
        /// In the body, as `client_id` and `client_secret`.
        public static let body = Authentication(description: "body")
    }

    func check() throws(KafkaError) {
        guard let host = tokenEndpoint.host(percentEncoded: false), !host.isEmpty else {
            throw .invalid("`tokenEndpoint` names no host: give it as in https://login.example.com/oauth2/token")
        }
        guard tokenEndpoint.user == nil, tokenEndpoint.password == nil else {
            throw .invalid("`tokenEndpoint` has a user or a password in it: they go into `clientID` and `clientSecret`")
        }
        switch tokenEndpoint.scheme?.lowercased() {
        case "https":
            break
        case "http":
            guard ["localhost", "127.0.0.1", "::1"].contains(host.lowercased()) || isInsecureEndpointAllowed else {
                throw .invalid(
                    "the token endpoint at \(host) is without TLS: use https, or say `isInsecureEndpointAllowed` aloud"
                )
            }
        default:
            throw .invalid("`tokenEndpoint` is neither https nor http")
        }
        guard !clientID.isEmpty else { throw .invalid("`clientID` is empty") }
        guard !clientSecret.text.isEmpty else { throw .invalid("`clientSecret` is empty") }
        guard authentication != .basic || !clientID.contains(":") else {
            throw .invalid("`clientID` has a colon in it, which ends it in the header: use `.encodedBasic` or `.body`")
        }
        guard .milliseconds(1)...Duration.seconds(3600) ~= timeout else {
            throw .invalid("`timeout` is \(timeout): give one from 1 ms to an hour")
        }
    }
}

extension KafkaError {
    static func invalid(_ message: String) -> KafkaError {
        KafkaError(code: .invalidConfiguration, message: message)
    }
}
