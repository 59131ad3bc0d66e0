import AsyncKafka
import Testing

extension RealKafkaTests {
    /// Whoever has no permission is told of it by each call, with a code for what it is about.
    @Suite(.timeLimit(.minutes(2)), .needsSASL, .needsKafkaTools)
    struct AccessRefusalTests {
        private static let security = KafkaSecurity.saslWithoutTLS(SecureKafka.alice)

        private func producer(transactionalID: String? = nil) throws -> KafkaProducer {
            var configuration = KafkaProducerConfiguration(bootstrapServers: SASL.bootstrapServers)
            configuration.security = Self.security
            configuration.transactionalID = transactionalID
            configuration.closeTimeout = .seconds(5)
            configuration.log = .none
            return try KafkaProducer(configuration)
        }

        private func consumer(group: String) throws -> KafkaConsumer {
            var configuration = KafkaConsumerConfiguration(bootstrapServers: SASL.bootstrapServers, groupID: group)
            configuration.security = Self.security
            configuration.offsetPolicy = .manual
            configuration.closeTimeout = .seconds(5)
            configuration.log = .none
            return try KafkaConsumer(configuration)
        }

        private func told(_ what: String, _ body: () async throws -> some Any) async -> KafkaError? {
            let start = ContinuousClock.now
            let error = await kafkaError(body)
            print("\(what): \(error?.code.description ?? "nothing") after \(ContinuousClock.now - start)")
            #expect(ContinuousClock.now - start < SecureKafka.bound, "\(what)")
            return error
        }

        @Test
        func eachDenialHasItsCode() async throws {
            try await withTopic(partitions: 1) { topic in
                try await fill(topic, count: 1)
                let group = RealKafka.uniqueName("group")
                let transactionalID = RealKafka.uniqueName("transaction")
                let member = try consumer(group: group)
                try await member.subscribe(to: [topic])
                let message = try #require(try await member.messages.first { _ in true })

                let new = KafkaNewTopic(name: RealKafka.uniqueName("topic"), partitions: 1)
                let rules = [
                    "--deny-principal", "User:alice", "--operation", "All", "--group", group, "--transactional-id",
                    transactionalID, "--topic", new.name,
                ]
                let ofCluster = KafkaACL(principal: "User:alice", .all, .cluster, permission: .deny)
                _ = try await RealKafka.tool("acls", ["--add"] + rules)
                try await RealKafka.enforce([ofCluster])
                let error = await told("commit") { try await member.commit(message) }
                #expect(error?.code == .groupAuthorizationFailed)
                await member.close()

                let other = try consumer(group: group)
                try await other.subscribe(to: [topic])
                let read = await told("messages, group") { try await other.messages.first { _ in true } }
                #expect(read?.code == .groupAuthorizationFailed)
                await other.close()

                let producer = try producer(transactionalID: transactionalID)
                let transaction = await told("transaction") { try await producer.withTransaction { _ in } }
                #expect(transaction?.code == .transactionalIDAuthorizationFailed)
                #expect(transaction?.isFatal == true)
                await producer.close()

                var configuration = KafkaAdminConfiguration(bootstrapServers: SASL.bootstrapServers)
                configuration.security = Self.security
                configuration.log = .none
                try await withKafkaAdmin(configuration) { admin in
                    let rule = KafkaACL(principal: "User:alice", .read, .topic(topic))
                    let added = await told("createACL") { try await admin.createACL(rule) }
                    #expect(added?.code == .clusterAuthorizationFailed)
                    let offsets = await told("groupOffsets") { try await admin.groupOffsets(of: group) }
                    #expect(offsets?.code == .groupAuthorizationFailed)
                    let made = await told("createTopic") { try await admin.createTopic(new) }
                    #expect(made?.code == .topicAuthorizationFailed)
                }
                _ = try await RealKafka.tool("acls", ["--remove", "--force"] + rules)
                try await RealKafka.lift([ofCluster])
            }
        }

        @Test
        func aTopicThatMayNotBeReadOrWrittenIsTold() async throws {
            try await withTopic(partitions: 1) { topic in
                try await fill(topic, count: 1)
                let rule = KafkaACL(principal: "User:alice", .all, .topic(topic), permission: .deny)
                try await RealKafka.enforce([rule])
                let producer = try producer()
                let sent = await told("send") { try await producer.send(KafkaRecord(topic: topic, value: "v")) }
                #expect(sent?.code == .topicAuthorizationFailed)
                await producer.close()

                let reader = try consumer(group: RealKafka.uniqueName("group"))
                try await reader.subscribe(to: [topic])
                let event = try await reader.events.first { $0.topic != nil }
                #expect(event?.error?.code == .topicAuthorizationFailed)
                await reader.close()
                try await RealKafka.lift([rule])
            }
        }
    }
}
