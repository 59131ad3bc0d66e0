import AsyncKafka
import AsyncKafkaTesting
import Testing

@Suite(.timeLimit(.minutes(1)))
struct KafkaMockClusterTests {
    @Test
    func aClusterHasTheBrokersThatWereAskedFor() async throws {
        try await withKafkaMockCluster(brokers: 3) { cluster in
            #expect(Set(cluster.bootstrapServers).count == 3)
        }
    }

    @Test
    func aTopicHasThePartitionsThatWereAskedFor() async throws {
        try await withKafkaMockCluster { cluster in
            try await cluster.createTopic("orders", partitions: 2)
            var configuration = KafkaProducerConfiguration(bootstrapServers: cluster.bootstrapServers)
            configuration.log = .none
            try await withKafkaProducer(configuration) { producer in
                try await producer.send(KafkaRecord(topic: "orders", partition: 1, value: "v"))
                await #expect(throws: KafkaError.self) {
                    try await producer.send(KafkaRecord(topic: "orders", partition: 2, value: "v"))
                }
            }
        }
    }

    @Test
    func aTopicThatIsThereIsAnError() async throws {
        try await withKafkaMockCluster { cluster in
            try await cluster.createTopic("orders")
            do {
                try await cluster.createTopic("orders")
                Issue.record("it is there")
            } catch let error as KafkaError {
                #expect(error.code == .topicAlreadyExists)
            }
        }
    }

    @Test(arguments: [("", 1, 1), ("a\0", 1, 1), ("a", 0, 1), ("a", -1, 1), ("a", .max, 1), ("a", 1, 2), ("a", 1, 0)])
    func anImpossibleTopicIsRefused(name: String, partitions: Int, replicas: Int) async throws {
        try await withKafkaMockCluster { cluster in
            _ = await #expect(throws: KafkaError.self) {
                try await cluster.createTopic(name, partitions: partitions, replicationFactor: replicas)
            }
        }
    }

    @Test
    func callsAfterStopFail() async throws {
        let cluster = try await KafkaMockCluster.start()
        await cluster.stop()
        await cluster.stop()
        await #expect(throws: KafkaError.self) { try await cluster.createTopic("orders") }
    }

    @Test(arguments: [0, -1, 100_000])
    func anImpossibleClusterIsRefused(brokers: Int) async {
        await #expect(throws: KafkaError.self) { try await KafkaMockCluster.start(brokers: brokers) }
    }

    @Test
    func theClusterEndsWhenTheBodyThrows() async {
        struct Mine: Error {}
        await #expect(throws: Mine.self) {
            try await withKafkaMockCluster { _ in throw Mine() }
        }
    }
}
