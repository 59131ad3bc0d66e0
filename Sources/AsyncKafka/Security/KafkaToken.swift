public import Foundation

/// What a client shows to brokers with OAUTHBEARER.
public struct KafkaToken: Sendable, Hashable {
    /// The token as it is sent.
    public var value: KafkaSecret
    /// Whom it stands for.
    public var principal: String
    /// Until when brokers take it.
    public var expiration: Date
    /// SASL extensions (KIP-342).
    public var extensions: [String: String]

    /// A token.
    public init(value: KafkaSecret, principal: String, expiration: Date, extensions: [String: String] = [:]) {
        self.value = value
        self.principal = principal
        self.expiration = expiration
        self.extensions = extensions
    }
}

/// Where tokens come from.
///
/// A client asks when it starts, and again before the last token expires.
public protocol KafkaTokenProvider: Sendable {
    /// A token that is valid now. Called in a task of its own, one call at a time for each client.
    func token() async throws -> KafkaToken
}
