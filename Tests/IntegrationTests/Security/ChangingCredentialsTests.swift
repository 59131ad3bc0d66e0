import AsyncKafka
import AsyncKafkaOIDC
import Foundation
import RdKafka
import TestSupport
import Testing

extension RealKafkaTests {
    /// What clients log in with changes while they live.
    ///
    /// `Scripts/credentials` runs the two under load on brokers that end connections after a while, and for longer.
    @Suite(.timeLimit(.minutes(5)), .needsSASL)
    struct ChangingCredentialsTests {
        /// After how long brokers end a connection whose login is older (`connections.max.reauth.ms`); 0: never.
        private static let reauthenticationSeconds = count("ASYNC_KAFKA_REAUTH_SECONDS", or: 0)
        /// How often that happens in a test.
        private static let expiries = 3

        private func producer(_ sasl: KafkaSASL) -> KafkaProducerConfiguration {
            var configuration = KafkaProducerConfiguration(bootstrapServers: SASL.bootstrapServers)
            configuration.security = .saslWithoutTLS(sasl)
            configuration.log = .none
            return configuration
        }

        private func consumer(_ sasl: KafkaSASL, group: String) -> KafkaConsumerConfiguration {
            var configuration = KafkaConsumerConfiguration(bootstrapServers: SASL.bootstrapServers, groupID: group)
            configuration.security = .saslWithoutTLS(sasl)
            configuration.log = .none
            return configuration
        }

        private func admin(_ sasl: KafkaSASL) -> KafkaAdminConfiguration {
            var configuration = KafkaAdminConfiguration(bootstrapServers: SASL.bootstrapServers)
            configuration.security = .saslWithoutTLS(sasl)
            configuration.log = .none
            return configuration
        }

        // MARK: Tokens

        @Test
        func everyKindOfClientLogsInByTokenAndGoesOnPastItsExpiry() async throws {
            try await withTopic { topic in
                let provider = UnsecuredTokenProvider(principal: "alice", lifetime: 3)
                let sasl = KafkaSASL.oauthBearer(provider)
                let group = RealKafka.uniqueName("group")
                try await withKafkaProducer(producer(sasl)) { producer in
                    try await producer.send(KafkaRecord(topic: topic, value: "1"))
                    await provider.waitForCalls(3)
                    try await producer.send(KafkaRecord(topic: topic, value: "2"))
                }
                try await withKafkaConsumer(consumer(sasl, group: group), subscribingTo: [topic]) { consumer in
                    var values: Set<String> = []
                    for try await message in consumer.messages {
                        values.insert(message.value.map { String(decoding: $0, as: UTF8.self) } ?? "")
                        try await consumer.commit(message)
                        if values.count == 2 { break }
                    }
                    await provider.waitForCalls(provider.calls + 3)
                    #expect(values == ["1", "2"])
                }
                try await withKafkaAdmin(admin(sasl)) { admin in
                    #expect(try await admin.describeTopic(topic).partitions.count == 3)
                    // Through a handle of its own, which lives for this call.
                    let offsets = try await admin.groupOffsets(of: group)
                    #expect(!offsets.isEmpty)
                    await provider.waitForCalls(provider.calls + 3)
                    #expect(try await !admin.groupOffsets(of: group).isEmpty)
                }
            }
        }

        @Test
        func aTokenIsRefreshedUnderLoad() async throws {
            try await withTopic { topic in
                let lifetime = Self.reauthenticationSeconds > 0 ? 8.0 : 3
                let provider = UnsecuredTokenProvider(principal: "alice", lifetime: lifetime)
                var configuration = producer(.oauthBearer(provider))
                configuration.statisticsInterval = .milliseconds(500)
                try await withKafkaProducer(configuration) { producer in
                    let load = Load(producer, topic)
                    let pause = lifetime * 0.8
                    let time = max(Double(Self.reauthenticationSeconds * Self.expiries) + 5, pause)
                    try await load.run { await provider.waitForCalls(2 + Int(time / pause)) }
                    load.report("a token of \(lifetime) s under load, asked for \(provider.calls) times")
                    #expect(load.failures.isEmpty)
                    expectReconnections(load)
                }
            }
        }

        @Test
        func aTokenThatTheBrokerRefusesIsToldAndReplaced() async throws {
            try await withTopic { topic in
                let calls = Locked(0)
                var configuration = producer(
                    .oauthBearer {
                        let isFirst = calls.withLock { calls in
                            calls += 1
                            return calls == 1
                        }
                        // The broker goes by the claim, the client by what its provider says.
                        var token = UnsecuredTokenProvider.token(
                            principal: "alice",
                            expiration: .now.addingTimeInterval(isFirst ? -60 : 60)
                        )
                        token.expiration = .now.addingTimeInterval(60)
                        return token
                    }
                )
                configuration.connection.refusal = .keepRetrying
                try await withKafkaProducer(configuration) { producer in
                    _ = try await producer.send(KafkaRecord(topic: topic, value: "v"))
                }
                #expect(calls.withLock { $0 } >= 2)
            }
        }

