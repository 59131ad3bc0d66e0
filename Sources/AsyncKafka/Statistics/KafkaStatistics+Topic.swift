extension KafkaStatistics {
    /// A topic that the client uses.
    public struct Topic: Sendable, Hashable {
        /// The topic's name (`topic`).
        public let name: String
        /// How long the client has used it (`age`).
        public let age: Duration?
        /// How old its metadata is (`metadata_age`).
        public let metadataAge: Duration?
        /// Sizes of produced batches, in bytes (`batchsize`).
        public let batchBytes: Window<Int>?
        /// Records in produced batches (`batchcnt`).
        public let batchRecords: Window<Int>?
        /// Its partitions, by number (`partitions`).
        public let partitions: [Partition]
    }

    /// A partition of a topic that the client uses.
    ///
    /// Offsets are nil while librdkafka does not know them: those of a consumer for partitions that are not assigned, for example.
    public struct Partition: Sendable, Hashable {
        /// The partition's number; nil for the queue of records that have none yet (`partition`).
        public let number: Int?
        /// The broker that it is read from or written to (`broker`).
        public let broker: Int?
        /// The broker that leads it (`leader`).
        public let leader: Int?
        /// Whether the consumer has it assigned (`desired`).
        public let isDesired: Bool?
        /// Whether the brokers have not said that it exists (`unknown`).
        public let isUnknown: Bool?

        /// Records that wait in the producer for their batch (`msgq_cnt`).
        public let queuedRecords: Int?
        /// Their bytes (`msgq_bytes`).
        public let queuedBytes: Int?
        /// Records that are ready to be sent (`xmit_msgq_cnt`).
        public let transmitRecords: Int?
        /// Their bytes (`xmit_msgq_bytes`).
        public let transmitBytes: Int?
        /// Records on their way to the broker or back (`msgs_inflight`).
        public let recordsInFlight: Int?
        /// Records that are fetched and not yet drained by the client (`fetchq_cnt`).
        public let prefetchedRecords: Int?
        /// Their bytes (`fetchq_size`).
        public let prefetchedBytes: Int?

        /// What the consumer does about it: `active`, `stopped`, `offset-query`, … (`fetch_state`).
        public let fetchState: String?
        /// The next offset to be fetched (`next_offset`).
        public let nextOffset: Int64?
        /// One behind the last message that the client has drained; the loop may not have got it yet (`app_offset`).
        public let drainedOffset: Int64?
        /// The last committed offset that librdkafka knows (`committed_offset`).
        public let committedOffset: Int64?
        /// Where the end was last reached (`eof_offset`).
        public let endReachedOffset: Int64?
        /// The first offset of the log (`lo_offset`).
        public let lowOffset: Int64?
        /// The high watermark: one behind the last record that all replicas in sync have (`hi_offset`).
        public let highOffset: Int64?
        /// One behind the last record that `read_committed` shows (`ls_offset`).
        public let lastStableOffset: Int64?
        /// How many offsets lie between the committed one and the end, as Kafka's group tool counts; the end is the last stable
        /// offset under `read_committed`, else the high watermark. Nil until both are known (`consumer_lag`).
        ///
        /// ``KafkaConsumer/lag()`` counts from what the application was given, and needs no statistics.
        public let consumerLag: Int64?

        /// Records produced (`txmsgs`).
        public let sentRecords: Int?
        /// Their bytes (`txbytes`).
        public let sentBytes: Int?
        /// Records consumed (`rxmsgs`).
        public let receivedRecords: Int?
        /// Their bytes (`rxbytes`).
        public let receivedBytes: Int?
        /// Records that were outdated when they arrived, by a seek for example (`rx_ver_drops`).
        public let outdatedRecords: Int?
    }
}

extension KafkaStatistics.Topic: StatisticsObject {
    init(_ fields: StatisticsFields) {
        name = fields.text("topic") ?? ""
        age = fields.milliseconds("age")
        metadataAge = fields.milliseconds("metadata_age")
        batchBytes = fields.window("batchsize")
        batchRecords = fields.window("batchcnt")
        let partitions: [KafkaStatistics.Partition] = fields.objects("partitions")
        self.partitions = partitions.sorted { $0.number ?? -1 < $1.number ?? -1 }
    }
}

extension KafkaStatistics.Partition: StatisticsObject {
    init(_ fields: StatisticsFields) {
        number = fields.natural("partition")
        broker = fields.natural("broker")
        leader = fields.natural("leader")
        isDesired = fields.flag("desired")
        isUnknown = fields.flag("unknown")
        queuedRecords = fields.integer("msgq_cnt")
        queuedBytes = fields.integer("msgq_bytes")
        transmitRecords = fields.integer("xmit_msgq_cnt")
        transmitBytes = fields.integer("xmit_msgq_bytes")
        recordsInFlight = fields.integer("msgs_inflight")
        prefetchedRecords = fields.integer("fetchq_cnt")
        prefetchedBytes = fields.integer("fetchq_size")
        fetchState = fields.text("fetch_state")
        nextOffset = fields.offset("next_offset")
        drainedOffset = fields.offset("app_offset")
        committedOffset = fields.offset("committed_offset")
        endReachedOffset = fields.offset("eof_offset")
        lowOffset = fields.offset("lo_offset")
        highOffset = fields.offset("hi_offset")
        lastStableOffset = fields.offset("ls_offset")
        consumerLag = fields.offset("consumer_lag")
        sentRecords = fields.integer("txmsgs")
        sentBytes = fields.integer("txbytes")
        receivedRecords = fields.integer("rxmsgs")
        receivedBytes = fields.integer("rxbytes")
        outdatedRecords = fields.integer("rx_ver_drops")
    }
}
