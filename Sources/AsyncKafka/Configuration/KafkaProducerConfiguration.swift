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
    /// For a transactional producer the default is ``transactionTimeout`` where that is shorter.
    public var deliveryTimeout: Duration? = .seconds(120)

    /// How failed requests are tried again.
    public var retry = Retry()

    /// How long a broker waits for the replicas before it answers. 1 ms to 900 s (`request.timeout.ms`).
    ///
    /// 30 s by default, or what the delivery timeout leaves behind the linger where that is shorter; more is refused. How long the
    /// client waits for the broker is `connection.socketTimeout`, which is not shorter where both are set.
    public var requestTimeout: Duration = .seconds(30)

    /// How many requests may be on their way to a broker at once. 1 to 1,000,000, and at most 5 with idempotence; 5 by default,
    /// as in the Java client (`max.in.flight.requests.per.connection`).
    ///
    /// Without idempotence, a retry reorders records unless it is 1.
    public var maxRequestsInFlight = 5

    /// Whether the producer fails for good rather than go on behind records that a broker refused, so that a partition's log
    /// never has a gap. Off by default; needs idempotence (`enable.gapless.guarantee`, which librdkafka calls experimental).
    ///
    /// Records that fail by the delivery timeout are not covered.
    public var isGapless = false

    /// How long records to a topic that the cluster does not know wait for it to appear; they fail with
    /// `unknownTopic` then. Up to an hour, 30 s by default (`topic.metadata.propagation.max.ms`).
    ///
    /// Counts from the first record to the topic: afterwards they fail within a second or so, until the topic is there.
    public var unknownTopicTimeout: Duration = .seconds(30)

    /// Whether a record to a topic that does not exist has the broker make the topic, if the broker allows that
    /// (`auto.create.topics.enable`). On by default (`allow.auto.create.topics`).
    public var isTopicCreationAllowed = true

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

    /// How long records without a key go to one partition before another one is chosen, so that they fill batches. Up to 900 s,
    /// zero: each record goes to any partition (`sticky.partitioning.linger.ms`).
    ///
    /// nil, the default, is twice the linger; with a custom partitioner it is zero, so that it is asked about every record.
    /// Partitioners that put records without a key into one partition (`consistent`, `murmur2`, `fnv1a`) do not go by it.
    public var stickyPartitioningLinger: Duration?

    /// The largest request, and so the largest record, in bytes. 1,000 to 1,000,000,000, by default 1,000,000, which is
    /// a little less than brokers take by theirs (`message.max.bytes`).
    public var maxMessageBytes = 1_000_000

    /// How much may wait for delivery.
    public var queue = Queue()

    /// Names this producer to the cluster, so that it can have transactions; nil: it has none (`transactional.id`).
    ///
    /// It has to be the same after a restart, as it fences the one before, and different for each producer that runs at the same
    /// time. With it, records are sent with `withTransaction` alone.
    public var transactionalID: String?

    /// How long a transaction may be open until the cluster aborts it and fences the producer. 1 s to 24 days, 60 s by default;
    /// brokers take up to 15 minutes by default, `transaction.max.timeout.ms` (`transaction.timeout.ms`).
    public var transactionTimeout: Duration = .seconds(60)

    /// How many reports ``KafkaProducer/deliveryReports`` keeps for a reader that is slow. 10,000 by default.
    public var deliveryReportLimit = 10_000

    /// How often the producer's ``KafkaProducer/statistics`` are collected; nil, the default, is never. 100 ms to 24 hours; each time
    /// costs librdkafka a look at all brokers and partitions (`statistics.interval.ms`).
    public var statisticsInterval: Duration?

    /// How long `close` waits for records that are still on their way. Up to 24 hours, 30 s by default.
    public var closeTimeout: Duration = .seconds(30)

    /// How to connect to brokers.
    public var connection = KafkaConnectionConfiguration()

    /// TLS and authentication. Neither by default, or what `additionalProperties` say.
    public var security = KafkaSecurity.plaintext

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
        /// In bytes of keys, values and headers; at least `maxMessageBytes`, so that any record fits. By default nil: 32 MiB, as the
        /// Java client's `buffer.memory`, or `maxMessageBytes` if that is more. A record takes about 600 bytes of memory on top.
        public var maxBytes: Int?
        /// At how many requests that wait for the network the next batch waits, too, and grows. 1 to 1,000,000, 1 by default, and
        /// no other value with idempotence (`queue.buffering.backpressure.threshold`).
        public var backpressureThreshold = 1
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
