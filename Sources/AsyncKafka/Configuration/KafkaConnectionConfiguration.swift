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

    /// How often topics and leaders are looked up again; nil: never, only when something fails. 1 ms to an hour
    /// (`topic.metadata.refresh.interval.ms`).
    ///
    /// 5 minutes by default, or a third of `metadataMaxAge` where that is shorter.
    public var metadataRefreshInterval: Duration? = .seconds(300)

    /// Whether idle connections are probed (TCP keep-alive), which keeps some firewalls from forgetting them. Off by
    /// default (`socket.keepalive.enable`).
    public var isKeepaliveEnabled = false

    /// Whether the kernel may hold back small packets to join them (Nagle's algorithm). On by default
    /// (`socket.nagle.disable`, which says the opposite; newer librdkafkas have it off).
    ///
    /// Off, awaited records of many tasks leave one request each: a fifth as many a second from 100 tasks, a third from 1,000
    /// (`Benchmarks`), and a lone one leaves no sooner.
    public var isNagleEnabled = true

    /// The size of a socket's send buffer in bytes. Up to 100,000,000, by default 0: the system's (`socket.send.buffer.bytes`).
    public var sendBufferBytes = 0

    /// The size of a socket's receive buffer in bytes. Up to 100,000,000, by default 0: the system's
    /// (`socket.receive.buffer.bytes`).
    public var receiveBufferBytes = 0

    /// After how many failed requests, timeouts among them, a connection is given up. Up to 1,000,000, 0 is never; 1 by default,
    /// and librdkafka warns against others, as client and broker may lose step (`socket.max.fails`).
    public var maxFailures = 1

    /// After how long without traffic a connection is closed; zero: never. Up to 24 days (`connections.max.idle.ms`).
    ///
    /// nil, the default, is librdkafka's: never, or just under 4 minutes if a broker's name contains "azure".
    public var idleTimeout: Duration?

    /// For how long the addresses of a broker's name are kept. Up to 24 hours, 1 s by default (`broker.address.ttl`).
    public var addressCacheTime: Duration = .seconds(1)

    /// Which addresses of a broker's name are used. Any by default (`broker.address.family`).
    public var addressFamily: AddressFamily = .any

    /// What becomes of whatever waits while all brokers refuse the client. It fails with the cause after 10 s by default.
    public var refusal: Refusal = .fail

    /// The defaults.
    public init() {}

    /// A family of addresses.
    public struct AddressFamily: Sendable, Hashable, CustomStringConvertible {
        let name: String

        /// IPv4 and IPv6, in the order of the resolver.
        public static let any = AddressFamily(name: "any")
        /// IPv4 alone.
        public static let ipv4 = AddressFamily(name: "v4")
        /// IPv6 alone.
        public static let ipv6 = AddressFamily(name: "v6")

        /// librdkafka's name: `v4`.
        public var description: String { name }
    }
}
