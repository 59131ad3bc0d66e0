import RdKafka
import Testing

@testable import AsyncKafka

@Suite(.timeLimit(.minutes(1)))
struct CredentialsTests {
    private func producer(_ security: KafkaSecurity) throws -> KafkaProducer {
        var configuration = unreachableProducerConfiguration()
        configuration.security = security
        // Without a ticket, librdkafka would run Kerberos's own.
        if security.sasl?.mechanism == "GSSAPI" {
            configuration.additionalProperties["sasl.kerberos.kinit.cmd"] = "true"
        }
        return try KafkaProducer(configuration)
    }

    private func error(_ security: KafkaSecurity) async throws -> KafkaError? {
        let producer = try producer(security)
        let error = await outcome { () async throws(KafkaError) in
            try await producer.setCredentials(username: "alice", password: "secret")
        }.error
        await producer.close()
        return error
    }

    @Test func theyAreRefusedWhereNothingLogsInWithThem() async throws {
        let plaintext = try #require(try await error(.plaintext))
        #expect(plaintext.code == .invalidState)
        #expect(plaintext.message.contains("SASL"))
        let token = try #require(try await error(.saslWithoutTLS(.oauthBearer { throw CancellationError() })))
        #expect(token.code == .invalidState)
        #expect(token.message.contains("OAUTHBEARER"))
        guard Engine.hasKerberos else { return }
        let kerberos = try #require(
            try await error(.saslWithoutTLS(.gssapi(KafkaKerberos(principal: "alice@TEST.LOCAL"))))
        )
        #expect(kerberos.code == .invalidState)
        #expect(kerberos.message.contains("GSSAPI"))
    }

    @Test func everyKindOfClientTakesThem() async throws {
        let security = KafkaSecurity.saslWithoutTLS(.scramSHA512(username: "alice", password: "old"))
        let producer = try producer(security)
        try await producer.setCredentials(username: "alice", password: "new")
        await producer.close()
        await expectError(.clientClosed) { try await producer.setCredentials(username: "alice", password: "new") }

        var settings = KafkaConsumerConfiguration(bootstrapServers: ["127.0.0.1:1"], groupID: "group")
        settings.security = security
        settings.log = .none
        let consumer = try KafkaConsumer(settings)
        try await consumer.setCredentials(username: "alice", password: "new")
        await consumer.close(timeout: .zero)
        await expectError(.clientClosed) { try await consumer.setCredentials(username: "alice", password: "new") }

        var adminSettings = KafkaAdminConfiguration(bootstrapServers: ["127.0.0.1:1"])
        adminSettings.security = security
        adminSettings.log = .none
        let admin = try KafkaAdmin(adminSettings)
        try await admin.setCredentials(username: "alice", password: "new")
        await admin.close()
        await expectError(.clientClosed) { try await admin.setCredentials(username: "alice", password: "new") }
    }

    @Test func whatCIsToCutShortIsRefused() async throws {
        let producer = try producer(.saslWithoutTLS(.plain(username: "alice", password: "secret")))
        for (username, password) in [("", "secret"), ("a\0b", "secret"), ("alice", "a\0b")] {
            await expectError(.invalidArgument) {
                try await producer.setCredentials(username: username, password: KafkaSecret(password))
            }
        }
        await producer.close()
    }
}
