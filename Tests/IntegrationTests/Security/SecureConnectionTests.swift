import AsyncKafka
import Foundation
import RdKafka
import Testing

extension RealKafkaTests {
    /// Clients of all kinds over TLS and with logins, and nothing of their secrets in what they log, throw and show.
    @Suite(.timeLimit(.minutes(3)), .needsListeners)
    struct SecureConnectionTests {
        struct Login: Sendable, CustomTestStringConvertible {
            var testDescription: String
            var listener: SecureKafka.Listener
            var security: KafkaSecurity
            var secret: String
        }

        /// PLAIN, as SCRAM of librdkafka before 2.6.1 is refused by brokers from 4.0 on.
        static let logins: [Login] = {
            let tls = SecureKafka.tls
            func file(_ name: String) -> String { SecureKafka.file(name) }
            let encrypted = KafkaTLSIdentity.files(
                certificate: file("client.pem"),
                key: file("client-encrypted.key"),
                passphrase: "client-secret"
            )
            return [
                Login(
                    testDescription: "PLAIN without TLS",
                    listener: .saslPlaintext,
                    security: .saslWithoutTLS(.plain(username: "alice", password: "alice-secret")),
                    secret: "alice-secret"
                ),
                Login(
                    testDescription: "PLAIN over TLS",
                    listener: .saslSSL,
                    security: .sasl(.plain(username: "alice", password: "alice-secret"), tls: tls),
                    secret: "alice-secret"
                ),
                Login(testDescription: "TLS", listener: .ssl, security: .tls(tls), secret: "client-secret"),
                Login(
                    testDescription: "a client certificate with an encrypted key",
                    listener: .mtls,
                    security: .tls(SecureKafka.tls(encrypted)),
                    secret: "client-secret"
                ),
                Login(
                    testDescription: "a client certificate in PKCS#12",
                    listener: .mtls,
                    security: .tls(
                        SecureKafka.tls(.pkcs12(file: file("client.p12"), passphrase: "client-secret"))
                    ),
                    secret: "client-secret"
                ),
            ]
        }()

