/// What a consumer needs to know; everything but the brokers and the group has a default.
///
/// ```swift
/// var configuration = KafkaConsumerConfiguration(bootstrapServers: ["localhost:9092"], groupID: "billing")
/// configuration.autoOffsetReset = .latest
/// ```
///
/// Settings are checked before anything starts: a contradiction or a typing error is a ``KafkaError`` with code
/// `.invalidConfiguration` that says what to change. Values of passwords and other secrets are never printed.
public struct KafkaConsumerConfiguration: Sendable {
    /// Brokers to ask first, as `host:port` (9092 if there is no port); the others are learnt from them
    /// (`bootstrap.servers`).
    public var bootstrapServers: [String]

    /// The group whose members share the partitions, and to which committed offsets belong (`group.id`).
    ///
    /// Nil is none: partitions are then assigned by hand, or read to their end, and nothing is committed.
    public var groupID: String?

    /// The name that brokers use for this program in logs, metrics and quotas. `async-kafka` by default (`client.id`).
    public var clientID = "async-kafka"

    /// The rack or availability zone that this program runs in, as brokers name theirs (`broker.rack`): messages are fetched from
    /// a replica there if the brokers allow it (KIP-392), which may lag a little behind the leader. None by default (`client.rack`).
    public var clientRack: String?

    /// When offsets are committed. Once a second, what has been processed, by default.
    public var offsetPolicy: KafkaOffsetPolicy = .afterProcessing

    /// Where to start without a committed offset. At the oldest message by default (`auto.offset.reset`).
    public var autoOffsetReset: KafkaAutoOffsetReset = .earliest

    /// Membership of the group.
    public var group = Group()

    /// What happens when nobody has asked for the next message for `group.maxPollInterval`: the consumer leaves its group until
    /// somebody does, by default.
    ///
    /// The time counts from the last delivery of a message or batch, also when the loop was left, and from the arrival of messages
    /// that nobody asks for. It does not count while what is in hand, or all that is assigned, is paused: long work that
    /// shall keep its partitions pauses them. librdkafka itself does not notice, as the client serves the group all the time.
    public var processingTimeoutAction: KafkaProcessingTimeoutAction = .leaveGroup

    /// What the program does when partitions come and go. Nothing by default.
    public var rebalanceHooks = KafkaRebalanceHooks()

    /// How long a rebalance waits for this consumer: for the message in hand of a partition that is being revoked, for
    /// `rebalanceHooks`, and for the last commit. 30 s by default, and shorter than `group.maxPollInterval`.
    public var revokeTimeout: Duration = .seconds(30)

    /// For how long a commit that fails, but may succeed later, is tried again. Up to 24 hours, 30 s by default.
    public var commitTimeout: Duration = .seconds(30)

    /// How messages are fetched, and how many are held ready.
    public var fetch = Fetch()

    /// Which messages of transactions are seen. Those of committed ones by default (`isolation.level`).
    public var isolationLevel: KafkaIsolationLevel = .readCommitted

    /// Whether ``KafkaConsumer/events`` tells when there is nothing more to read in a partition for now. Off by default
    /// (`enable.partition.eof`).
    public var emitsPartitionEnd = false

    /// What becomes of a subscription to topics that do not exist. An event tells, and the other topics go on, by default.
    public var missingTopics: MissingTopics = .report

    /// How often the consumer's ``KafkaConsumer/statistics`` are collected; nil, the default, is never. 100 ms to 24 hours; each time
    /// costs librdkafka a look at all brokers and partitions (`statistics.interval.ms`).
    public var statisticsInterval: Duration?

    /// How long `close` waits for the message in hand, the last commit, and leaving the group. Up to 24 hours, 30 s by
    /// default.
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
    /// All properties are listed in librdkafka's CONFIGURATION.md.
    public var additionalProperties: [String: String] {
        get { properties.values }
        set { properties.values = newValue }
    }

    private var properties = RedactedProperties()

    /// The defaults.
    ///
    /// - Parameters:
    ///   - bootstrapServers: Brokers to ask first, as `host:port`.
    ///   - groupID: The group whose members share the partitions; nil is none.
    public init(bootstrapServers: [String], groupID: String? = nil) {
        self.bootstrapServers = bootstrapServers
        self.groupID = groupID
    }

