import AsyncKafkaTesting
import Foundation
import RdKafka
import TestSupport
import Testing

@testable import AsyncKafka

/// Secrets that are easy to recognise, and a hunt for them in all that clients print.
struct SecretHuntTests {
    /// Settings with secrets in them, and a property of each that librdkafka's list of its configuration names.
    struct Prey: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var security: KafkaSecurity = .plaintext
        var properties: [String: String] = [:]
        var property: String
    }

    static let prey = [
        Prey(
            testDescription: "PLAIN",
            security: .saslWithoutTLS(.plain(username: "alice", password: "prey-plain")),
            property: "sasl.password"
        ),
        Prey(
            testDescription: "SCRAM",
            security: .sasl(.scramSHA512(username: "alice", password: "prey-scram"), tls: .ofTests),
            property: "sasl.password"
        ),
        Prey(
            testDescription: "PLAIN by name",
            properties: [
                "security.protocol": "sasl_plaintext", "sasl.mechanism": "PLAIN", "sasl.username": "alice",
                "sasl.password": "prey-named",
            ],
            property: "sasl.password"
        ),
        Prey(
            testDescription: "an encrypted key",
            security: .tls(
                .ofTests(
                    .pem(
                        certificate: Certificates.certificate,
                        key: KafkaSecret(Certificates.encryptedKey),
                        passphrase: KafkaSecret(Certificates.passphrase)
                    )
                )
            ),
            property: "ssl.key.password"
        ),
        Prey(
            testDescription: "a key by name",
            properties: [
                "security.protocol": "ssl", "ssl.ca.pem": Certificates.certificate, "ssl.key.pem": Certificates.key,
                "ssl.certificate.pem": Certificates.certificate,
            ],
            property: "ssl.key.pem"
        ),
        Prey(
            testDescription: "a token provider",
            security: .sasl(.oauthBearer(NoTokens(clientSecret: "prey-client")), tls: .ofTests),
            property: "sasl.mechanisms"
        ),
        Prey(
            testDescription: "tokens by name",
            properties: [
                "security.protocol": "sasl_plaintext", "sasl.mechanism": "OAUTHBEARER",
                "enable.sasl.oauthbearer.unsecure.jwt": "true", "sasl.oauthbearer.config": "principal=prey-token",
            ],
            property: "sasl.oauthbearer.config"
        ),
        // Never run, but printed by librdkafka.
        Prey(
            testDescription: "a command with a password",
            security: .saslWithoutTLS(.gssapi(KafkaKerberos(principal: "alice@EXAMPLE.COM"))),
            properties: [
                "sasl.kerberos.kinit.cmd": "login --password prey-command",
                "sasl.kerberos.min.time.before.relogin": "0",
            ],
            property: "sasl.kerberos.kinit.cmd"
        ),
    ].filter { Engine.hasKerberos || $0.property != "sasl.kerberos.kinit.cmd" }

    /// What must not be found: the secrets of all prey, and each line of the keys.
    private static let secrets =
        ["prey-", Certificates.passphrase]
        + [Certificates.key, Certificates.encryptedKey].flatMap {
            $0.split(separator: "\n").map { String($0) }.filter { !$0.hasPrefix("-----") }
        }

    private func expectNoSecret(_ texts: [String], sourceLocation: SourceLocation = #_sourceLocation) {
        for text in texts {
            for secret in Self.secrets {
                #expect(!text.contains(secret), "\(secret)", sourceLocation: sourceLocation)
            }
        }
    }

    /// All that a value shows of itself.
    private func shown(_ value: Any) -> [String] {
        var dumped = ""
        dump(value, to: &dumped)
        return ["\(value)", String(reflecting: value), dumped] + reachable(value, depth: 0)
    }

    /// All that a walk over mirrors finds.
    private func reachable(_ value: Any, depth: Int) -> [String] {
        guard depth < 8 else { return [] }
        return ["\(value)"] + Mirror(reflecting: value).children.flatMap { reachable($0.value, depth: depth + 1) }
    }

    private func configurations(
        _ prey: Prey,
        _ servers: [String] = ["127.0.0.1:1"],
        _ log: KafkaLog = .none
    ) -> (KafkaProducerConfiguration, KafkaConsumerConfiguration, KafkaAdminConfiguration) {
        var producer = KafkaProducerConfiguration(bootstrapServers: servers)
        var consumer = KafkaConsumerConfiguration(bootstrapServers: servers, groupID: "group")
        var admin = KafkaAdminConfiguration(bootstrapServers: servers)
        producer.security = prey.security
        consumer.security = prey.security
        admin.security = prey.security
        producer.additionalProperties = prey.properties
        consumer.additionalProperties = prey.properties
        admin.additionalProperties = prey.properties
        producer.log = log
        consumer.log = log
        admin.log = log
        return (producer, consumer, admin)
    }

    @Test(arguments: prey)
    func settingsAndClientsShowNone(_ prey: Prey) async throws {
        let (producer, consumer, admin) = configurations(prey)
        let security = shown(prey.security)
        expectNoSecret(security + shown(producer) + shown(consumer) + shown(admin))
        let clients: [Any] = [
            try KafkaProducer(producer), try KafkaConsumer(consumer), try KafkaAdmin(admin),
        ]
        let texts = clients.flatMap { shown($0) }
        #expect(texts.contains { $0.hasPrefix("KafkaConsumer(async-kafka#consumer") })
        expectNoSecret(texts)
        await (clients[0] as? KafkaProducer)?.close(timeout: .zero)
        await (clients[1] as? KafkaConsumer)?.close(timeout: .zero)
        await (clients[2] as? KafkaAdmin)?.close(timeout: .zero)
    }

    /// librdkafka lists the whole configuration as it starts.
    @Test(arguments: prey)
    func nothingThatLibrdkafkaLogsAtItsStartShowsOne(_ prey: Prey) throws {
        var prey = prey
        prey.properties["debug"] = "all"
        let (producer, consumer, admin) = configurations(prey, ["127.0.0.1:1"], .handler(level: .debug) { _ in })
        let handles = [
            try Handle.make(.producer, producer.engineConfiguration(), security: producer.security),
            try Handle.make(.consumer, consumer.engineConfiguration(), security: consumer.security),
            try Handle.make(.admin, admin.engineConfiguration(), security: admin.security),
        ]
        for (handle, redaction) in zip(handles, [producer.redaction, consumer.redaction, admin.redaction]) {
            var lines: [String] = []
            while let line = handle.takeLogLine() { lines.append(line.text) }
            #expect(lines.contains { $0.contains(prey.property) }, "the configuration was not listed")
            let raw = lines.filter { line in Self.secrets.contains { line.contains($0) } }
            if !raw.isEmpty {
                print("librdkafka \(Engine.version) logs a secret: \(prey.property), \(raw.count) lines")
            }
            // Otherwise there would be nothing to take out, and nothing shown by that.
            if prey.property == "sasl.kerberos.kinit.cmd" { #expect(!raw.isEmpty) }
            expectNoSecret(lines.map { redaction($0) })
            handle.destroy()
        }
    }

    /// The mock speaks neither TLS nor SASL: every client is refused.
    @Test(.timeLimit(.minutes(1)), arguments: prey.filter { $0.property == "sasl.password" })
    func refusedClientsTellNone(_ prey: Prey) async throws {
        var prey = prey
        prey.properties["debug"] = "all"
        try await withTopic { cluster, topic in
            let lines = Lines()
            let log = KafkaLog.handler(level: .debug) { lines.append($0) }
            let (producer, _, admin) = configurations(prey, cluster.bootstrapServers, log)
            var sending = producer
            sending.deliveryTimeout = .milliseconds(200)
            sending.linger = .zero
            var asking = admin
            asking.requestTimeout = .milliseconds(200)
            let errors = [
                await outcome { () async throws(KafkaError) in
                    let producer = try KafkaProducer(sending)
                    let result = await outcome { () async throws(KafkaError) in
                        _ = try await producer.send(KafkaRecord(topic: topic, value: "v"))
                    }
                    await producer.close(timeout: .zero)
                    try result.get()
                }.error,
                await outcome { () async throws(KafkaError) in
                    let admin = try KafkaAdmin(asking)
                    let result = await outcome { () async throws(KafkaError) in _ = try await admin.describeCluster() }
                    await admin.close(timeout: .zero)
                    try result.get()
                }.error,
            ]
            #expect(errors.allSatisfy { $0 != nil })
            #expect(!lines.all.isEmpty)
            expectNoSecret(errors.flatMap { shown($0 as Any) } + lines.all.flatMap { shown($0) })
        }
    }

    // MARK: Log lines

    @Test
    func secretsAreTakenOutOfLines() async {
        let security = KafkaSecurity.sasl(
            .plain(username: "alice", password: "prey-one"),
            tls: .ofTests(.pem(certificate: "", key: KafkaSecret(Certificates.key), passphrase: "prey-one-and-two"))
        )
        let lines = Lines()
        let sink = LogSink(
            .handler { lines.append($0) },
            clientName: "client",
            redaction: Redaction(security, ["sasl.oauthbearer.config": "prey-three", "client.id": "orders"])
        )
        sink.hide("prey-four")
        for text in ["orders prey-one, prey-one-and-two: prey-three", "prey-four", "\(Certificates.key)", "alice"] {
            sink.log(.error, "SECURITY", text)
        }
        await sink.drain()
        let messages = lines.all.map(\.message)
        #expect(messages.count == 4)
        #expect(messages.first == "orders <redacted>, <redacted>: <redacted>")
        #expect(messages.last == "alice")
        expectNoSecret(messages)
    }

    @Test
    func aPasswordThatIsSetLaterIsTakenOutOfLines() async throws {
        let lines = Lines()
        let prey = Prey(
            testDescription: "",
            security: .saslWithoutTLS(.plain(username: "alice", password: "prey-first")),
            property: ""
        )
        let log = KafkaLog.handler(level: .error) { lines.append($0) }
        let (producing, consuming, administrating) = configurations(prey, ["127.0.0.1:1"], log)
        let producer = try KafkaProducer(producing)
        let consumer = try KafkaConsumer(consuming)
        let admin = try KafkaAdmin(administrating)
        try await producer.setCredentials(username: "alice", password: "prey-producer")
        try await consumer.setCredentials(username: "alice", password: "prey-consumer")
        try await admin.setCredentials(username: "alice", password: "prey-admin")
        let sinks = [producer.core.log, consumer.core.log, admin.core.log]
        for (sink, name) in zip(sinks, ["producer", "consumer", "admin"]) {
            sink.log(.error, "HUNT", "prey-first, prey-\(name)")
            await sink.drain()
        }
        let messages = lines.all.filter { $0.facility == "HUNT" }.map(\.message)
        #expect(messages == Array(repeating: "<redacted>, <redacted>", count: 3))
        await producer.close(timeout: .zero)
        await consumer.close(timeout: .zero)
        await admin.close(timeout: .zero)
    }

    @Test(.timeLimit(.minutes(1)))
    func theTokensOfAProviderAreTakenOutOfLines() async throws {
        let lines = Lines()
        var configuration = unreachableProducerConfiguration()
        configuration.security = .saslWithoutTLS(.oauthBearer(NoTokens()))
        let producer = try KafkaProducer(configuration)
        let token = UnsecuredTokenProvider.token(principal: "alice", expiration: .now.addingTimeInterval(3600))
        let sink = LogSink(.handler { lines.append($0) }, clientName: "client")
        let keeper = TokenKeeper(
            Tokens { token },
            ClientCredentials(producer.core.handle),
            log: sink,
            thread: producer.core.thread
        )
        keeper.requested()
        // The provider answers from a task of its own.
        while !keeper.proceed(now: .now).isRenewed { await Task.yield() }
        sink.log(.error, "HUNT", "before \(token.value.text) behind")
        await sink.drain()
        #expect(lines.all.filter { $0.facility == "HUNT" }.map(\.message) == ["before <redacted> behind"])
        keeper.end()
        await producer.close(timeout: .zero)
    }

    /// For as long as a client lives there are new tokens.
    @Test
    func ofSecretsThatChangeTheLastOnesAreLookedFor() {
        var redaction = Redaction(.saslWithoutTLS(.plain(username: "alice", password: "prey-first")), [:])
        for number in 100..<200 { redaction.hide("prey-\(number)") }
        #expect(redaction("prey-first prey-192 prey-199") == "<redacted> <redacted> <redacted>")
        #expect(redaction("prey-100 prey-191") == "prey-100 prey-191")
        // The one in force stays.
        for _ in 0..<100 { redaction.hide("prey-199") }
        #expect(redaction("prey-198") == "<redacted>")
        redaction.adopt("prey-200")
        for number in 300..<400 { redaction.hide("prey-\(number)") }
        #expect(redaction("prey-200 prey-399") == "<redacted> <redacted>", "only what is taken replaces it")
        redaction.adopt("prey-201")
        #expect(redaction("prey-200 prey-201") == "<redacted> <redacted>")
        for number in 300..<400 { redaction.hide("prey-\(number)") }
        #expect(redaction("prey-200 prey-201") == "prey-200 <redacted>")
    }

    @Test
    func whatIsTooShortStandsInAnyText() {
        let redaction = Redaction(.saslWithoutTLS(.plain(username: "a", password: "abc")), [:])
        #expect(redaction("abcdef") == "abcdef")
    }
}
