import AsyncKafka
import AsyncKafkaTesting
import Testing

/// The article "Security"'s recipe for a new certificate; the mock knows none, so the producers are alike.
@Suite(.timeLimit(.minutes(1)))
struct CurrentProducerTests {
    /// Tells the senders to end.
    private actor End {
        private(set) var hasCome = false

        func come() { hasCome = true }
    }

    private func configuration(_ cluster: KafkaMockCluster) -> KafkaProducerConfiguration {
        var configuration = KafkaProducerConfiguration(bootstrapServers: cluster.bootstrapServers)
        configuration.log = .none
        return configuration
    }

    @Test
    func noRecordIsLostOrDoubledWhileTheProducerIsReplaced() async throws {
        try await withKafkaMockCluster { cluster in
            try await cluster.createTopic("orders", partitions: 2)
            let configuration = configuration(cluster)
            let current = try CurrentProducer(configuration)
            let end = End()
            let (sent, reports) = try await withThrowingTaskGroup(of: Int.self) { group in
                for task in 0..<4 {
                    group.addTask {
                        var sent = 0
                        // The mock keeps so many.
                        while await !end.hasCome, sent < 2000 {
                            _ = try await current.send(KafkaRecord(topic: "orders", value: "\(task), \(sent)"))
                            sent += 1
                        }
                        return sent
                    }
                }
                // One after the other, beside the senders; each producer has a record of its own.
                var reports: [KafkaProducerCloseReport] = []
                for swap in 0..<5 {
                    _ = try await current.send(KafkaRecord(topic: "orders", value: "swap \(swap)"))
                    reports.append(try await current.replace(with: configuration))
                }
                await end.come()
                return (try await group.reduce(5, +), reports)
            }
            #expect(reports.allSatisfy { $0.delivered > 0 }, "\(reports)")
            let all = reports + [await current.close()]
            #expect(all.allSatisfy { $0.unsent == 0 && $0.failed == 0 }, "\(all)")
            #expect(all.map(\.delivered).reduce(0, +) == sent)
            let consuming = KafkaConsumerConfiguration(bootstrapServers: cluster.bootstrapServers)
            let read = try await withKafkaConsumer(consuming) { consumer in
                var read: [String] = []
                let records = try await consumer.records(in: "orders", from: .beginning, through: .endAtCall)
                for try await message in records { read.append(String(message.value ?? "")) }
                return read
            }
            #expect(read.count == sent)
            #expect(Set(read).count == sent)
        }
    }

    @Test
    func aReplacementThatFailsKeepsTheOneBefore() async throws {
        try await withKafkaMockCluster { cluster in
            try await cluster.createTopic("orders", partitions: 1)
            let current = try CurrentProducer(configuration(cluster))
            var other = configuration(cluster)
            // Nobody takes it there.
            other.bootstrapServers = ["127.0.0.1:1"]
            let replacement = Task { [other] in try await current.replace(with: other) }
            replacement.cancel()
            await #expect(throws: KafkaError.self) { try await replacement.value }
            _ = try await current.send(KafkaRecord(topic: "orders", value: "a"))
            let report = await current.close()
            #expect(report.delivered == 1)
        }
    }

    @Test
    func nothingReplacesAProducerThatIsClosed() async throws {
        try await withKafkaMockCluster { cluster in
            try await cluster.createTopic("orders", partitions: 1)
            let current = try CurrentProducer(configuration(cluster))
            _ = await current.close()
            await #expect(throws: CancellationError.self) { try await current.replace(with: configuration(cluster)) }
            let error = await #expect(throws: KafkaError.self) {
                try await current.send(KafkaRecord(topic: "orders", value: "a"))
            }
            #expect(error?.code == .clientClosed)
        }
    }
}
