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
/// A client of any kind asks as it starts, before its first connection, and again when four fifths of the last token's lifetime are
/// over. Nobody has to poll or to wait for that. A new token serves connections that begin from then on. With
/// `connections.max.reauth.ms` a broker ends connections whose login is too old; librdkafka makes a new one, or from 2.2 on shows
/// the new token over the old one, and what was being sent is sent again.
///
/// When a call throws, takes longer than `timeLimit`, or returns a token that has expired or cannot be sent, that is logged, an `error`
/// event of a consumer, and the cause of what fails meanwhile, with code `tokenProviderFailed`. The provider is asked again after 1 s,
/// then ever more rarely, up to 10 s apart. A token that brokers refuse is replaced, too.
public protocol KafkaTokenProvider: Sendable {
    /// A token that is valid now.
    ///
    /// Called in a task of its own, one call at a time for each client, on no thread of the client's. A client that ends cancels it,
    /// and does not wait for it.
    ///
    /// - Throws: whatever it likes. The description of the error goes into logs: it must not hold the token.
    func token() async throws -> KafkaToken

    /// How long a call may take, up to an hour. Then it is cancelled, counts as failed, and is not waited for any more: another may
    /// begin. 30 s by default.
    var timeLimit: Duration { get }
}

extension KafkaTokenProvider {
    /// 30 s.
    public var timeLimit: Duration { .seconds(30) }
}

extension KafkaSASL {
    /// A token from elsewhere, by a closure: `OAUTHBEARER`.
    ///
    /// ```swift
    /// configuration.security = .sasl(.oauthBearer { try await vault.kafkaToken() })
    /// ```
    ///
    /// - Parameter token: is called as ``KafkaTokenProvider/token()`` is.
    public static func oauthBearer(_ token: @escaping @Sendable () async throws -> KafkaToken) -> KafkaSASL {
        oauthBearer(ClosureTokenProvider(closure: token))
    }
}

private struct ClosureTokenProvider: KafkaTokenProvider {
    let closure: @Sendable () async throws -> KafkaToken

    func token() async throws -> KafkaToken {
        try await closure()
    }
}
