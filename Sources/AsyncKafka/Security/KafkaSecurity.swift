/// How a client connects safely: over TLS or not, and with which proof of who it is.
///
/// The security protocol follows from it (`security.protocol`).
///
/// ```swift
/// configuration.security = .sasl(.scramSHA512(username: "alice", password: KafkaSecret(password)))
/// ```
public struct KafkaSecurity: Sendable {
    /// Nil: without TLS.
    let tls: KafkaTLS?
    /// Nil: without SASL.
    let sasl: KafkaSASL?

    /// Neither encrypted nor authenticated: `PLAINTEXT`. The default.
    public static let plaintext = KafkaSecurity(tls: nil, sasl: nil)

    /// Over TLS, with the authorities that the system trusts: `SSL`.
    public static let tls = KafkaSecurity(tls: KafkaTLS(), sasl: nil)

    /// Over TLS: `SSL`. A client certificate in it proves who the client is.
    public static func tls(_ tls: KafkaTLS) -> KafkaSecurity {
        KafkaSecurity(tls: tls, sasl: nil)
    }

    /// Authenticated by SASL, over TLS: `SASL_SSL`.
    public static func sasl(_ sasl: KafkaSASL, tls: KafkaTLS = KafkaTLS()) -> KafkaSecurity {
        KafkaSecurity(tls: tls, sasl: sasl)
    }

    /// Authenticated by SASL over a connection that is not encrypted: `SASL_PLAINTEXT`.
    ///
    /// Whoever sees the network reads all records, and with PLAIN and OAUTHBEARER the password or the token.
    public static func saslWithoutTLS(_ sasl: KafkaSASL) -> KafkaSecurity {
        KafkaSecurity(tls: nil, sasl: sasl)
    }

    /// Kafka's name: `sasl_ssl`.
    var securityProtocol: String {
        switch (sasl, tls) {
        case (nil, nil): "plaintext"
        case (nil, _?): "ssl"
        case (_?, nil): "sasl_plaintext"
        case (_?, _?): "sasl_ssl"
        }
    }
}

extension KafkaSecurity {
    var isPlaintext: Bool { tls == nil && sasl == nil }

    /// How it was said in Swift.
    var spelling: String {
        switch (sasl, tls) {
        case (nil, nil): ".plaintext"
        case (nil, _?): ".tls"
        case (_?, nil): ".saslWithoutTLS"
        case (_?, _?): ".sasl"
        }
    }
}

extension KafkaSecurity: CustomStringConvertible, CustomReflectable {
    /// The protocol with its settings; secrets are replaced by `<redacted>`.
    public var description: String {
        let parts = [sasl.map { "\($0)" }, tls.map { "\($0)" }].compactMap { $0 }
        return parts.isEmpty ? securityProtocol : "\(securityProtocol)(\(parts.joined(separator: ", ")))"
    }

    /// The description alone.
    public var customMirror: Mirror { Mirror(self, children: ["description": description]) }
}
