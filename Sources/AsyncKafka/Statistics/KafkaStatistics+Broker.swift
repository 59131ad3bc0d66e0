extension KafkaStatistics {
    /// A broker, or a role that one has, such as the group's coordinator.
    public struct Broker: Sendable, Hashable {
        /// librdkafka's name: `localhost:9092/1`, `GroupCoordinator` (`name`).
        public let name: String
        /// The broker's number; nil for one that is only known from `bootstrapServers` (`nodeid`).
        public let id: Int?
        /// `localhost:9092` (`nodename`).
        public let address: String?
        /// How the client knows it: `configured`, `learned`, or `logical`, which is a role (`source`).
        public let source: String?
        /// Of its connection: `UP`, `DOWN`, `INIT` (not needed so far), `CONNECT`, … (`state`).
        public let state: String?
        /// Since when (`stateage`).
        public let stateAge: Duration?
        /// Requests that wait to be sent (`outbuf_cnt`).
        public let queuedRequests: Int?
        /// Records in them (`outbuf_msg_cnt`).
        public let queuedRecords: Int?
        /// Requests that wait for their answer (`waitresp_cnt`).
        public let requestsInFlight: Int?
        /// Records in them (`waitresp_msg_cnt`).
        public let recordsInFlight: Int?
        /// Requests sent (`tx`).
        public let requests: Int?
        /// Bytes sent (`txbytes`).
        public let sentBytes: Int?
        /// Requests that could not be sent (`txerrs`).
        public let sendErrors: Int?
        /// Requests sent again (`txretries`).
        public let retries: Int?
        /// Since when nothing was sent over the current connection (`txidle`).
        public let sendIdle: Duration?
        /// Requests without an answer in time (`req_timeouts`).
        public let requestTimeouts: Int?
        /// Responses received (`rx`).
        public let responses: Int?
        /// Bytes received (`rxbytes`).
        public let receivedBytes: Int?
        /// Failures to receive (`rxerrs`).
        public let receiveErrors: Int?
        /// Responses to no known request, such as late ones (`rxcorriderrs`).
        public let unmatchedResponses: Int?
        /// Batches of which a fetch response held a part only (`rxpartial`).
        public let partialBatches: Int?
        /// Since when nothing was received over the current connection (`rxidle`).
        public let receiveIdle: Duration?
        /// Times that librdkafka's thread for this broker woke up (`wakeups`).
        public let wakeups: Int?
        /// Attempts to connect (`connects`).
        public let connects: Int?
        /// Connections that ended (`disconnects`).
        public let disconnects: Int?
        /// How long records waited in the producer before they were put into a request (`int_latency`).
        public let producerQueueLatency: Window<Duration>?
        /// How long requests waited to be sent (`outbuf_latency`).
        public let requestQueueLatency: Window<Duration>?
        /// How long the broker took to answer (`rtt`).
        public let roundTripTime: Window<Duration>?
        /// How long the broker held the client back by its quotas, a value for each response that did (`throttle`).
        public let throttleTime: Window<Duration>?
        /// How many requests of each kind were sent, by Kafka's name of it (`req`).
        public let requestsByKind: [String: Int]
        /// The partitions that this broker serves to the client, sorted (`toppars`).
        public let partitions: [KafkaTopicPartition]
    }

    /// Values that were measured since the last statistics: latencies, sizes of batches.
    public struct Window<Value: Sendable & Hashable>: Sendable, Hashable {
        /// How many values there were (`cnt`). Without one, all others are nil.
        public let count: Int
        /// The smallest (`min`).
        public let min: Value?
        /// The largest (`max`).
        public let max: Value?
        /// The mean (`avg`).
        public let average: Value?
        /// Of all values (`sum`).
        public let sum: Value?
        /// By the histogram (`stddev`).
        public let standardDeviation: Value?
        /// Half of the values are not larger (`p50`).
        public let p50: Value?
        /// Three quarters are not larger (`p75`).
        public let p75: Value?
        /// 90 % are not larger (`p90`).
        public let p90: Value?
        /// 95 % are not larger (`p95`).
        public let p95: Value?
        /// 99 % are not larger (`p99`).
        public let p99: Value?
        /// 99.99 % are not larger (`p99_99`).
        public let p9999: Value?
        /// Values that the histogram did not take (`outofrange`).
        public let outOfRange: Int?
    }
}

extension KafkaStatistics.Broker: StatisticsObject {
    init(_ fields: StatisticsFields) {
        name = fields.text("name") ?? ""
        id = fields.natural("nodeid")
        address = fields.text("nodename")
        source = fields.text("source")
        state = fields.text("state")
        stateAge = fields.microseconds("stateage")
        queuedRequests = fields.integer("outbuf_cnt")
        queuedRecords = fields.integer("outbuf_msg_cnt")
        requestsInFlight = fields.integer("waitresp_cnt")
        recordsInFlight = fields.integer("waitresp_msg_cnt")
        requests = fields.integer("tx")
        sentBytes = fields.integer("txbytes")
        sendErrors = fields.integer("txerrs")
        retries = fields.integer("txretries")
        sendIdle = fields.microseconds("txidle")
        requestTimeouts = fields.integer("req_timeouts")
        responses = fields.integer("rx")
        receivedBytes = fields.integer("rxbytes")
        receiveErrors = fields.integer("rxerrs")
        unmatchedResponses = fields.integer("rxcorriderrs")
        partialBatches = fields.integer("rxpartial")
        receiveIdle = fields.microseconds("rxidle")
        wakeups = fields.integer("wakeups")
        connects = fields.integer("connects")
        disconnects = fields.integer("disconnects")
        producerQueueLatency = fields.window("int_latency", .microseconds)
        requestQueueLatency = fields.window("outbuf_latency", .microseconds)
        roundTripTime = fields.window("rtt", .microseconds)
        throttleTime = fields.window("throttle", .milliseconds)
        requestsByKind = fields.integers("req")
        let partitions: [KafkaTopicPartition] = fields.objects("toppars")
        self.partitions = partitions.sorted()
    }
}

extension KafkaTopicPartition: StatisticsObject {
    init(_ fields: StatisticsFields) {
        self.init(topic: fields.text("topic") ?? "", partition: fields.integer("partition") ?? -1)
    }
}

extension KafkaStatistics.Window {
    /// - Parameter value: what a number of these stands for.
    init(_ fields: StatisticsFields, _ value: (Int) -> Value) {
        let count = fields.integer("cnt") ?? 0
        func read(_ name: String) -> Value? { count > 0 ? fields.integer(name).map(value) : nil }
        self.count = count
        min = read("min")
        max = read("max")
        average = read("avg")
        sum = read("sum")
        standardDeviation = read("stddev")
        p50 = read("p50")
        p75 = read("p75")
        p90 = read("p90")
        p95 = read("p95")
        p99 = read("p99")
        p9999 = read("p99_99")
        outOfRange = fields.integer("outofrange")
    }
}
