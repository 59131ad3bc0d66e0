import RdKafka
import Testing

@testable import AsyncKafka

@Suite struct ProducerConfigurationTests {
    @Test func defaultsReachTheEngine() throws {
        let configuration = producerConfiguration()
        let engine = try configuration.engineConfiguration()
        let expected = [
            "bootstrap.servers": "localhost:9092", "client.id": "async-kafka", "acks": "-1",
            "enable.idempotence": "true",
            "delivery.timeout.ms": "120000", "linger.ms": "5", "batch.size": "1000000", "batch.num.messages": "10000",
            "compression.codec": "none", "partitioner": "murmur2_random", "message.max.bytes": "1000000",
            "socket.timeout.ms": "60000", "socket.connection.setup.timeout.ms": "30000", "reconnect.backoff.ms": "100",
            "reconnect.backoff.max.ms": "10000", "metadata.max.age.ms": "900000", "socket.keepalive.enable": "false",
            "log_level": "4", "log.queue": "true", "delivery.report.only.error": "false",
            "queue.buffering.max.messages": "0", "queue.buffering.max.kbytes": "2147483647",
            "client.software.name": "async-kafka",
        ]
        for (name, value) in expected {
            #expect(engine.value(of: name) == value, "\(name)")
        }
        #expect(
            configuration.effective(engine)
                == KafkaProducerConfiguration.Effective(
                    clientID: "async-kafka",
                    maxQueuedRecords: 100_000,
                    maxQueuedBytes: 33_554_432,
                    deliveryTimeout: .seconds(120),
                    linger: .milliseconds(5),
                    maxMessageBytes: 1_000_000,
                    isIdempotent: true,
                    isAcknowledged: true,
                    transactionalID: nil,
                    transactionTimeout: .seconds(60),
                    maxReconnectBackoff: .seconds(10),
                    hasStatistics: false
                )
        )
    }

    @Test func theEngineAcceptsTheDefaultsToTheEnd() throws {
        let engine = try producerConfiguration().engineConfiguration()
        try Handle(.producer, engine).destroy()
    }

    @Test func changedSettingsReachTheEngine() throws {
        var configuration = KafkaProducerConfiguration(bootstrapServers: ["a:1", "PLAINTEXT://b", "[::1]:9093"])
        configuration.clientID = "shop"
        configuration.acknowledgements = .leader
        configuration.isIdempotent = false
        configuration.deliveryTimeout = nil
        configuration.linger = .microseconds(1500)
        configuration.batch.maxBytes = 5000
        configuration.batch.maxRecords = 7
        configuration.compression = .gzip(level: 3)
        configuration.partitioner = .fnv1a
        configuration.maxMessageBytes = 2_000_000
        configuration.connection.socketTimeout = .milliseconds(1)
        configuration.connection.isKeepaliveEnabled = true
        configuration.log = .handler(level: .debug) { _ in }
        try expect(configuration.refusal(), says: "`connection.socketTimeout`", "socket.timeout.ms", "10..")
        configuration.connection.socketTimeout = .seconds(7)
        let engine = try configuration.engineConfiguration()
        let expected = [
            "metadata.broker.list": "a:1,PLAINTEXT://b,[::1]:9093", "client.id": "shop", "acks": "1",
            "enable.idempotence": "false", "message.timeout.ms": "0", "linger.ms": "1.5", "batch.size": "5000",
            "batch.num.messages": "7", "compression.codec": "gzip", "compression.level": "3", "partitioner": "fnv1a",
            "message.max.bytes": "2000000", "socket.timeout.ms": "7000", "socket.keepalive.enable": "true",
            "log_level": "7",
        ]
        for (name, value) in expected {
            #expect(engine.value(of: name) == value, "\(name)")
        }
        let effective = configuration.effective(engine)
        #expect(effective.deliveryTimeout == nil)
        #expect(effective.linger == .microseconds(1500))
        #expect(!effective.isIdempotent)
        #expect(effective.isAcknowledged)
    }

    @Test func aShortTimeIsRoundedUp() throws {
        var configuration = producerConfiguration()
        configuration.linger = .nanoseconds(1)
        configuration.deliveryTimeout = .nanoseconds(1_000_001)
        #expect(try configuration.values("linger.ms", "delivery.timeout.ms") == ["0.001", "2"])
    }

    @Test(arguments: [
        KafkaPartitioner.random, .consistent, .consistentRandom, .murmur2, .murmur2Random, .fnv1a, .fnv1aRandom,
    ])
    func theEngineKnowsEachPartitioner(_ partitioner: KafkaPartitioner) throws {
        var configuration = producerConfiguration()
        configuration.partitioner = partitioner
        #expect(try configuration.values("partitioner") == [partitioner.description])
    }

    @Test(arguments: [
        KafkaCompression.none, .gzip, .snappy, .lz4, .zstd, .gzip(level: 9), .lz4(level: 12), .zstd(level: 3),
    ])
    func theEngineKnowsEachCompression(_ compression: KafkaCompression) throws {
        var configuration = producerConfiguration()
        configuration.compression = compression
        #expect(try configuration.values("compression.type") == [compression.codec])
    }

    @Test(arguments: [KafkaCompression.gzip(level: 10), .lz4(level: -1), .zstd(level: 0), .zstd(level: 13)])
    func aLevelThatTheCodecLacksIsRefused(_ compression: KafkaCompression) throws {
        var configuration = producerConfiguration()
        configuration.compression = compression
        try expect(configuration.refusal(), says: "`compression`", compression.description)
    }

    // MARK: By name

    @Test func aPropertyByNameWinsOverADefault() throws {
        let configuration = producerConfiguration([
            "linger.ms": "20", "request.required.acks": "all", "message.timeout.ms": "7000", "compression.type": "lz4",
            "topic.partitioner": "random", "client.id": "other", "batch.size": "9",
        ])
        let engine = try configuration.engineConfiguration()
        let names = ["queue.buffering.max.ms", "acks", "delivery.timeout.ms", "compression.codec", "partitioner"]
        #expect(names.map { engine.value(of: $0) } == ["20", "-1", "7000", "lz4", "random"])
        let effective = configuration.effective(engine)
        #expect(effective.linger == .milliseconds(20))
        #expect(effective.deliveryTimeout == .seconds(7))
        #expect(effective.clientID == "other")
    }

    @Test(arguments: [
        ("linger.ms", "6"), ("queue.buffering.max.ms", "6"), ("acks", "1"), ("request.required.acks", "1"),
        ("topic.acks", "1"), ("message.timeout.ms", "6000"), ("delivery.timeout.ms", "6000"),
        ("compression.codec", "lz4"),
        ("compression.type", "lz4"), ("bootstrap.servers", "b"), ("metadata.broker.list", "b"), ("client.id", "b"),
        ("queue.buffering.max.messages", "6"), ("queue.buffering.max.kbytes", "6000"), ("enable.idempotence", "true"),
        ("batch.size", "6"), ("batch.num.messages", "6"), ("partitioner", "random"), ("message.max.bytes", "6000"),
        ("socket.timeout.ms", "6000"), ("metadata.max.age.ms", "6000"), ("socket.keepalive.enable", "true"),
    ])
    func aPropertyAndItsChangedSettingAreRefused(_ name: String, _ value: String) throws {
        var configuration = producerConfiguration([name: value])
        configuration.linger = .milliseconds(7)
        configuration.acknowledgements = .leader
        configuration.isIdempotent = false
        configuration.deliveryTimeout = .seconds(7)
        configuration.compression = .zstd
        configuration.clientID = "a"
        configuration.queue.maxRecords = 7
        configuration.queue.maxBytes = 7_000_000
        configuration.batch.maxBytes = 7
        configuration.batch.maxRecords = 7
        configuration.partitioner = .fnv1a
        configuration.maxMessageBytes = 7000
        configuration.connection.socketTimeout = .seconds(7)
        configuration.connection.metadataMaxAge = .seconds(7)
        configuration.connection.isKeepaliveEnabled = true
        try expect(configuration.refusal(), says: "`\(name)` are both set")
    }

    @Test func twoNamesOfOnePropertyAreRefused() throws {
        let configuration = producerConfiguration(["acks": "all", "request.required.acks": "all"])
        try expect(configuration.refusal(), says: "`acks` and `request.required.acks`", "same property")
    }

    @Test func theQueuePropertiesMeanTheCredits() throws {
        let configuration = producerConfiguration([
            "queue.buffering.max.messages": "50", "queue.buffering.max.kbytes": "2000",
        ])
        let engine = try configuration.engineConfiguration()
        #expect(engine.value(of: "queue.buffering.max.messages") == "0")
        #expect(engine.value(of: "queue.buffering.max.kbytes") == "2147483647")
        let effective = configuration.effective(engine)
        #expect(effective.maxQueuedRecords == 50)
        #expect(effective.maxQueuedBytes == 2_048_000)
        #expect(producerConfiguration(["queue.buffering.max.messages": "0"]).queueLimits(largest: 1).records == Int.max)
        try expect(producerConfiguration(["queue.buffering.max.kbytes": "0"]).refusal(), says: "outside allowed range")
    }

    // MARK: Contradictions

    @Test func idempotenceNeedsAllAcknowledgements() throws {
        for (acknowledgements, number) in [(KafkaAcknowledgements.none, "0"), (.leader, "1")] {
            var configuration = producerConfiguration()
            configuration.acknowledgements = acknowledgements
            try expect(configuration.refusal(), says: "`isIdempotent`", "(acks) is \(number)", "`.all`")
            configuration.isIdempotent = false
            #expect(try configuration.refusal() == nil)
        }
        try expect(producerConfiguration(["acks": "1"]).refusal(), says: "`isIdempotent`", "(acks) is 1")
        #expect(try producerConfiguration(["acks": "1", "enable.idempotence": "false"]).refusal() == nil)
    }

    @Test(arguments: ["max.in.flight", "max.in.flight.requests.per.connection"])
    func idempotenceLimitsRequestsInFlight(_ name: String) throws {
        try expect(producerConfiguration([name: "6"]).refusal(), says: "`isIdempotent`", "`\(name)` is 6", "at most 5")
        #expect(try producerConfiguration([name: "5"]).refusal() == nil)
        #expect(try producerConfiguration([name: "6", "enable.idempotence": "false"]).refusal() == nil)
    }

    @Test func theDeliveryTimeoutIsLongerThanTheLinger() throws {
        var configuration = producerConfiguration()
        configuration.deliveryTimeout = .seconds(1)
        configuration.linger = .seconds(1)
        try expect(configuration.refusal(), says: "`deliveryTimeout`", "1000 ms", "`linger`", "1000.0 ms")
        configuration.deliveryTimeout = nil
        #expect(try configuration.refusal() == nil)
    }

    @Test func aRecordOfTheLargestSizeFitsTheQueue() throws {
        var configuration = producerConfiguration()
        configuration.queue.maxBytes = 999_999
        try expect(configuration.refusal(), says: "`queue.maxBytes`", "999999", "`maxMessageBytes`", "1000000")
        configuration.maxMessageBytes = 999_999
        #expect(try configuration.refusal() == nil)
    }

    @Test func theQueueGrowsWithTheLargestRecordUnlessItIsGiven() throws {
        func bytes(_ properties: [String: String], _ change: (inout KafkaProducerConfiguration) -> Void) throws -> Int {
            var configuration = producerConfiguration(properties)
            change(&configuration)
            return configuration.effective(try configuration.engineConfiguration()).maxQueuedBytes
        }
        #expect(try bytes([:]) { $0.maxMessageBytes = 100_000_000 } == 100_000_000)
        #expect(try bytes(["message.max.bytes": "100000000"]) { _ in } == 100_000_000)
        #expect(try bytes(["message.max.bytes": "100000"]) { _ in } == 33_554_432)
        #expect(try bytes(["queue.buffering.max.kbytes": "1000"]) { _ in } == 1_024_000)
        var configuration = producerConfiguration()
        configuration.queue.maxBytes = 33_554_432
        configuration.maxMessageBytes = 33_554_433
        try expect(configuration.refusal(), says: "`queue.maxBytes`", "33554432", "33554433")
    }

    @Test func transactionsTakeTheirTimeLimits() throws {
        let configuration = producerConfiguration(["transactional.id": "tx"])
        let engine = try configuration.engineConfiguration()
        #expect(engine.value(of: "delivery.timeout.ms") == "60000")
        let effective = configuration.effective(engine)
        #expect(effective.transactionalID == "tx")
        #expect(effective.deliveryTimeout == .seconds(60))
        // rd_kafka_new checks more.
        try Handle(.producer, engine).destroy()
    }

    @Test func shortTransactionsAreAcceptedByTheEngine() throws {
        let engine = try producerConfiguration(["transactional.id": "tx", "transaction.timeout.ms": "5000"])
            .engineConfiguration()
        try Handle(.producer, engine).destroy()
    }

    @Test func aDeliveryTimeoutBeyondTheTransactionIsRefused() throws {
        var configuration = producerConfiguration(["transactional.id": "tx"])
        configuration.deliveryTimeout = .seconds(61)
        try expect(configuration.refusal(), says: "61000 ms", "`transactionTimeout`", "60000 ms")
        configuration.deliveryTimeout = nil
        try expect(configuration.refusal(), says: "unlimited", "`transactionTimeout`")
        configuration.deliveryTimeout = .seconds(60)
        #expect(try configuration.refusal() == nil)
    }

    @Test func transactionsNeedIdempotence() throws {
        var configuration = producerConfiguration(["transactional.id": "tx"])
        configuration.isIdempotent = false
        try expect(configuration.refusal(), says: "`isIdempotent`", "`transactionalID`")
    }

    @Test func aTransactionalIDIsANameOfItsOwn() throws {
        var configuration = producerConfiguration()
        configuration.transactionalID = "orders-1"
        #expect(try configuration.refusal() == nil)
        #expect(try configuration.effective(configuration.engineConfiguration()).transactionalID == "orders-1")
        configuration.transactionalID = ""
        try expect(configuration.refusal(), says: "`transactionalID` is empty")
        configuration = producerConfiguration(["transactional.id": "tx"])
        configuration.transactionalID = "orders-1"
        try expect(configuration.refusal(), says: "`transactionalID`", "`transactional.id`")
    }

    @Test func theTransactionTimeoutBoundsTheDeliveryTimeout() throws {
        var configuration = producerConfiguration()
        configuration.transactionalID = "orders-1"
        configuration.transactionTimeout = .seconds(10)
        let effective = try configuration.effective(configuration.engineConfiguration())
        #expect(effective.transactionTimeout == .seconds(10))
        #expect(effective.deliveryTimeout == .seconds(10))
        configuration.transactionTimeout = .milliseconds(999)
        try expect(configuration.refusal(), says: "`transactionTimeout`")
    }

    @Test func aLargeBackoffBeyondItsLimitIsRefused() throws {
        var configuration = producerConfiguration()
        configuration.connection.reconnectBackoff = .seconds(11)
        try expect(configuration.refusal(), says: "11000 ms", "10000 ms", "`connection.maxReconnectBackoff`")
    }

    // MARK: Ranges

    static let outOfRange: [(String, @Sendable (inout KafkaProducerConfiguration) -> Void)] = [
        ("deliveryTimeout", { $0.deliveryTimeout = .zero }),
        ("deliveryTimeout", { $0.deliveryTimeout = .seconds(-1) }),
        ("deliveryTimeout", { $0.deliveryTimeout = .seconds(3_000_000) }),
        ("deliveryTimeout", { $0.deliveryTimeout = .seconds(Int64.max) }),
        ("linger", { $0.linger = .seconds(-1) }),
        ("linger", { $0.linger = .seconds(901) }),
        ("linger", { $0.linger = .seconds(Int64.max) }),
        ("batch.maxBytes", { $0.batch.maxBytes = 0 }),
        ("batch.maxBytes", { $0.batch.maxBytes = -1 }),
        ("batch.maxRecords", { $0.batch.maxRecords = 4_294_967_297 }),
        ("maxMessageBytes", { $0.maxMessageBytes = 999 }),
        ("maxMessageBytes", { $0.maxMessageBytes = Int.max }),
        ("queue.maxRecords", { $0.queue.maxRecords = 0 }),
        ("queue.maxBytes", { $0.queue.maxBytes = -1 }),
        ("closeTimeout", { $0.closeTimeout = .seconds(-1) }),
        ("closeTimeout", { $0.closeTimeout = .seconds(86_401) }),
        ("connection.socketTimeout", { $0.connection.socketTimeout = .seconds(301) }),
        ("connection.setupTimeout", { $0.connection.setupTimeout = .milliseconds(999) }),
        ("connection.reconnectBackoff", { $0.connection.reconnectBackoff = .seconds(-1) }),
        ("connection.maxReconnectBackoff", { $0.connection.maxReconnectBackoff = .seconds(3601) }),
        ("connection.metadataMaxAge", { $0.connection.metadataMaxAge = .zero }),
        ("clientID", { $0.clientID = "a\0b" }),
    ]

    @Test(arguments: outOfRange.indices)
    func aSettingOutOfRangeIsRefusedByItsName(_ index: Int) throws {
        let (name, change) = Self.outOfRange[index]
        var configuration = producerConfiguration()
        change(&configuration)
        try expect(configuration.refusal(), says: "`\(name)`")
    }

    @Test(arguments: ["", "a b", "a,b", " a", "a\n", "a:b", "a:0", "a:65536", "a:", ":9092", "SSL://", "[::1]:x"])
    func anUnreadableServerIsRefused(_ server: String) throws {
        let configuration = KafkaProducerConfiguration(bootstrapServers: ["good:9092", server])
        try expect(configuration.refusal(), says: "`bootstrapServers`")
    }

    @Test func aSchemeOfAnotherSecurityProtocolIsRefused() throws {
        var configuration = KafkaProducerConfiguration(bootstrapServers: ["a:1", "ssl://b:9093"])
        let entry = "`bootstrapServers` contains \"ssl://b:9093\""
        try expect(configuration.refusal(), says: entry, "whose scheme is ssl", "`security.protocol` is plaintext")
        configuration.additionalProperties["security.protocol"] = "SSL"
        #expect(try configuration.values("bootstrap.servers") == ["a:1,ssl://b:9093"])
        configuration.bootstrapServers = ["http://b:9093"]
        try expect(configuration.refusal(), says: "`bootstrapServers`", "whose scheme is none of Kafka's")
    }

    @Test(arguments: [
        ("a:1, SSL://b:2", "whose scheme is ssl"), ("a:1,kafka://b:2", "none of Kafka's"), ("a:1,b:x", "whose port"),
        ("a:1 b:2", "without spaces"),
    ])
    func serversByNameAreCheckedAsWell(_ servers: String, _ problem: String) throws {
        var configuration = KafkaProducerConfiguration(bootstrapServers: [])
        configuration.additionalProperties["metadata.broker.list"] = servers
        try expect(configuration.refusal(), says: "`metadata.broker.list` contains", problem)
    }

    @Test func spacesAndEmptyPlacesBetweenServersByNameAreNone() throws {
        var configuration = KafkaProducerConfiguration(bootstrapServers: [])
        configuration.additionalProperties["bootstrap.servers"] = " a:1,, plaintext://b:2,"
        #expect(try configuration.refusal() == nil)
    }

    @Test func someServerIsNeeded() throws {
        var configuration = KafkaProducerConfiguration(bootstrapServers: [])
        try expect(configuration.refusal(), says: "`bootstrapServers` is empty")
        configuration.additionalProperties["metadata.broker.list"] = "a"
        #expect(try configuration.values("bootstrap.servers") == ["a"])
    }
}
