/// What a producer needs to know; everything but the brokers has a default.
///
/// ```swift
/// var configuration = KafkaProducerConfiguration(bootstrapServers: ["localhost:9092"])
/// configuration.compression = .zstd
/// configuration.additionalProperties["security.protocol"] = "ssl"
/// ```
///
/// Settings are checked before anything starts: a contradiction or a typing error is a ``KafkaError`` with code
/// `.invalidConfiguration` that says what to change. Values of passwords and other secrets are never printed.
public struct KafkaProducerConfiguration: Sendable {
    /// Brokers to ask first, as `host:port` (9092 if there is no port); the others are learnt from them
    /// (`bootstrap.servers`).
    public var bootstrapServers: [String]

    /// The name that brokers use for this program in logs, metrics and quotas. `async-kafka` by default (`client.id`).
    public var clientID = "async-kafka"

    /// Which acknowledgement makes a record delivered. All replicas in sync by default (`acks`).
    public var acknowledgements: KafkaAcknowledgements = .all

    /// Whether retries can neither duplicate nor reorder records. On by default; needs `acknowledgements` to be `.all`
    /// (`enable.idempotence`).
    public var isIdempotent = true

    /// How long a record may take, retries included, until it fails; nil: no limit. Up to 24 days, 120 s by default
    /// (`delivery.timeout.ms`).
    ///
    /// For a transactional producer the default is `transaction.timeout.ms` where that is shorter.
    public var deliveryTimeout: Duration? = .seconds(120)

    /// How long a batch may gather records before it is sent. Up to 900 s, 5 ms by default (`linger.ms`).
    ///
    /// It is an upper bound for records that nobody awaits. Awaited records leave at once, or with what gathered
    /// meanwhile.
    public var linger: Duration = .milliseconds(5)

    /// How large a batch may become.
    public var batch = Batch()

    /// How batches are compressed. Not at all by default (`compression.codec`, `compression.level`).
    public var compression: KafkaCompression = .none

    /// How a record without a partition gets one. The Java client's way by default (`partitioner`).
    public var partitioner: KafkaPartitioner = .murmur2Random

    /// The largest request, and so the largest record, in bytes. 1,000 to 1,000,000,000, by default 1,000,000, which is
    /// a little less than brokers take by theirs (`message.max.bytes`).
    public var maxMessageBytes = 1_000_000

    /// How much may wait for delivery.
    public var queue = Queue()

    /// How many reports ``KafkaProducer/deliveryReports`` keeps for a reader that is slow. 10,000 by default.
    public var deliveryReportLimit = 10_000

    /// How long `close` waits for records that are still on their way. Up to 24 hours, 30 s by default.
    public var closeTimeout: Duration = .seconds(30)

    /// How to connect to brokers.
    public var connection = KafkaConnectionConfiguration()

    /// Where log lines go. Warnings and up, to standard error, by default.
    public var log: KafkaLog = .standardError(.warning)

    /// Properties of librdkafka by name, for what has no setting of its own.
    ///
    /// A property that has one is taken from here while that one is at its default, and refused when both are given.
    /// `queue.buffering.max.messages` and `queue.buffering.max.kbytes` mean ``queue``. All properties are listed in librdkafka's
    /// CONFIGURATION.md.
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

    /// How large a batch, which is one request's records for one partition, may become.
    public struct Batch: Sendable, Hashable {
        /// In bytes, 1,000,000 by default (`batch.size`).
        public var maxBytes = 1_000_000
        /// In records, up to 1,000,000, 10,000 by default (`batch.num.messages`).
        public var maxRecords = 10_000

        /// The defaults.
        public init() {}
    }

    /// How much may wait for delivery until `send` suspends.
    public struct Queue: Sendable, Hashable {
        /// In records, 100,000 by default.
        public var maxRecords = 100_000
        /// In bytes of keys, values and headers, 256 MiB by default; at least `maxMessageBytes`, so that any record fits.
        public var maxBytes = 256 * 1024 * 1024
        /// How long `send` and `enqueue` may wait for room before they throw `queueFull`; nil, the default: as long as it
        /// takes. Up to 24 hours.
        public var waitLimit: Duration?

        /// The defaults.
        public init() {}
    }
}

extension KafkaProducerConfiguration: CustomStringConvertible, CustomDebugStringConvertible {
    /// All settings; secrets are replaced by `<redacted>`.
    public var description: String { describeSettings(self) }

    /// All settings; secrets are replaced by `<redacted>`.
    public var debugDescription: String { description }
}
