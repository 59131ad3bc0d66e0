import AsyncKafka
import AsyncKafkaTesting
import Testing

@Suite(.timeLimit(.minutes(2)))
struct KafkaProducerTests {
    @Test
    func smoke() async throws {
        try await withKafkaMockCluster { cluster in
            try await cluster.createTopic("orders", partitions: 3)
            try await withKafkaProducer(KafkaProducerConfiguration(bootstrapServers: cluster.bootstrapServers)) {
                producer in
                let clock = ContinuousClock()
                let t = try await clock.measure {
                    for i in 0..<2000 {
                        let d = try await producer.send(KafkaRecord(topic: "orders", key: "k\(i)", value: "paid"));
                        if i % 500 == 0 { print(d) }
                    }
                }
                print("sequential", t)
                let t2 = try await clock.measure {
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for t in 0..<1000 {
                            group.addTask {
                                for i in 0..<100 {
                                    _ = try await producer.send(
                                        KafkaRecord(topic: "orders", key: "k\(t)-\(i)", value: "paid")
                                    )
                                }
                            }
                        }
                        try await group.waitForAll()
                    }
                }
                print("1000 tasks", t2)
            }
        }
    }
}
