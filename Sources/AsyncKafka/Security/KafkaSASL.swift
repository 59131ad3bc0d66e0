/// How a client proves who it is: a SASL mechanism with what it needs.
///
/// The linked librdkafka has to be built with the mechanism, which is checked before anything starts.
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
    ///
    /// Brokers from Kafka 4.0 on refuse that of librdkafka before 2.6.1 as invalid credentials.
    public static func scramSHA256(username: String, password: KafkaSecret) -> KafkaSASL {
        KafkaSASL(value: .password(mechanism: "SCRAM-SHA-256", username: username, password: password))
    }

    /// A proof that the client knows the password, which itself is not sent: `SCRAM-SHA-512`.
    ///
    /// Brokers from Kafka 4.0 on refuse that of librdkafka before 2.6.1 as invalid credentials.
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

extension KafkaSASL: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The mechanism and whom it is for, without the secret. A token provider is shown by its type alone, as it may hold secrets.
    public var description: String {
        switch value {
        case .password(let mechanism, let username, let password):
            "\(mechanism)(username: \"\(username)\", password: \(password))"
        case .kerberos(let kerberos): "GSSAPI(\(kerberos))"
        case .token(let provider): "OAUTHBEARER(\(type(of: provider)))"
        }
    }

    /// The same.
    public var debugDescription: String { description }

    /// The description alone.
    public var customMirror: Mirror { Mirror(self, children: ["description": description]) }
}
