/// A client's inner figures at one moment: connections, queues, partitions, the group.
///
/// They come by ``KafkaConsumer/statistics`` and ``KafkaProducer/statistics``, once in a `statisticsInterval`.
///
/// ```swift
/// for try await statistics in consumer.statistics {
///     for topic in statistics.topics {
///         for partition in topic.partitions { print(topic.name, partition.number, partition.consumerLag ?? -1) }
///     }
/// }
/// ```
///
/// Counters grow from the client's start; gauges, such as the length of a queue, are of this moment; windows cover the time since
/// the last statistics. What the linked librdkafka does not report, or not yet know, is nil; what it reports besides is in
/// ``json``. The figures are collected one after another while the client works, so they need not add up exactly.
///
/// From librdkafka's STATISTICS.md, whose names stand in brackets.
public struct KafkaStatistics: Sendable, Hashable {
    /// librdkafka's name of the client, `async-kafka#consumer-1` (`name`).
    public let clientName: String
    /// The client's configured name (`client_id`).
    public let clientID: String
    /// Seconds since 1970 (`time`).
    public let secondsSince1970: Int?
    /// How long the client has been there (`age`).
    public let age: Duration?
    /// How many of its events wait for the client's own thread. Persistently large means a thread without processor time (`replyq`).
    public let queuedEvents: Int?
    /// How many records the producer has queued or in flight (`msg_cnt`).
    public let queuedRecords: Int?
    /// Their keys, values and headers, in bytes (`msg_size`).
    public let queuedBytes: Int?
    /// What was sent: requests, records produced.
    public let sent: Traffic
    /// What was received: responses, records consumed.
    public let received: Traffic
    /// How many topics' metadata is at hand (`metadata_cache_cnt`).
    public let cachedTopics: Int?
    /// The brokers that the client knows, by their names; coordinators stand there once more, by their role (`brokers`).
    public let brokers: [Broker]
    /// The topics that the client uses, by name (`topics`).
    public let topics: [Topic]
    /// Membership of the consumer's group (`cgrp`).
    public let group: Group?
    /// State of the idempotent or transactional producer (`eos`).
    public let idempotence: Idempotence?
    /// The text that all of this was read from, for fields that have no property here.
    public let json: String
    /// How many statistics were there before these that nobody read in time, or that could not be read, since the last ones that
    /// this loop, or the one before, was given.
    public internal(set) var missedCount = 0

    /// The figures of a partition.
    public subscript(partition: KafkaTopicPartition) -> Partition? {
        topics.first { $0.name == partition.topic }?.partitions.first { $0.number == partition.partition }
    }

    /// What went over the client's connections in one direction.
    public struct Traffic: Sendable, Hashable {
        /// Requests sent, or responses received (`tx`, `rx`).
        public let messages: Int?
        /// All bytes (`tx_bytes`, `rx_bytes`).
        public let bytes: Int?
        /// Records produced, or consumed; those that were fetched and skipped do not count (`txmsgs`, `rxmsgs`).
        public let records: Int?
        /// The bytes of those records, with their framing, uncompressed (`txmsg_bytes`, `rxmsg_bytes`).
        public let recordBytes: Int?
    }

    /// Membership of the consumer's group.
    public struct Group: Sendable, Hashable {
        /// What the client does about its coordinator: `up`, `query-coord`, `wait-coord`, `wait-broker-transport`, … (`state`).
        public let state: String?
        /// Since when (`stateage`).
        public let stateAge: Duration?
        /// What it does about the group: `steady`, `wait-join`, `wait-sync`, `wait-assign-call`, … (`join_state`).
        public let joinState: String?
        /// How long ago partitions were last given or taken (`rebalance_age`).
        public let rebalanceAge: Duration?
        /// How many times they were (`rebalance_cnt`).
        public let rebalances: Int?
        /// Why, the last time; empty at first (`rebalance_reason`).
        public let rebalanceReason: String?
        /// How many partitions are assigned (`assignment_size`).
        public let assignedPartitions: Int?
    }

    /// State of the idempotent or transactional producer.
    public struct Idempotence: Sendable, Hashable {
        /// Of its id: `Assigned` when it has one (`idemp_state`).
        public let state: String?
        /// Since when (`idemp_stateage`).
        public let stateAge: Duration?
        /// Of its transaction: `Init`, `Ready`, `InTransaction`, … (`txn_state`).
        public let transactionState: String?
        /// Since when (`txn_stateage`).
        public let transactionStateAge: Duration?
        /// Whether records may be sent in it now (`txn_may_enq`).
        public let mayEnqueue: Bool?
        /// The id that the cluster has given (`producer_id`).
        public let producerID: Int?
        /// The id's epoch (`producer_epoch`).
        public let producerEpoch: Int?
        /// How many ids there have been (`epoch_cnt`).
        public let epochs: Int?
    }
}

extension KafkaStatistics: CustomStringConvertible {
    /// The client and what there is, in a line.
    public var description: String {
        "statistics of \(clientName): \(brokers.count) brokers, \(topics.count) topics"
    }
}

extension KafkaStatistics: StatisticsObject {
    init(_ fields: StatisticsFields) {
        clientName = fields.text("name") ?? ""
        clientID = fields.text("client_id") ?? ""
        secondsSince1970 = fields.integer("time")
        age = fields.microseconds("age")
        queuedEvents = fields.integer("replyq")
        queuedRecords = fields.integer("msg_cnt")
        queuedBytes = fields.integer("msg_size")
        sent = Traffic(fields, "tx")
        received = Traffic(fields, "rx")
        cachedTopics = fields.integer("metadata_cache_cnt")
        brokers = fields.objects("brokers").sorted { $0.name < $1.name }
        topics = fields.objects("topics").sorted { $0.name < $1.name }
        group = fields.object("cgrp")
        idempotence = fields.object("eos")
        json = fields.source
    }
}

extension KafkaStatistics.Traffic {
    init(_ fields: StatisticsFields, _ direction: String) {
        messages = fields.integer(direction)
        bytes = fields.integer("\(direction)_bytes")
        records = fields.integer("\(direction)msgs")
        recordBytes = fields.integer("\(direction)msg_bytes")
    }
}

extension KafkaStatistics.Group: StatisticsObject {
    init(_ fields: StatisticsFields) {
        state = fields.text("state")
        stateAge = fields.milliseconds("stateage")
        joinState = fields.text("join_state")
        rebalanceAge = fields.milliseconds("rebalance_age")
        rebalances = fields.integer("rebalance_cnt")
        rebalanceReason = fields.text("rebalance_reason")
        assignedPartitions = fields.integer("assignment_size")
    }
}

extension KafkaStatistics.Idempotence: StatisticsObject {
    init(_ fields: StatisticsFields) {
        state = fields.text("idemp_state")
        stateAge = fields.milliseconds("idemp_stateage")
        transactionState = fields.text("txn_state")
        transactionStateAge = fields.milliseconds("txn_stateage")
        mayEnqueue = fields.flag("txn_may_enq")
        producerID = fields.natural("producer_id")
        producerEpoch = fields.natural("producer_epoch")
        epochs = fields.integer("epoch_cnt")
    }
}