        @Test
        func theTokensOfAnAuthorizationServerAreTaken() async throws {
            let server = try await TokenServer.shared
            let provider = try KafkaOIDCTokenProvider(
                KafkaOIDCConfiguration(
                    tokenEndpoint: try server.endpoint("token?lifetime=3&sub=alice"),
                    clientID: TokenServer.client.id,
                    clientSecret: KafkaSecret(TokenServer.client.secret)
                )
            )
            try await withTopic { topic in
                try await withKafkaProducer(producer(.oauthBearer(provider))) { producer in
                    let load = Load(producer, topic)
                    try await load.run { await load.runOn(for: .seconds(5)) }
                    load.report("tokens of 3 s from a token server under load")
                    #expect(load.failures.isEmpty)
                }
            }
        }

        // MARK: Passwords

        @Test
        func whatWaitsForTheRightPasswordIsDoneWhenItIsSet() async throws {
            try await withTopic { topic in
                let wrong = KafkaSASL.plain(username: "alice", password: "wrong")
                let (name, right): (String, KafkaSecret) = ("bob", "bob-secret")
                let group = RealKafka.uniqueName("group")
                var configuration = producer(wrong)
                configuration.connection.refusal = .keepRetrying
                try await withKafkaProducer(configuration) { producer in
                    async let delivery = producer.send(KafkaRecord(topic: topic, value: "v"))
                    try await producer.setCredentials(username: name, password: right)
                    _ = try await delivery
                }
                try await withKafkaConsumer(consumer(wrong, group: group), subscribingTo: [topic]) { consumer in
                    try await consumer.setCredentials(username: name, password: right)
                    for try await message in consumer.messages {
                        try await consumer.commit(message)
                        break
                    }
                }
                try await withKafkaAdmin(admin(wrong)) { admin in
                    try await admin.setCredentials(username: name, password: right)
                    #expect(try await !admin.groupOffsets(of: group, timeout: .seconds(60)).isEmpty)
                    #expect(try await admin.describeTopic(topic, timeout: .seconds(60)).partitions.count == 3)
                }
            }
        }

        /// With Kafka before 4.0, or an engine whose SCRAM Kafka 4.0 takes.
        @Test(
            .needsKafkaTools,
            .enabled(
                if: Engine.versionNumber >= 0x0206_0100 || count("ASYNC_KAFKA_SCRAM", or: 0) > 0,
                "SCRAM with Kafka 4.0 needs librdkafka 2.6.1"
            )
        )
        func aPasswordIsChangedUnderLoad() async throws {
            try await withTopic { topic in
                let user = RealKafka.uniqueName("user")
                let (old, new): (KafkaSecret, KafkaSecret) = ("old-secret", "new-secret")
                try await setPassword("old-secret", of: user)
                var configuration = producer(.scramSHA512(username: user, password: old))
                configuration.statisticsInterval = .milliseconds(500)
                // Brokers hear of the user a little later.
                configuration.connection.refusal = .keepRetrying
                try await withKafkaProducer(configuration) { producer in
                    try await producer.send(KafkaRecord(topic: topic, value: "first"))
                    let load = Load(producer, topic)
                    try await load.run {
                        try await setPassword("new-secret", of: user)
                        try await producer.setCredentials(username: user, password: new)
                        try await waitUntilRefused(old, of: user, topic)
                        let time = Duration.seconds(Self.reauthenticationSeconds * Self.expiries + 5)
                        if Self.reauthenticationSeconds > 0 { await load.runOn(for: time) }
                    }
                    load.report("a password changed under load")
                    #expect(load.failures.isEmpty)
                    expectReconnections(load)
                }
                // Nothing of the old one is left.
                try await withKafkaProducer(self.producer(.scramSHA512(username: user, password: new))) { producer in
                    _ = try await producer.send(KafkaRecord(topic: topic, value: "last"))
                }
            }
        }

