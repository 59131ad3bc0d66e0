import AsyncKafka
import Foundation
import RdKafka
import Testing

extension RealKafkaTests {
    /// Clients of all kinds over TLS and with logins, and nothing of their secrets in what they log, throw and show.
    @Suite(.timeLimit(.minutes(3)), .needsSecureListeners)
    struct SecureConnectionTests {
        struct Login: Sendable, CustomTestStringConvertible {
            var testDescription: String
            var listener: String
            var security: KafkaSecurity
            var secret: String
        }

        /// PLAIN, as SCRAM of librdkafka before 2.6.1 is refused by brokers from 4.0 on.
        static let logins: [Login] = {
            let tls = SecureListeners.tls
            func file(_ name: String) -> String { SecureListeners.certificate(name) }
            let encrypted = KafkaTLSIdentity.files(
                certificate: file("client.pem"),
                key: file("client-encrypted.key"),
                passphrase: "client-secret"
            )
            return [
                Login(
                    testDescription: "PLAIN without TLS",
                    listener: "SASL_PLAINTEXT",
                    security: .saslWithoutTLS(.plain(username: "alice", password: "alice-secret")),
                    secret: "alice-secret"
                ),
                Login(
                    testDescription: "PLAIN over TLS",
                    listener: "SASL_SSL",
                    security: .sasl(.plain(username: "alice", password: "alice-secret"), tls: tls),
                    secret: "alice-secret"
                ),
                Login(testDescription: "TLS", listener: "SSL", security: .tls(tls), secret: "client-secret"),
                Login(
                    testDescription: "a client certificate with an encrypted key",
                    listener: "MTLS",
                    security: .tls(SecureListeners.tls(encrypted)),
                    secret: "client-secret"
                ),
                Login(
                    testDescription: "a client certificate in PKCS#12",
                    listener: "MTLS",
                    security: .tls(
                        SecureListeners.tls(.pkcs12(file: file("client.p12"), passphrase: "client-secret"))
                    ),
                    secret: "client-secret"
                ),
            ]
        }()

        @Test(arguments: logins)
        func everyKindOfClientConnects(_ login: Login) async throws {
            let servers = SecureListeners.servers(login.listener)
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

        /// What librdkafka itself logs of a login, without a limit to its lines.
        @Test(arguments: [
            ("SASL_SSL", "PLAIN", true), ("SASL_SSL", "PLAIN", false), ("SASL_PLAINTEXT", "SCRAM-SHA-256", true),
            ("SASL_PLAINTEXT", "SCRAM-SHA-512", false), ("SASL_PLAINTEXT", "OAUTHBEARER", true),
        ])
        func noLineOfLibrdkafkaHasASecret(_ listener: String, _ mechanism: String, _ isRight: Bool) async throws {
            let configuration = Configuration()
            let isToken = mechanism == "OAUTHBEARER"
            // The beginning of any unsecured token; whom it stands for is no secret.
            let secret = isToken ? "eyJhbGci" : isRight ? "alice-secret" : "hunted-secret"
            var properties = [
                "bootstrap.servers": SecureListeners.servers(listener).joined(separator: ","), "debug": "all",
                "log_level": "7", "log.queue": "true", "sasl.mechanisms": mechanism,
                "security.protocol": listener.lowercased(),
            ]
            if listener == "SASL_SSL" { properties["ssl.ca.location"] = SecureListeners.certificate("ca.pem") }
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
            let lines = await withCheckedContinuation { continuation in
                threads.submit {
                    // Returns when the broker has answered, or at the end of its time.
                    _ = handle.cluster(timeout: 4000)
                    var lines: [String] = []
                    while let line = handle.takeLogLine() { lines.append(line.text) }
                    handle.destroy()
                    continuation.resume(returning: lines)
                }
            }
            #expect(lines.contains { $0.contains("SaslHandshake") || $0.contains("SASL") })
            print("\(listener) \(mechanism): \(lines.count) lines hunted")
            // The list of the configuration is redacted by librdkafka itself, as far as these go.
            for line in lines { #expect(!line.contains(secret), "\(line.replacing(secret, with: "…"))") }
        }

        @Test(arguments: ["producer", "admin"])
        func noErrorOfARefusedLoginHasTheSecret(_ kind: String) async throws {
            let servers = SecureListeners.servers("SASL_SSL")
            let security = KafkaSecurity.sasl(
                .plain(username: "alice", password: "hunted-secret"),
                tls: SecureListeners.tls
            )
            let error: KafkaError?
            if kind == "producer" {
                var configuration = KafkaProducerConfiguration(bootstrapServers: servers)
                configuration.security = security
                configuration.deliveryTimeout = .seconds(5)
                configuration.log = .none
                let producer = try KafkaProducer(configuration)
                error = await kafkaError { try await producer.send(KafkaRecord(topic: "orders", value: "v")) }
                await producer.close(timeout: .zero)
            } else {
                var configuration = KafkaAdminConfiguration(bootstrapServers: servers)
                configuration.security = security
                configuration.requestTimeout = .seconds(5)
                configuration.log = .none
                let admin = try KafkaAdmin(configuration)
                error = await kafkaError { try await admin.describeCluster() }
                await admin.close(timeout: .zero)
            }
            let refusal = try #require(error)
            var dumped = ""
            dump(refusal, to: &dumped)
            for text in ["\(refusal)", String(reflecting: refusal), dumped] { #expect(!text.contains("hunted-secret")) }
        }
    }
}