    /// Membership of the group.
    public struct Group: Sendable, Hashable {
        /// After how long without a heartbeat the group takes a member for dead. Up to an hour, 45 s by default, not
        /// longer than
        /// `maxPollInterval` (`session.timeout.ms`).
        public var sessionTimeout: Duration = .seconds(45)
        /// How often the member says that it is alive. 3 s by default, shorter than `sessionTimeout`
        /// (`heartbeat.interval.ms`).
        public var heartbeatInterval: Duration = .seconds(3)
        /// How long a message may be worked on before `processingTimeoutAction` is taken, and how long the group waits for
        /// this member in a rebalance; `revokeTimeout` has to be shorter. Up to 24 hours, 5 minutes by default
        /// (`max.poll.interval.ms`).
        public var maxPollInterval: Duration = .seconds(300)
        /// How partitions are shared out, in order of preference. librdkafka's default: range, then round robin
        /// (`partition.assignment.strategy`).
        public var assignmentStrategies: [KafkaAssignmentStrategy] = [.range, .roundRobin]
        /// A name that stays the same over restarts: a member that is back within `sessionTimeout` gets its partitions
        /// again without a rebalance. So `close` does not leave the group: its partitions wait for that time. Two members with
        /// the same name fence each other. None by default (`group.instance.id`).
        public var instanceID: String?
        /// How the group shares out its partitions: by the classic protocol by default (`group.protocol`).
        public var `protocol`: KafkaGroupProtocol = .classic
        /// How the coordinator shares out partitions under the protocol `.consumer`, by its name on the broker: `uniform` or
        /// `range`. The broker's choice by default (`group.remote.assignor`).
        public var remoteAssignor: String?

        /// The defaults.
        public init() {}
    }

    /// How messages are fetched, and how many are held ready.
    public struct Fetch: Sendable, Hashable {
        /// What a broker waits for before it answers, in bytes: 1 to 100,000,000, not more than `maxBytes`. 1 by default, so
        /// that a message is not held up (`fetch.min.bytes`).
        public var minBytes = 1
        /// How long a broker waits for `minBytes`. Up to 300 s and shorter than `connection.socketTimeout`, 500 ms by default
        /// (`fetch.wait.max.ms`).
        public var maxWait: Duration = .milliseconds(500)
        /// The size of one answer of a broker, in bytes, up to 2,147,483,135, not less than `message.max.bytes` (1,000,000) and not
        /// more than `prefetchBytes`. By default nil: a quarter of `prefetchBytes`, though not less than `message.max.bytes`
        /// (`fetch.max.bytes`).
        public var maxBytes: Int?
        /// The share of one partition in an answer, in bytes, up to 1,000,000,000 and not more than `maxBytes`. A larger message
        /// comes all the same. By default nil: 1 MiB, or a quarter of `prefetchBytes` or `maxBytes` if that is less
        /// (`max.partition.fetch.bytes`).
        public var maxPartitionBytes: Int?
        /// How much is held ready, in bytes. 1 KiB to 2 GiB, 64 MiB by default (`queued.max.messages.kbytes`).
        ///
        /// librdkafka looks at this budget before it fetches, and does not count up to 450 bytes a message of its own: what an answer
        /// of each broker has (`maxBytes`) comes on top. Compressed messages are decompressed as they arrive, a whole answer at
        /// once: if they become seven times as large, so does `maxBytes` in that sum. The sizes of answers derive from the
        /// budget, but librdkafka has no limit for what becomes of them: where compression is extreme, lower
        /// `maxPartitionBytes`.
        ///
        /// All partitions share the budget, but while they are read by `partitions`: then each has it for itself.
        public var prefetchBytes = 64 * 1024 * 1024
        /// How many messages of a partition librdkafka tries to hold ready within `prefetchBytes`. Up to 10,000,000,
        /// 100,000 by default (`queued.min.messages`).
        ///
        /// For clients with SASL and librdkafka before 2.2: it looks for more up to a second after as many were there. A loop that needs
        /// less than a second for them stands still meanwhile; more of them help, within `prefetchBytes`.
        public var prefetchRecords = 100_000
        /// Whether the checksum of what is fetched is verified, at some cost in processor time; what is damaged is an error then, and
        /// is not delivered. Off by default: brokers verify what they are sent (`check.crcs`).
        public var checksCRCs = false

        /// The defaults.
        public init() {}
    }
}

extension KafkaConsumerConfiguration: CustomStringConvertible, CustomDebugStringConvertible {
    /// All settings; secrets are replaced by `<redacted>`.
    public var description: String { describeSettings(self) }

    /// All settings; secrets are replaced by `<redacted>`.
    public var debugDescription: String { description }
}
