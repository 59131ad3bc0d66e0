// The README's code for tests, as it stands there.
import AsyncKafka
import AsyncKafkaTesting
import Testing

@Suite(.timeLimit(.minutes(1)))
struct MockClusterSnippet {
    @Test
    func aCustomersOrdersStayInOrder() async throws {
        try await withKafkaMockCluster { cluster in
            try await cluster.createTopic("orders", partitions: 3)
            let orders = (1...3).map { "order \($0)" }

            let producing = KafkaProducerConfiguration(bootstrapServers: cluster.bootstrapServers)
            try await withKafkaProducer(producing) { producer in
                for order in orders {
                    try await producer.send(KafkaRecord(topic: "orders", key: "customer-1", value: order))
                }
            }

            let consuming = KafkaConsumerConfiguration(bootstrapServers: cluster.bootstrapServers, groupID: "test")
            try await withKafkaConsumer(consuming, subscribingTo: ["orders"]) { consumer in
                var read: [String] = []
                for try await message in consumer.messages {
                    read.append(String(message.value ?? ""))
                    if read.count == orders.count { break }
                }
                #expect(read == orders)
            }
        }
    }
}