        @Test(arguments: logins)
        func everyKindOfClientConnects(_ login: Login) async throws {
            let servers = login.listener.servers
            let lines = Locked<[String]>([])
            let log = KafkaLog.handler(level: .debug) { entry in lines.withLock { $0.append("\(entry)") } }
            let debug = ["debug": "security,broker,conf"]
            try await withTopic(partitions: 1) { topic in
                var producer = KafkaProducerConfiguration(bootstrapServers: servers)
                producer.security = login.security
                producer.additionalProperties = debug
                producer.log = log
                try await withKafkaProducer(producer) { producer in
                    _ = try await producer.send(KafkaRecord(topic: topic, value: "v"))
                }
                var consumer = KafkaConsumerConfiguration(
                    bootstrapServers: servers,
                    groupID: RealKafka.uniqueName("group")
                )
                consumer.security = login.security
                consumer.additionalProperties = debug
                consumer.log = log
                let value = try await withKafkaConsumer(consumer, subscribingTo: [topic]) { consumer in
                    for try await message in consumer.messages { return message.value.map { Array($0) } }
                    return nil
                }
                #expect(value == Array("v".utf8))
                var admin = KafkaAdminConfiguration(bootstrapServers: servers)
                admin.security = login.security
                admin.additionalProperties = debug
                admin.log = log
                let brokers = try await withKafkaAdmin(admin) { try await $0.describeCluster().brokers.count }
                #expect(brokers > 0)
            }
            let all = lines.withLock { $0 }
            #expect(!all.isEmpty)
            for line in all { #expect(!line.contains(login.secret)) }
        }

        struct Attempt: Sendable, CustomTestStringConvertible {
            var listener: SecureKafka.Listener
            var mechanism: String
            var isRight: Bool

            var testDescription: String { "\(mechanism), \(isRight ? "right" : "wrong"), \(listener.name)" }
        }

        static let attempts = [
            Attempt(listener: .saslSSL, mechanism: "PLAIN", isRight: true),
            Attempt(listener: .saslSSL, mechanism: "PLAIN", isRight: false),
            Attempt(listener: .saslPlaintext, mechanism: "SCRAM-SHA-256", isRight: true),
            Attempt(listener: .saslPlaintext, mechanism: "SCRAM-SHA-512", isRight: false),
            Attempt(listener: .saslPlaintext, mechanism: "OAUTHBEARER", isRight: true),
        ]

        /// What librdkafka itself logs of a login, without a limit to its lines.
        @Test(arguments: attempts)
        func noLineOfLibrdkafkaHasASecret(_ attempt: Attempt) async throws {
            let (listener, mechanism) = (attempt.listener, attempt.mechanism)
            let configuration = Configuration()
            let isToken = mechanism == "OAUTHBEARER"
            // The beginning of any unsecured token; whom it stands for is no secret.
            let secret = isToken ? "eyJhbGci" : attempt.isRight ? "alice-secret" : "hunted-secret"
            var properties = [
                "bootstrap.servers": listener.servers.joined(separator: ","), "debug": "all",
                "log_level": "7", "log.queue": "true", "sasl.mechanisms": mechanism,
                "security.protocol": listener.name.lowercased(),
            ]
            if listener == .saslSSL { properties["ssl.ca.location"] = SecureKafka.file("ca.pem") }
            if isToken {
                properties["enable.sasl.oauthbearer.unsecure.jwt"] = "true"
                properties["sasl.oauthbearer.config"] = "principal=alice"
            } else {
                properties["sasl.username"] = "alice"
                properties["sasl.password"] = secret
            }
            for (name, value) in properties { #expect(configuration.set(name, value) == .ok, "\(name)") }
            let handle = try Handle(.admin, configuration)
            let threads = BlockingThreads(limit: 1)
            let (lines, isDecided) = await withCheckedContinuation { continuation in
                threads.submit {
                    var lines: [String] = []
                    var isDecided = false
                    // Each round ends when the broker has answered, or at the end of its time.
                    for _ in 0..<120 where !isDecided {
                        if case .success = handle.cluster(timeout: 500) { isDecided = true }
                        while let line = handle.takeLogLine() {
                            lines.append(line.text)
                            if line.text.contains("SASL authentication error") { isDecided = true }
                        }
                    }
                    handle.destroy()
                    continuation.resume(returning: (lines, isDecided))
                }
            }
            #expect(isDecided, "neither taken nor refused")
            print("\(listener.name) \(mechanism): \(lines.count) lines hunted")
            // The list of the configuration is redacted by librdkafka itself, as far as these go.
            for line in lines { #expect(!line.contains(secret), "\(line.replacing(secret, with: "…"))") }
        }

        @Test
        func noErrorOfARefusedLoginHasTheSecret() async throws {
            let servers = SecureKafka.Listener.saslSSL.servers
            let security = KafkaSecurity.sasl(
                .plain(username: "alice", password: "hunted-secret"),
                tls: SecureKafka.tls
            )
            // Who waits is told at once: the errors are the same.
            var connection = KafkaConnectionConfiguration()
            connection.refusal = .fail(after: .milliseconds(100))
            connection.maxReconnectBackoff = .milliseconds(200)
            var producing = KafkaProducerConfiguration(bootstrapServers: servers)
            producing.security = security
            producing.connection = connection
            producing.log = .none
            let producer = try KafkaProducer(producing)
            var consuming = KafkaConsumerConfiguration(bootstrapServers: servers)
            consuming.security = security
            consuming.connection = connection
            consuming.log = .none
            let consumer = try KafkaConsumer(consuming)
            var administrating = KafkaAdminConfiguration(bootstrapServers: servers)
            administrating.security = security
            administrating.connection = connection
            administrating.log = .none
            let admin = try KafkaAdmin(administrating)
            let errors = [
                await kafkaError { try await producer.connect(timeout: .seconds(60)) },
                await kafkaError { try await producer.send(KafkaRecord(topic: "orders", value: "v")) },
                await kafkaError { try await consumer.connect(timeout: .seconds(60)) },
                await kafkaError { try await admin.connect(timeout: .seconds(60)) },
                await kafkaError { try await admin.describeCluster(timeout: .seconds(60)) },
            ]
            for error in errors {
                let refusal = try #require(error)
                #expect(refusal.code == .authentication, "\(refusal.code)")
                var dumped = ""
                dump(refusal, to: &dumped)
                for text in ["\(refusal)", String(reflecting: refusal), dumped] {
                    #expect(!text.contains("hunted-secret"))
                }
            }
            await producer.close(timeout: .zero)
            await consumer.close(timeout: .zero)
            await admin.close(timeout: .zero)
        }

        @Test
        func theApplicationsCheckHasItsSay() async throws {
            let shown = Locked<[KafkaCertificate]>([])
            var configuration = KafkaAdminConfiguration(bootstrapServers: SecureKafka.Listener.ssl.servers)
            configuration.log = .none
            var tls = SecureKafka.tls
            tls.certificateCheck = { certificate in
                shown.withLock { $0.append(certificate) }
                return true
            }
            configuration.security = .tls(tls)
            try await withKafkaAdmin(configuration) { try await $0.connect(timeout: .seconds(60)) }
            let certificates = shown.withLock { $0 }
            let own = try #require(certificates.first { $0.depth == 0 })
            #expect(configuration.bootstrapServers.contains(own.broker))
            // A sequence of ASN.1.
            #expect(own.bytes.first == 0x30)

            tls.certificateCheck = { $0.depth > 0 || $0.bytes != own.bytes }
            configuration.security = .tls(tls)
            let admin = try KafkaAdmin(configuration)
            let error = await kafkaError { try await admin.connect(timeout: .seconds(60)) }
            #expect(error?.code == .certificateRefused, "\(error?.description ?? "none")")
            #expect(error?.message.contains("the application's own check") == true)
            await admin.close(timeout: .zero)
        }
    }
}
