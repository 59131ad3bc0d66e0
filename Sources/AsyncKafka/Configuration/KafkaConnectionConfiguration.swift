/// How a client connects to brokers, the same for all kinds of clients.
///
/// Security (`security.protocol`, `sasl.…`, `ssl.…`) goes into the client's `additionalProperties`.
public struct KafkaConnectionConfiguration: Sendable, Hashable {
    /// How long to wait for the answer to a request. 10 ms to 300 s, 60 s by default (`socket.timeout.ms`).
    ///
    /// A transactional producer whose value is left at the default uses librdkafka's, which follows
    /// `transaction.timeout.ms`.
    public var socketTimeout: Duration = .seconds(60)

    /// How long connecting, TLS and authentication may take together. At least 1 s, 30 s by default
    /// (`socket.connection.setup.timeout.ms`).
    public var setupTimeout: Duration = .seconds(30)

    /// How long to wait before the first attempt to connect again; it doubles from there. Up to an hour, 100 ms by
    /// default (`reconnect.backoff.ms`).
    public var reconnectBackoff: Duration = .milliseconds(100)

    /// The longest wait between attempts to connect. Up to an hour, 10 s by default (`reconnect.backoff.max.ms`).
    public var maxReconnectBackoff: Duration = .seconds(10)

    /// After how long knowledge of topics and leaders is out of date. Up to 24 hours, 15 minutes by default
    /// (`metadata.max.age.ms`).
    public var metadataMaxAge: Duration = .seconds(900)

    /// Whether idle connections are probed (TCP keep-alive), which keeps some firewalls from forgetting them. Off by
    /// default (`socket.keepalive.enable`).
    public var isKeepaliveEnabled = false

    /// The defaults.
    public init() {}
}
