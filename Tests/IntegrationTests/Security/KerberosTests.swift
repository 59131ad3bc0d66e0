import AsyncKafka
import Testing

extension RealKafkaTests {
    /// Tickets are really fetched and shown, by the system's own `kinit`, and brokers know by them who it is. `KRB5CCNAME` has to name a
    /// cache that is empty at first.
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
                let rule = KafkaACL(principal: "User:alice", .all, .topic(topic))
                try await RealKafka.enforce([rule])
                // Whoever is not alice may not: so brokers take the ticket for hers.
                var others = KafkaProducerConfiguration(bootstrapServers: SecureKafka.Listener.saslPlaintext.servers)
                others.security = .saslWithoutTLS(.plain(username: "bob", password: "bob-secret"))
                others.log = .none
                let error = await kafkaError {
                    try await withKafkaProducer(others) { try await $0.send(KafkaRecord(topic: topic, value: "bob")) }
                }
                #expect(error?.code == .topicAuthorizationFailed)
                try await useAsAlice(topic)
                try await RealKafka.lift([rule])
            }
        }

        /// Each kind of client, with the ticket that is there by now.
        private func useAsAlice(_ topic: String) async throws {
            let start = ContinuousClock.now
            let servers = SecureKafka.Listener.kerberos.servers
            let security = KafkaSecurity.saslWithoutTLS(.gssapi(Self.alice))
            let producer = try producer(Self.alice)
            try await producer.connect()
            try await producer.send(KafkaRecord(topic: topic, value: "alice"))
            await producer.close()

            var reading = KafkaConsumerConfiguration(bootstrapServers: servers, groupID: RealKafka.uniqueName("group"))
            reading.security = security
            reading.log = .none
            let value = try await withKafkaConsumer(reading, subscribingTo: [topic]) { consumer in
                let message = try await consumer.messages.first { _ in true }
                if let message { try await consumer.commit(message) }
                return message?.value
            }
            #expect(value == "alice")

            var asking = KafkaAdminConfiguration(bootstrapServers: servers)
            asking.security = security
            asking.log = .none
            let group = try #require(reading.groupID)
            let (partitions, offsets) = try await withKafkaAdmin(asking) { admin in
                // The second by a handle of its own, which logs in by itself.
                (try await admin.describeTopic(topic).partitions, try await admin.groupOffsets(of: group))
            }
            #expect(partitions.count == 1 && offsets.count == 1)
            print(
                "Kerberos, right: alice by her ticket, taken by all kinds of clients after \(ContinuousClock.now - start)"
            )
            #expect(ContinuousClock.now - start < SecureKafka.bound)
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
