import RdKafka
import Testing

@testable import AsyncKafka

@Suite struct PropertyNameConfigurationTests {
    @Test(arguments: [
        ("sesion.timeout.ms", "session.timeout.ms"), ("session.timeout", "session.timeout.ms"),
        ("timeout.session.ms", "session.timeout.ms"), ("Session.Timeout.MS", "session.timeout.ms"),
        ("session_timeout_ms", "session.timeout.ms"), ("log.level", "log_level"),
        ("max.poll.interval", "max.poll.interval.ms"), ("sasl.pasword", "sasl.password"),
        ("bootstrap.server", "bootstrap.servers"), ("security.protocl", "security.protocol"),
    ])
    func anUnknownNameGetsASuggestion(_ name: String, _ meant: String) throws {
        try expect(
            consumerConfiguration([name: "hunter2"]).refusal(),
            says: "`\(name)`",
            "did you mean `\(meant)`?"
        )
    }

    @Test func suggestionsFitTheClient() throws {
        let refusal = try #require(try producerConfiguration(["sesion.timeout.ms": "1"]).refusal())
        #expect(!refusal.contains("session.timeout.ms"))
    }

    @Test(arguments: ["", "x", "völlig.anders", String(repeating: "a", count: 5000), "a\nb"])
    func aStrangeNameIsRefusedInOneShortLine(_ name: String) throws {
        let refusal = try #require(try producerConfiguration([name: "hunter2"]).refusal())
        #expect(!refusal.contains("\n"))
        #expect(!refusal.contains("hunter2"))
        #expect(refusal.count < 300)
    }

    @Test(arguments: [
        ("max.poll.records", "`fetch.prefetchBytes`"), ("fetch.max.wait.ms", "`fetch.wait.max.ms`"),
        ("key.deserializer", "bytes"), ("default.api.timeout.ms", "time limit"),
        ("buffer.memory", "`queue.maxBytes`"), ("max.block.ms", "suspend"), ("max.request.size", "`message.max.bytes`"),
        ("ssl.truststore.location", "`ssl.ca.location`"), ("ssl.keystore.type", "PKCS#12"),
        ("sasl.jaas.config", "`sasl.username`"), ("interceptor.classes", "Java"),
        ("partitioner.class", "`partitioner`"),
        ("metric.reporters", "`statistics.interval.ms`"), ("receive.buffer.bytes", "`socket.receive.buffer.bytes`"),
        ("send.buffer.bytes", "`socket.send.buffer.bytes`"), ("compression.zstd.level", ".zstd(level: 3)"),
    ])
    func aNameOfJavaGetsItsCounterpart(_ name: String, _ counterpart: String) throws {
        try expect(producerConfiguration([name: "hunter2"]).refusal(), says: "`\(name)`", counterpart)
    }

    @Test func counterpartsExist() throws {
        let typed = Mirror(reflecting: producerConfiguration()).children.compactMap(\.label)
        for hint in PropertyNames.java.values {
            for word in hint.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            where word.offset % 2 == 1 {
                let name = String(word.element)
                guard name.contains("."), !name.contains(" "), !name.hasSuffix("."), !name.contains("(") else {
                    continue
                }
                let isSetting = [
                    "connection.sendBufferBytes", "connection.receiveBufferBytes", "fetch.maxWait",
                    "fetch.prefetchBytes", "queue.maxBytes", "group.instanceID",
                ].contains(
                    name
                )
                #expect(isSetting || typed.contains(name) || Configuration.propertyNames.contains(name), "\(name)")
            }
        }
    }

    @Test func namesOfJavaThatTheEngineSharesAreTaken() throws {
        let properties = [
            "delivery.timeout.ms": "10000", "connections.max.idle.ms": "1000", "reconnect.backoff.max.ms": "1000",
            "retry.backoff.ms": "10", "request.timeout.ms": "1000",
        ]
        #expect(try producerConfiguration(properties).refusal() == nil)
    }

    @Test func aPropertyOfTheOtherClientIsRefused() throws {
        try expect(producerConfiguration(["session.timeout.ms": "6000"]).refusal(), says: "consumers", "producer")
        try expect(consumerConfiguration(["linger.ms": "6"]).refusal(), says: "producers", "consumer")
        try expect(consumerConfiguration(["topic.acks": "1"]).refusal(), says: "`topic.acks`", "producers")
    }

    // MARK: Refused properties

    @Test(arguments: [
        ("enable.auto.commit", "true", "false"), ("enable.auto.offset.store", "true", "false"),
        ("auto.commit.enable", "true", "false"), ("log.queue", "false", "true"),
    ])
    func whatWouldBreakAPromiseIsRefusedUnlessItIsWhatIsUsed(_ name: String, _ refused: String, _ used: String) throws {
        try expect(consumerConfiguration([name: refused]).refusal(), says: "`\(name)` can only be \(used)")
        #expect(try consumerConfiguration([name: used]).refusal() == nil)
    }

    @Test func aProducerReportsSuccessesToo() throws {
        try expect(producerConfiguration(["delivery.report.only.error": "true"]).refusal(), says: "can only be false")
        #expect(try producerConfiguration(["delivery.report.only.error": "false"]).refusal() == nil)
        #expect(try producerConfiguration(["delivery.report.only.error": "f"]).refusal() == nil)
    }

    @Test func theCommitIntervalBelongsToThePolicy() throws {
        try expect(consumerConfiguration(["auto.commit.interval.ms": "100"]).refusal(), says: "`offsetPolicy`")
    }

    @Test func theLogLevelBelongsToTheLog() throws {
        try expect(consumerConfiguration(["log_level": "7"]).refusal(), says: "`log_level`", "`log`")
        #expect(try consumerConfiguration(["log_level": "4"]).refusal() == nil)
    }

    @Test(arguments: [
        "enabled_events", "error_cb", "stats_cb", "log_cb", "socket_cb", "opaque", "interceptors", "default_topic_conf",
        "oauthbearer_token_refresh_cb", "ssl.certificate.verify_cb", "ssl_key", "background_event_cb", "newer_cb",
    ])
    func callbacksAndPointersAreRefused(_ name: String) throws {
        try expect(producerConfiguration([name: "1"]).refusal(), says: "`\(name)` cannot be set")
    }

    // MARK: Values

    @Test(arguments: [
        ("retry.backoff.ms", "45s"), ("retry.backoff.ms", "010"), ("retry.backoff.ms", "0x10"),
        ("retry.backoff.ms", "4294967301"), ("retry.backoff.ms", "1e3"), ("retry.backoff.ms", "99999999999999999999"),
        ("linger.ms", "5ms"), ("linger.ms", "nan"), ("linger.ms", "inf"), ("linger.ms", ""),
        ("retry.backoff.ms", "0"), ("retry.backoff.ms", "300001"), ("retry.backoff.ms", ""),
        ("retry.backoff.ms", "many"),
        ("enable.idempotence", "yes"), ("acks", "none"), ("acks", "1x"), ("security.protocol", "tls"),
        ("client.id", "a\0b"),
    ])
    func anUnreadableValueIsRefused(_ name: String, _ value: String) throws {
        let refusal = try #require(try producerConfiguration([name: value]).refusal())
        #expect(refusal.contains("`\(name)`"))
        #expect(!refusal.contains("\n"))
    }

    @Test func aNumberThatTheEngineWouldCutDownIsRefused() throws {
        // librdkafka takes 2^32 + 5 for 5.
        try expect(consumerConfiguration(["session.timeout.ms": "4294967301"]).refusal(), says: "32 bits")
    }
}
