import RdKafka
import Testing

@testable import AsyncKafka

/// Retries, requests, topics, sockets and metadata.
@Suite struct DeliverySettingsTests {
    /// What our documentation says is librdkafka's default has to be that of the one that is linked.
    @Test(arguments: [
        "message.send.max.retries", "retry.backoff.ms", "retry.backoff.max.ms", "enable.gapless.guarantee",
        "topic.metadata.propagation.max.ms", "queue.buffering.backpressure.threshold",
        "topic.metadata.refresh.interval.ms", "socket.send.buffer.bytes",
        "socket.receive.buffer.bytes", "socket.max.fails", "connections.max.idle.ms", "broker.address.ttl",
        "broker.address.family", "sticky.partitioning.linger.ms",
    ])
    func aDefaultIsThatOfTheEngine(_ name: String) throws {
        let standard = Configuration()
        // What this engine does not have yet is left out.
        #expect(try producerConfiguration().values(name) == [standard.value(of: name)])
    }

    /// The documented figures, and where they differ from librdkafka's on purpose.
    @Test func defaultsReachTheEngine() throws {
        let engine = try producerConfiguration().engineConfiguration()
        let expected = [
            "message.send.max.retries": "2147483647", "retry.backoff.ms": "100", "request.timeout.ms": "30000",
            "max.in.flight.requests.per.connection": "5", "enable.gapless.guarantee": "false",
            "topic.metadata.propagation.max.ms": "30000", "allow.auto.create.topics": "true",
            "queue.buffering.backpressure.threshold": "1", "topic.metadata.refresh.interval.ms": "300000",
            "socket.nagle.disable": "false", "socket.send.buffer.bytes": "0", "socket.receive.buffer.bytes": "0",
            "socket.max.fails": "1", "broker.address.ttl": "1000", "broker.address.family": "any",
        ]
        for (name, value) in expected { #expect(engine.value(of: name) == value, "\(name)") }
        if Engine.versionNumber >= 0x0203_0000 { #expect(engine.value(of: "retry.backoff.max.ms") == "1000") }
    }

    static func changed() -> KafkaProducerConfiguration {
        var configuration = producerConfiguration()
        configuration.isIdempotent = false
        configuration.retry.maxRetries = 7
        configuration.retry.backoff = .milliseconds(20)
        configuration.requestTimeout = .seconds(7)
        configuration.maxRequestsInFlight = 6
        configuration.unknownTopicTimeout = .seconds(1)
        configuration.isTopicCreationAllowed = false
        configuration.stickyPartitioningLinger = .milliseconds(77)
        configuration.queue.backpressureThreshold = 2
        configuration.connection.metadataRefreshInterval = .seconds(20)
        configuration.connection.isNagleEnabled = false
        configuration.connection.sendBufferBytes = 65_536
        configuration.connection.receiveBufferBytes = 65_537
        configuration.connection.maxFailures = 2
        configuration.connection.idleTimeout = .seconds(60)
        configuration.connection.addressCacheTime = .seconds(2)
        configuration.connection.addressFamily = .ipv4
        return configuration
    }

    static let changedValues = [
        "message.send.max.retries": "7", "retry.backoff.ms": "20", "request.timeout.ms": "7000",
        "max.in.flight.requests.per.connection": "6", "topic.metadata.propagation.max.ms": "1000",
        "allow.auto.create.topics": "false", "sticky.partitioning.linger.ms": "77",
        "queue.buffering.backpressure.threshold": "2", "topic.metadata.refresh.interval.ms": "20000",
        "socket.nagle.disable": "true", "socket.send.buffer.bytes": "65536", "socket.receive.buffer.bytes": "65537",
        "socket.max.fails": "2", "connections.max.idle.ms": "60000", "broker.address.ttl": "2000",
        "broker.address.family": "v4",
    ]

    @Test func changedSettingsReachTheEngine() throws {
        let engine = try Self.changed().engineConfiguration()
        for (name, value) in Self.changedValues { #expect(engine.value(of: name) == value, "\(name)") }
        try Handle(.producer, engine).destroy()
    }

    @Test(arguments: changedValues.keys.sorted() + ["retries", "max.in.flight"])
    func aPropertyAndItsChangedSettingAreRefused(_ name: String) throws {
        var configuration = Self.changed()
        configuration.additionalProperties[name] = Self.changedValues[name] ?? "4"
        try expect(configuration.refusal(), says: "`\(name)` are both set")
        // By name alone it is taken.
        let value = Self.changedValues[name] ?? "4"
        var named = producerConfiguration(["enable.idempotence": "false"])
        named.additionalProperties[name] = value
        #expect(try named.values(name) == [value])
    }

    static let outOfRange: [(String, @Sendable (inout KafkaProducerConfiguration) -> Void)] = [
        ("retry.maxRetries", { $0.retry.maxRetries = -1 }),
        ("retry.maxRetries", { $0.retry.maxRetries = Int.max }),
        ("retry.backoff", { $0.retry.backoff = .zero }),
        ("retry.backoff", { $0.retry.backoff = .seconds(301) }),
        ("retry.maxBackoff", { $0.retry.maxBackoff = .seconds(Int64.max) }),
        ("requestTimeout", { $0.requestTimeout = .zero }),
        ("requestTimeout", { $0.requestTimeout = .seconds(901) }),
        ("maxRequestsInFlight", { $0.maxRequestsInFlight = 0 }),
        ("maxRequestsInFlight", { $0.maxRequestsInFlight = 1_000_001 }),
        ("unknownTopicTimeout", { $0.unknownTopicTimeout = .seconds(3601) }),
        ("stickyPartitioningLinger", { $0.stickyPartitioningLinger = .seconds(-1) }),
        ("stickyPartitioningLinger", { $0.stickyPartitioningLinger = .seconds(901) }),
        ("queue.backpressureThreshold", { $0.queue.backpressureThreshold = 0 }),
        ("connection.refusal", { $0.connection.refusal = .fail(after: .seconds(-1)) }),
        ("connection.refusal", { $0.connection.refusal = .fail(after: .seconds(Int64.max)) }),
        ("connection.metadataRefreshInterval", { $0.connection.metadataRefreshInterval = .zero }),
        ("connection.metadataRefreshInterval", { $0.connection.metadataRefreshInterval = .seconds(3601) }),
        ("connection.sendBufferBytes", { $0.connection.sendBufferBytes = 100_000_001 }),
        ("connection.receiveBufferBytes", { $0.connection.receiveBufferBytes = -1 }),
        ("connection.maxFailures", { $0.connection.maxFailures = 1_000_001 }),
        ("connection.idleTimeout", { $0.connection.idleTimeout = .seconds(-1) }),
        ("connection.addressCacheTime", { $0.connection.addressCacheTime = .seconds(86_401) }),
    ]

    @Test(arguments: outOfRange.indices)
    func aSettingOutOfRangeIsRefusedByItsName(_ index: Int) throws {
        let (name, change) = Self.outOfRange[index]
        var configuration = producerConfiguration()
        change(&configuration)
        try expect(configuration.refusal(), says: "`\(name)`")
    }

    @Test func aMetadataRefreshOfNeverIsLibrdkafkasMinusOne() throws {
        var configuration = producerConfiguration()
        configuration.connection.metadataRefreshInterval = nil
        #expect(try configuration.values("topic.metadata.refresh.interval.ms") == ["-1"])
    }

    @Test func aConsumerHasTheSameConnection() throws {
        var configuration = consumerConfiguration()
        configuration.connection = Self.changed().connection
        #expect(try configuration.values("socket.nagle.disable", "broker.address.family") == ["true", "v4"])
    }

    // MARK: What derives from others

    @Test func shortTimeoutsTakeTheDefaultsOfOthersWithThem() throws {
        var configuration = producerConfiguration()
        configuration.deliveryTimeout = .seconds(2)
        configuration.connection.metadataMaxAge = .seconds(30)
        configuration.retry.backoff = .seconds(3)
        let names = ["request.timeout.ms", "topic.metadata.refresh.interval.ms"]
        let engine = try configuration.engineConfiguration()
        #expect(names.map { engine.value(of: $0) } == ["1995", "10000"])
        if Engine.versionNumber >= 0x0203_0000 { #expect(engine.value(of: "retry.backoff.max.ms") == "3000") }
        configuration.deliveryTimeout = nil
        #expect(try configuration.values("request.timeout.ms") == ["30000"])
        #expect(
            try producerConfiguration(["message.timeout.ms": "900"]).values("request.timeout.ms") == ["895"]
        )
    }

    // MARK: Contradictions

    static let notIdempotent: [(String, String, @Sendable (inout KafkaProducerConfiguration) -> Void)] = [
        ("`maxRequestsInFlight`", "at most 5", { $0.maxRequestsInFlight = 6 }),
        ("`retry.maxRetries`", "at least 1", { $0.retry.maxRetries = 0 }),
        ("`retries` is 0", "at least 1", { $0.additionalProperties["retries"] = "0" }),
        ("`queue.backpressureThreshold`", "to 1", { $0.queue.backpressureThreshold = 2 }),
        ("`queuing.strategy`", "fifo", { $0.additionalProperties["queuing.strategy"] = "lifo" }),
    ]

    @Test(arguments: notIdempotent.indices)
    func whatIdempotenceForbidsIsRefused(_ index: Int) throws {
        let (name, remedy, change) = Self.notIdempotent[index]
        var configuration = producerConfiguration()
        change(&configuration)
        try expect(configuration.refusal(), says: "`isIdempotent`", name, remedy)
        configuration.isIdempotent = false
        #expect(try configuration.refusal() == nil)
    }

    @Test func noGapsNeedIdempotence() throws {
        var configuration = producerConfiguration()
        configuration.isGapless = true
        try Handle(.producer, configuration.engineConfiguration()).destroy()
        configuration.isIdempotent = false
        try expect(configuration.refusal(), says: "`isGapless`", "`isIdempotent`", "to true")
    }

    @Test func aBrokerWaitsNoLongerThanTheRecord() throws {
        var configuration = producerConfiguration()
        configuration.requestTimeout = .seconds(10)
        configuration.deliveryTimeout = .seconds(9)
        try expect(configuration.refusal(), says: "`requestTimeout`", "10000 ms", "`deliveryTimeout`", "9000 ms")
        configuration.deliveryTimeout = .seconds(10)
        try expect(configuration.refusal(), says: "`requestTimeout`", "10000 ms", "`linger`", "5.0 ms")
        configuration.deliveryTimeout = .milliseconds(10_005)
        #expect(try configuration.refusal() == nil)
        configuration.deliveryTimeout = nil
        #expect(try configuration.refusal() == nil)
    }

    @Test func aBatchIsNoLargerThanARequest() throws {
        var configuration = producerConfiguration()
        configuration.maxMessageBytes = 2000
        #expect(try configuration.refusal() == nil)
        configuration.batch.maxBytes = 2001
        try expect(configuration.refusal(), says: "`batch.maxBytes`", "2001", "`maxMessageBytes`", "2000")
        configuration.maxMessageBytes = 2001
        #expect(try configuration.refusal() == nil)
    }

    @Test func topicsAreRefreshedBeforeTheyAreForgotten() throws {
        var configuration = producerConfiguration()
        configuration.connection.metadataMaxAge = .seconds(10)
        configuration.connection.metadataRefreshInterval = .seconds(11)
        try expect(
            configuration.refusal(),
            says: "`connection.metadataRefreshInterval`",
            "11000 ms",
            "`connection.metadataMaxAge`",
            "10000 ms"
        )
    }

    @Test(.enabled(if: Engine.versionNumber >= 0x0203_0000, "librdkafka 2.3 or newer"))
    func theLongestRetryWaitIsNotShorterThanTheFirst() throws {
        var configuration = producerConfiguration()
        configuration.retry.backoff = .milliseconds(300)
        configuration.retry.maxBackoff = .milliseconds(200)
        try expect(configuration.refusal(), says: "`retry.backoff`", "300 ms", "`retry.maxBackoff`", "200 ms")
    }

    @Test(.enabled(if: Engine.versionNumber < 0x0203_0000, "librdkafka older than 2.3"))
    func theLongestRetryWaitNeedsANewerEngine() throws {
        var configuration = producerConfiguration()
        configuration.retry.maxBackoff = .milliseconds(200)
        try expect(configuration.refusal(), says: "`retry.maxBackoff`", "retry.backoff.max.ms", "does not have")
    }

    // MARK: Presets

    @Test func aPresetChangesItsSettingsAlone() throws {
        var latency = producerConfiguration()
        latency.apply(.lowestLatency)
        var expected = producerConfiguration()
        expected.linger = .milliseconds(1)
        #expect(latency.description == expected.description)
        #expect(try latency.refusal() == nil)

        var throughput = producerConfiguration()
        throughput.apply(.highestThroughput)
        expected = producerConfiguration()
        expected.linger = .milliseconds(50)
        expected.batch.maxRecords = 100_000
        expected.compression = .lz4
        #expect(throughput.description == expected.description)
        #expect(try throughput.refusal() == nil)
    }

    @Test func whatIsSetAfterAPresetWins() throws {
        var configuration = producerConfiguration()
        configuration.acknowledgements = .leader
        configuration.isIdempotent = false
        configuration.apply(.highestThroughput)
        configuration.compression = .zstd
        #expect(try configuration.values("compression.codec", "linger.ms", "acks") == ["zstd", "50", "1"])
    }
}
