import AsyncKafka
import AsyncKafkaTesting
import Testing

@Suite(.timeLimit(.minutes(2)))
struct KafkaConsumerTests {
    @Test
    func csmoke() async throws {
        try await withKafkaMockCluster { cluster in
            try await cluster.createTopic("orders", partitions: 3)
            try await withKafkaProducer(KafkaProducerConfiguration(bootstrapServers: cluster.bootstrapServers)) {
                producer in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for t in 0..<100 {
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
            var c = KafkaConsumerConfiguration(bootstrapServers: cluster.bootstrapServers, groupID: "g")
            c.offsetPolicy = .manual
            let clock = ContinuousClock()
            try await withKafkaConsumer(c, subscribingTo: ["orders"]) { consumer in
                var n = 0
                var start = clock.now
                for try await message in consumer.messages {
                    n += 1
                    if n == 1 { start = clock.now; print("first", message) }
                    if n <= 2000 { try await consumer.commit(message) }
                    if n == 2000 { print("2000 commits", clock.now - start); start = clock.now }
                    if n == 10_000 { break }
                }
                print("read", n, clock.now - start)
            }
            var n = 0
            let consumer = try KafkaConsumer(c)
            try await consumer.subscribe(to: ["orders"])
            for try await message in consumer.messages {
                n += 1; print(message); try await consumer.commit(message); if n == 100 { break }
            }
            print("left", n, await consumer.assignment)
            print(await consumer.close())
        }
    }
}
