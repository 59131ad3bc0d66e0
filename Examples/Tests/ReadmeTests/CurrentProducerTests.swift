import AsyncKafka
import AsyncKafkaTesting
import Testing

/// The article "Security"'s recipe for a new certificate; the mock knows none, so the producers are alike.
@Suite(.timeLimit(.minutes(1)))
struct CurrentProducerTests {
    @Test
    func noRecordIsLostOrDoubledWhileTheProducerIsReplaced() async throws {
        let (tasks, each) = (20, 50)
        try await withKafkaMockCluster { cluster in
            try await cluster.createTopic("orders", partitions: 2)
            var configuration = KafkaProducerConfiguration(bootstrapServers: cluster.bootstrapServers)
            configuration.log = .none
            let current = try CurrentProducer(configuration)
            let unsent = try await withThrowingTaskGroup(of: Int.self) { group in
                for task in 0..<tasks {
                    group.addTask {
                        for number in 0..<each {
                            _ = try await current.send(KafkaRecord(topic: "orders", value: "\(task * each + number)"))
                        }
                        return 0
                    }
                }
                for _ in 0..<5 {
                    // One after the other, beside the tasks.
                    let report = try await current.replace(with: configuration)
                    group.addTask { report.unsent + report.failed }
                }
                return try await group.reduce(0, +)
            }
            #expect(unsent == 0)
            let report = await current.close()
            #expect(report.unsent == 0 && report.failed == 0)
            let consuming = KafkaConsumerConfiguration(bootstrapServers: cluster.bootstrapServers)
            let read = try await withKafkaConsumer(consuming) { consumer in
                var read: [String] = []
                let records = try await consumer.records(in: "orders", from: .beginning, through: .endAtCall)
                for try await message in records { read.append(String(message.value ?? "")) }
                return read
            }
            #expect(read.count == tasks * each)
            #expect(Set(read).count == tasks * each)
        }
    }
}
