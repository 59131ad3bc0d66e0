import RdKafka
import Testing

@testable import AsyncKafka

@Suite struct ConsumerConfigurationTests {
    @Test func defaultsReachTheEngine() throws {
        // librdkafka reads `smallest` back for `earliest`.
        let configuration = consumerConfiguration()
        let engine = try configuration.engineConfiguration()
        let expected = [
            "bootstrap.servers": "localhost:9092", "group.id": "group", "client.id": "async-kafka",
            "auto.offset.reset": "smallest", "session.timeout.ms": "45000", "heartbeat.interval.ms": "3000",
            "max.poll.interval.ms": "300000", "partition.assignment.strategy": "range,roundrobin",
            "fetch.min.bytes": "1", "fetch.wait.max.ms": "500", "queued.max.messages.kbytes": "65536",
            "queued.min.messages": "100000", "fetch.max.bytes": "16777216", "max.partition.fetch.bytes": "1048576",
            "isolation.level": "read_committed", "enable.auto.commit": "false", "enable.auto.offset.store": "false",
            "enable.partition.eof": "false", "statistics.interval.ms": "0", "log.queue": "true", "log_level": "4",
        ]
        for (name, value) in expected {
            #expect(engine.value(of: name) == value, "\(name)")
        }
        #expect(
            configuration.effective(engine)
                == KafkaConsumerConfiguration.Effective(
                    clientID: "async-kafka",
                    groupID: "group",
                    instanceID: nil,
                    sessionTimeout: .seconds(45),
                    maxPollInterval: .seconds(300),
                    emitsPartitionEnd: false,
                    autoOffsetReset: .beginning,
                    isReadCommitted: true,
                    hasStatistics: false
                )
        )
        try Handle(.consumer, engine).destroy()
    }

    @Test func changedSettingsReachTheEngine() throws {
        var configuration = consumerConfiguration()
        configuration.emitsPartitionEnd = true
        configuration.statisticsInterval = .milliseconds(1500)
        configuration.autoOffsetReset = .error
        configuration.isolationLevel = .readUncommitted
        configuration.group.sessionTimeout = .seconds(10)
        configuration.group.heartbeatInterval = .seconds(1)
        configuration.group.maxPollInterval = .seconds(31)
        configuration.group.assignmentStrategies = [.cooperativeSticky]
        configuration.group.instanceID = "one"
        configuration.fetch.minBytes = 2
        configuration.fetch.maxWait = .milliseconds(20)
        configuration.fetch.prefetchRecords = 3
        configuration.offsetPolicy = .manual
        let engine = try configuration.engineConfiguration()
        let expected = [
            "auto.offset.reset": "error", "isolation.level": "read_uncommitted", "session.timeout.ms": "10000",
            "heartbeat.interval.ms": "1000", "max.poll.interval.ms": "31000",
            "partition.assignment.strategy": "cooperative-sticky", "group.instance.id": "one", "fetch.min.bytes": "2",
            "fetch.wait.max.ms": "20", "queued.min.messages": "3", "enable.partition.eof": "true",
            "statistics.interval.ms": "1500",
        ]
        for (name, value) in expected {
            #expect(engine.value(of: name) == value, "\(name)")
        }
        let effective = configuration.effective(engine)
        #expect(effective.instanceID == "one")
        #expect(effective.maxPollInterval == .seconds(31))
        #expect(effective.emitsPartitionEnd)
        #expect(!effective.isReadCommitted)
        try Handle(.consumer, engine).destroy()
    }

    // MARK: Fetch sizes

    @Test(arguments: [
        (1024, "1000000", "256"), (1_000_000, "1000000", "250112"), (8 * 1024 * 1024, "2097152", "1048576"),
        (2_147_482_624, "536870656", "1048576"),
    ])
    func fetchSizesDeriveFromTheBudget(_ bytes: Int, _ answer: String, _ partition: String) throws {
        var configuration = consumerConfiguration()
        configuration.fetch.prefetchBytes = bytes
        let engine = try configuration.engineConfiguration()
        #expect(engine.value(of: "fetch.max.bytes") == answer)
        #expect(engine.value(of: "max.partition.fetch.bytes") == partition)
        try Handle(.consumer, engine).destroy()
    }

    @Test func fetchSizesByNameStay() throws {
        let configuration = consumerConfiguration([
            "queued.max.messages.kbytes": "4096", "fetch.max.bytes": "1234567", "fetch.message.max.bytes": "999",
        ])
        #expect(try configuration.values("fetch.max.bytes", "max.partition.fetch.bytes") == ["1234567", "999"])
    }

    @Test func theBudgetByNameCounts() throws {
        let configuration = consumerConfiguration(["queued.max.messages.kbytes": "8192"])
        #expect(try configuration.values("fetch.max.bytes") == ["2097152"])
    }

    @Test func fetchSizesFitTheOtherLimits() throws {
        for properties in [["message.max.bytes": "20000000"], ["receive.message.max.bytes": "5000000"]] {
            let engine = try consumerConfiguration(properties).engineConfiguration()
            #expect(["20000000", "4999488"].contains(engine.value(of: "fetch.max.bytes")))
            // rd_kafka_new checks that they fit together.
            try Handle(.consumer, engine).destroy()
        }
    }

    @Test func aFetchBackoffIsLowWhereTheEngineKnowsIt() throws {
        let expected: String? = Configuration.propertyNames.contains("fetch.queue.backoff.ms") ? "10" : nil
        #expect(try consumerConfiguration().values("fetch.queue.backoff.ms") == [expected])
    }

    // MARK: By name

    @Test func propertiesByNameCountInTheChecks() throws {
        try expect(
            consumerConfiguration(["max.poll.interval.ms": "20000", "session.timeout.ms": "10000"]).refusal(),
            says: "`revokeTimeout`",
            "30.0 seconds",
            "20000 ms"
        )
        let configuration = consumerConfiguration(["max.poll.interval.ms": "46000", "group.instance.id": "x"])
        let engine = try configuration.engineConfiguration()
        #expect(configuration.effective(engine).maxPollInterval == .seconds(46))
        #expect(configuration.effective(engine).instanceID == "x")
    }

    @Test(arguments: [
        ("session.timeout.ms", "6000"), ("heartbeat.interval.ms", "100"), ("max.poll.interval.ms", "60000"),
        ("partition.assignment.strategy", "range"), ("group.instance.id", "b"), ("group.id", "b"),
        ("auto.offset.reset", "latest"), ("topic.auto.offset.reset", "latest"), ("isolation.level", "read_committed"),
        ("fetch.min.bytes", "6"), ("fetch.wait.max.ms", "6"), ("queued.max.messages.kbytes", "6"),
        ("queued.min.messages", "6"), ("fetch.max.bytes", "2000000"), ("max.partition.fetch.bytes", "6"),
        ("fetch.message.max.bytes", "6"), ("check.crcs", "false"), ("client.rack", "b"),
    ])
    func aPropertyAndItsChangedSettingAreRefused(_ name: String, _ value: String) throws {
        var configuration = consumerConfiguration([name: value])
        configuration.group.sessionTimeout = .seconds(7)
        configuration.group.heartbeatInterval = .seconds(1)
        configuration.group.maxPollInterval = .seconds(70)
        configuration.group.assignmentStrategies = [.cooperativeSticky]
        configuration.group.instanceID = "a"
        configuration.autoOffsetReset = .error
        configuration.isolationLevel = .readUncommitted
        configuration.fetch.minBytes = 7
        configuration.fetch.maxWait = .milliseconds(7)
        configuration.fetch.prefetchBytes = 7000
        configuration.fetch.prefetchRecords = 7
        configuration.fetch.maxBytes = 1_000_007
        configuration.fetch.maxPartitionBytes = 7
        configuration.fetch.checksCRCs = true
        configuration.clientRack = "a"
        try expect(configuration.refusal(), says: "`\(name)` are both set")
    }

    @Test func theNewerProtocolIsRefusedWhereTheEngineLacksIt() throws {
        let refusal = try consumerConfiguration(["group.protocol": "consumer"]).refusal()
        if Configuration.propertyNames.contains("group.protocol") {
            #expect(refusal == nil)
        } else {
            try expect(refusal, says: "`group.protocol`", Engine.version, "2.4.0", "2.12.0")
        }
    }

    @Test func theConsumerProtocolNeedsAnEngineThatIsReadyForIt() throws {
        var configuration = consumerConfiguration()
        configuration.group.protocol = .consumer
        configuration.group.remoteAssignor = "range"
        if Engine.versionNumber >= 0x020c_0000 {
            let engine = try configuration.engineConfiguration()
            #expect(engine.value(of: "group.protocol") == "consumer")
            #expect(engine.value(of: "group.remote.assignor") == "range")
            try Handle(.consumer, engine).destroy()
            configuration.group.sessionTimeout = .seconds(10)
            try expect(configuration.refusal(), says: "`group.sessionTimeout`", "`group.protocol` is consumer")
        } else {
            try expect(configuration.refusal(), says: "`group.protocol` is consumer", "2.12.0", Engine.version)
        }
        configuration.group.protocol = .classic
        try expect(configuration.refusal(), says: "`group.remoteAssignor`")
    }

    // MARK: Contradictions

    @Test func theHeartbeatIsShorterThanTheSession() throws {
        var configuration = consumerConfiguration()
        configuration.group.heartbeatInterval = .seconds(45)
        try expect(
            configuration.refusal(),
            says: "`group.heartbeatInterval`",
            "is 45000 ms",
            "`group.sessionTimeout`",
            "lower"
        )
    }

    @Test func theSessionIsNotLongerThanThePollInterval() throws {
        var configuration = consumerConfiguration()
        configuration.group.sessionTimeout = .seconds(301)
        try expect(configuration.refusal(), says: "301000 ms", "300000 ms", "`group.maxPollInterval`")
        configuration.group.sessionTimeout = .seconds(300)
        #expect(try configuration.refusal() == nil)
    }

    @Test func theRevokeIsShorterThanThePollInterval() throws {
        var configuration = consumerConfiguration()
        configuration.revokeTimeout = .seconds(300)
        try expect(configuration.refusal(), says: "`revokeTimeout`", "300.0 seconds", "300000 ms")
        configuration.revokeTimeout = .seconds(299)
        #expect(try configuration.refusal() == nil)
    }

    @Test func strategiesDoNotMix() throws {
        var configuration = consumerConfiguration()
        configuration.group.assignmentStrategies = [.range, .cooperativeSticky]
        try expect(configuration.refusal(), says: "`group.assignmentStrategies`", "cooperative-sticky and range")
        try expect(
            consumerConfiguration(["partition.assignment.strategy": "cooperative-sticky, roundrobin"]).refusal(),
            says: "cooperative-sticky and roundrobin"
        )
        configuration.group.assignmentStrategies = []
        try expect(configuration.refusal(), says: "`group.assignmentStrategies` is empty")
    }

    @Test func anEmptyGroupIsRefused() throws {
        var configuration = KafkaConsumerConfiguration(bootstrapServers: ["a"], groupID: "")
        try expect(configuration.refusal(), says: "`groupID` is empty")
        configuration.additionalProperties["group.id"] = "named"
        #expect(try configuration.values("group.id") == ["named"])
    }

    @Test func noGroupIsOne() throws {
        let configuration = KafkaConsumerConfiguration(bootstrapServers: ["a"])
        let engine = try configuration.engineConfiguration()
        #expect(configuration.effective(engine).groupID.isEmpty)
    }

    // MARK: Ranges

    static let outOfRange: [(String, @Sendable (inout KafkaConsumerConfiguration) -> Void)] = [
        ("revokeTimeout", { $0.revokeTimeout = .seconds(-1) }),
        ("commitTimeout", { $0.commitTimeout = .seconds(-1) }),
        ("commitTimeout", { $0.commitTimeout = .seconds(Int64.max) }),
        ("closeTimeout", { $0.closeTimeout = .seconds(86_401) }),
        ("offsetPolicy.interval", { $0.offsetPolicy = .afterProcessing(interval: .zero) }),
        ("offsetPolicy.interval", { $0.offsetPolicy = .afterProcessing(interval: .seconds(86_401)) }),
        ("group.sessionTimeout", { $0.group.sessionTimeout = .zero }),
        ("group.sessionTimeout", { $0.group.sessionTimeout = .seconds(Int64.min) }),
        ("group.heartbeatInterval", { $0.group.heartbeatInterval = .zero }),
        ("group.maxPollInterval", { $0.group.maxPollInterval = .seconds(86_401) }),
        ("group.instanceID", { $0.group.instanceID = "" }),
        ("fetch.minBytes", { $0.fetch.minBytes = -1 }),
        ("fetch.maxWait", { $0.fetch.maxWait = .seconds(301) }),
        ("fetch.prefetchBytes", { $0.fetch.prefetchBytes = 1023 }),
        ("fetch.prefetchBytes", { $0.fetch.prefetchBytes = Int.max }),
        ("fetch.prefetchRecords", { $0.fetch.prefetchRecords = 0 }),
        ("fetch.maxBytes", { $0.fetch.maxBytes = 0 }),
        ("fetch.maxBytes", { $0.fetch.maxBytes = Int.max }),
        ("fetch.maxPartitionBytes", { $0.fetch.maxPartitionBytes = 0 }),
        ("fetch.maxPartitionBytes", { $0.fetch.maxPartitionBytes = 1_000_000_001 }),
        ("clientRack", { $0.clientRack = "" }),
        ("groupID", { $0.groupID = "a\0" }),
        ("bootstrapServers", { $0.bootstrapServers = [] }),
        ("bootstrapServers", { $0.bootstrapServers = ["a", ""] }),
    ]

    @Test(arguments: outOfRange.indices)
    func aSettingOutOfRangeIsRefusedByItsName(_ index: Int) throws {
        let (name, change) = Self.outOfRange[index]
        var configuration = consumerConfiguration()
        change(&configuration)
        try expect(configuration.refusal(), says: "`\(name)`")
    }
}
