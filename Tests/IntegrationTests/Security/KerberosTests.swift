import AsyncKafka
import Testing

extension RealKafkaTests {
    /// Tickets are really fetched and shown, by the system's own `kinit`. `KRB5CCNAME` has to name a cache that is empty at first.
    @Suite(.timeLimit(.minutes(2)), .needsKerberos)
    struct KerberosTests {
        private static let alice = KafkaKerberos(
            principal: "alice@TEST.LOCAL",
            keytab: SecureKafka.file("alice.keytab")
        )

        private func producer(_ kerberos: KafkaKerberos) throws -> KafkaProducer {
            var configuration = KafkaProducerConfiguration(bootstrapServers: SecureKafka.Listener.kerberos.servers)
            configuration.security = .saslWithoutTLS(.gssapi(kerberos))
            configuration.log = .none
            return try KafkaProducer(configuration)
        }

        private func refusal(_ what: String, of kerberos: KafkaKerberos) async -> KafkaError? {
            let start = ContinuousClock.now
            let error = await kafkaError {
                let producer = try producer(kerberos)
                let error = await kafkaErrorIfAny { try await producer.connect() }
                await producer.close(timeout: .seconds(1))
                if let error { throw error }
            }
            print("Kerberos, \(what): \(error?.description ?? "taken") after \(ContinuousClock.now - start)")
            #expect(ContinuousClock.now - start < SecureKafka.bound)
            return error
        }

        /// In this order: a ticket that is there once is used.
        @Test
        func whoHasNoTicketIsToldAndWhoHasOneIsTaken() async throws {
            var kerberos = Self.alice
            kerberos.principal = "nobody@TEST.LOCAL"
            let principal = await refusal("wrong principal", of: kerberos)
            #expect(principal?.code == .authentication)
            #expect(principal?.message.contains("check principal, keytab") == true)

            kerberos = Self.alice
            kerberos.keytab = SecureKafka.file("kafka.keytab")
            #expect(await refusal("wrong keytab", of: kerberos)?.code == .authentication)

            kerberos = Self.alice
            kerberos.serviceName = "other"
            #expect(await refusal("wrong service name", of: kerberos)?.code == .authentication)

            try await withTopic(partitions: 1) { topic in
                let producer = try producer(Self.alice)
                try await producer.connect()
                try await producer.send(KafkaRecord(topic: topic, value: "v"))
                await producer.close()
            }
        }
    }
}

extension Trait where Self == ConditionTrait {
    /// Only with a listener for tickets, and an engine that has them.
    static var needsKerberos: Self {
        .enabled(
            if: SecureKafka.hasKerberos && SecureKafka.engineHasKerberos,
            "without Kerberos: KAFKA_GSSAPI names no broker, or librdkafka was built without GSSAPI"
        )
    }
}
