/// What an admin client needs to know; everything but the brokers has a default.
///
/// ```swift
/// var configuration = KafkaAdminConfiguration(bootstrapServers: ["localhost:9092"])
/// configuration.requestTimeout = .seconds(20)
/// configuration.security = .tls
/// ```
///
/// Settings are checked before anything starts: a contradiction or a typing error is a ``KafkaError`` with code
/// `.invalidConfiguration` that says what to change. Values of passwords and other secrets are never printed.
public struct KafkaAdminConfiguration: Sendable {
    /// Brokers to ask first, as `host:port` (9092 if there is no port); the others are learnt from them
    /// (`bootstrap.servers`).
    public var bootstrapServers: [String]

    /// The name that brokers use for this program in logs, metrics and quotas. `async-kafka` by default (`client.id`).
    public var clientID = "async-kafka"

    /// How long a call may take, finding the broker included, where it has no `timeout` of its own. 1 ms to an hour, 60 s by default.
    public var requestTimeout: Duration = .seconds(60)

    /// How long a broker may take to make, delete or extend topics and to delete records, before it answers that it goes on with it
    /// (`requestTimedOut`). Up to an hour; nil, the default: nine tenths of the time that the call has.
    public var operationTimeout: Duration?

    /// How long `close` waits for answers that are still on their way. Up to 24 hours, 30 s by default.
    public var closeTimeout: Duration = .seconds(30)

    /// How to connect to brokers.
    public var connection = KafkaConnectionConfiguration()

    /// TLS and authentication. Neither by default, or what `additionalProperties` say.
    public var security = KafkaSecurity.plaintext

    /// Where log lines go. Warnings and up, to standard error, by default.
    public var log: KafkaLog = .standardError(.warning)

    /// Properties of librdkafka by name, for what has no setting of its own.
    ///
    /// A property that has one is taken from here while that one is at its default, and refused when both are given. Those of
    /// producers or consumers alone are refused. All are listed in librdkafka's CONFIGURATION.md.
    public var additionalProperties: [String: String] {
        get { properties.values }
        set { properties.values = newValue }
    }

    private var properties = RedactedProperties()

    /// The defaults.
    ///
    /// - Parameter bootstrapServers: Brokers to ask first, as `host:port`.
    public init(bootstrapServers: [String]) {
        self.bootstrapServers = bootstrapServers
    }
}

extension KafkaAdminConfiguration: CustomStringConvertible, CustomDebugStringConvertible {
    /// All settings; secrets are replaced by `<redacted>`.
    public var description: String { describeSettings(self) }

    /// All settings; secrets are replaced by `<redacted>`.
    public var debugDescription: String { description }
}