        /// What brokers refuse they take once the password is what the client has all along.
        @Test(
            .needsKafkaTools,
            .enabled(
                if: Engine.versionNumber >= 0x0206_0100 || count("ASYNC_KAFKA_SCRAM", or: 0) > 0,
                "SCRAM with Kafka 4.0 needs librdkafka 2.6.1"
            )
        )
        func whatWaitsIsDoneWhenThePasswordIsPutRightOnTheBrokers() async throws {
            try await withTopic { topic in
                let user = RealKafka.uniqueName("user")
                let (group, password): (String, KafkaSecret) = (RealKafka.uniqueName("group"), "right-secret")
                let sasl = KafkaSASL.scramSHA512(username: user, password: password)
                try await setPassword("other-secret", of: user)
                var producing = self.producer(sasl)
                producing.connection.refusal = .keepRetrying
                var reading = consumer(sasl, group: group)
                reading.connection.refusal = .keepRetrying
                var asking = admin(sasl)
                asking.connection.refusal = .keepRetrying
                try await withKafkaProducer(producing) { producer in
                    try await withKafkaConsumer(reading, subscribingTo: [topic]) { consumer in
                        try await withKafkaAdmin(asking) { admin in
                            for error in [
                                await kafkaError { try await producer.connect(timeout: .seconds(120)) },
                                await kafkaError { try await consumer.connect(timeout: .seconds(120)) },
                                await kafkaError { try await admin.connect(timeout: .seconds(120)) },
                            ] { #expect(error?.code == .authentication, "\(String(describing: error))") }
                            async let delivery = producer.send(KafkaRecord(topic: topic, value: "v"))
                            async let message = consumer.messages.first { _ in true }
                            async let description = admin.describeTopic(topic, timeout: .seconds(120))
                            try await setPassword("right-secret", of: user)
                            _ = try await delivery
                            let read = try #require(try await message)
                            try await consumer.commit(read)
                            #expect(read.value == "v")
                            #expect(try await description.partitions.count == 3)
                            // By a handle of its own.
                            #expect(try await !admin.groupOffsets(of: group, timeout: .seconds(120)).isEmpty)
                        }
                    }
                }
            }
        }

        /// Before 2.2, librdkafka has no KIP-368, and brokers end each connection whose time is over.
        private func expectReconnections(_ load: Load) {
            guard Self.reauthenticationSeconds > 0, Engine.versionNumber < 0x0202_0000 else { return }
            #expect(load.disconnects >= Self.expiries, "the brokers have ended too few connections")
            #expect(load.connects > Self.expiries)
        }

        private func setPassword(_ password: String, of user: String) async throws {
            let setting = "SCRAM-SHA-512=[iterations=4096,password=\(password)]"
            _ = try await RealKafka.tool(
                "configs",
                ["--alter", "--add-config", setting, "--entity-type", "users", "--entity-name", user]
            )
        }

        /// Brokers hear of the change a little later.
        private func waitUntilRefused(_ password: KafkaSecret, of user: String, _ topic: String) async throws {
            while true {
                var configuration = producer(.scramSHA512(username: user, password: password))
                configuration.connection.refusal = .fail(after: .milliseconds(100))
                let producer = try KafkaProducer(configuration)
                let error = await kafkaErrorIfAny { try await producer.send(KafkaRecord(topic: topic, value: "old")) }
                await producer.close()
                guard let error else { continue }
                #expect(error.code == .authentication, "\(error)")
                #expect(error.persistence == .notPersisted)
                return
            }
        }
    }
}

/// Records that several tasks send to a topic, one after another, and what has become of them.
private final class Load: Sendable {
    private struct State {
        var isOver = false
        var delivered = 0
        var failures: [KafkaError] = []
        var connects = 0
        var disconnects = 0
    }

    private let producer: KafkaProducer
    private let topic: String
    private let state = Locked(State())

    init(_ producer: KafkaProducer, _ topic: String) {
        self.producer = producer
        self.topic = topic
    }

    var failures: [KafkaError] { state.withLock { $0.failures } }
    /// Attempts to connect, by librdkafka's statistics.
    var connects: Int { state.withLock { $0.connects } }
    /// Connections that have ended.
    var disconnects: Int { state.withLock { $0.disconnects } }

    /// Sends until `body` returns.
    func run(_ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for task in 0..<4 { tasks.addTask { await self.send(task) } }
            let reader = Task { [producer] in
                for try await statistics in producer.statistics { self.count(statistics) }
            }
            defer {
                state.withLock { $0.isOver = true }
                reader.cancel()
            }
            try await body()
        }
    }

    /// Waits while it goes on.
    func runOn(for time: Duration) async {
        let end = ContinuousClock.now + time
        // Each takes a round trip.
        while ContinuousClock.now < end, failures.isEmpty {
            _ = try? await producer.send(KafkaRecord(topic: topic, value: "time"))
        }
    }

    func report(_ title: String) {
        let state = state.withLock { $0 }
        print(
            """
            \(title): \(state.delivered) delivered, \(state.failures.count) failed, \(state.connects) connections begun, \
            \(state.disconnects) ended; \(state.failures.first?.description ?? "no error")
            """
        )
    }

    private func send(_ task: Int) async {
        var number = 0
        while !state.withLock({ $0.isOver }) {
            do {
                try await producer.send(KafkaRecord(topic: topic, key: "\(task)", value: "\(number)"))
                number += 1
                state.withLock { $0.delivered += 1 }
            } catch {
                return state.withLock { $0.failures.append(error) }
            }
        }
    }

    private func count(_ statistics: KafkaStatistics) {
        let connects = statistics.brokers.compactMap(\.connects).reduce(0, +)
        let disconnects = statistics.brokers.compactMap(\.disconnects).reduce(0, +)
        state.withLock { state in
            state.connects = max(state.connects, connects)
            state.disconnects = max(state.disconnects, disconnects)
        }
    }
}
