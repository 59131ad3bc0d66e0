/// How a client proves who it is: a SASL mechanism with what it needs.
public struct KafkaSASL: Sendable {
    enum Value {
        case password(mechanism: String, username: String, password: KafkaSecret)
        case kerberos(KafkaKerberos)
        case token(any KafkaTokenProvider)
    }

    let value: Value

    /// The user's name and password as they are: `PLAIN`.
    public static func plain(username: String, password: KafkaSecret) -> KafkaSASL {
        KafkaSASL(value: .password(mechanism: "PLAIN", username: username, password: password))
    }

    /// A proof that the client knows the password, which itself is not sent: `SCRAM-SHA-256`.
    public static func scramSHA256(username: String, password: KafkaSecret) -> KafkaSASL {
        KafkaSASL(value: .password(mechanism: "SCRAM-SHA-256", username: username, password: password))
    }

    /// A proof that the client knows the password, which itself is not sent: `SCRAM-SHA-512`.
    public static func scramSHA512(username: String, password: KafkaSecret) -> KafkaSASL {
        KafkaSASL(value: .password(mechanism: "SCRAM-SHA-512", username: username, password: password))
    }

    /// A ticket of Kerberos: `GSSAPI`.
    public static func gssapi(_ kerberos: KafkaKerberos) -> KafkaSASL {
        KafkaSASL(value: .kerberos(kerberos))
    }

    /// A token from elsewhere: `OAUTHBEARER`.
    public static func oauthBearer(_ provider: any KafkaTokenProvider) -> KafkaSASL {
        KafkaSASL(value: .token(provider))
    }

    /// Kafka's name: `SCRAM-SHA-512`.
    var mechanism: String {
        switch value {
        case .password(let mechanism, _, _): mechanism
        case .kerberos: "GSSAPI"
        case .token: "OAUTHBEARER"
        }
    }

    var tokenProvider: (any KafkaTokenProvider)? {
        guard case .token(let provider) = value else { return nil }
        return provider
    }
}

/// Where Kerberos's tickets come from.
public struct KafkaKerberos: Sendable {
    /// The first part of the brokers' principal, `kafka` in `kafka/host@REALM`. `kafka` by default
    /// (`sasl.kerberos.service.name`).
    public var serviceName = "kafka"

    /// Who the client is, as in `orders@EXAMPLE.COM` (`sasl.kerberos.principal`).
    public var principal: String

    /// The file with the principal's keys; nil: a ticket is in the credential cache, and something else keeps it there
    /// (`sasl.kerberos.keytab`).
    public var keytab: String?

    /// A principal with the file that holds its keys.
    public init(principal: String, keytab: String? = nil) {
        self.principal = principal
        self.keytab = keytab
    }
}
