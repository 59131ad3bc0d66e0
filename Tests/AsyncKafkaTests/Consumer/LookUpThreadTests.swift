import AsyncKafka
import AsyncKafkaTesting
import Testing

/// Look-ups on a cluster that is not there keep their threads for as long as their callers allow.
@Suite(.timeLimit(.minutes(1)))
struct LookUpThreadTests {
    private let partition = KafkaTopicPartition(topic: "orders", partition: 0)

    @Test
    func limitsHoldWhileOtherLookUpsHaveAllThreads() async throws {
        try await withBusyConsumer { consumer in
            let limit = Duration.milliseconds(100)
            try await consumer.assign([partition: .offset(0)])
            for result in [
                await outcome { () throws(KafkaError) in
                    _ = try await consumer.watermarks(of: partition, timeout: limit)
                },
                await outcome { () throws(KafkaError) in _ = try await consumer.committed([partition], timeout: limit)
                },
                await outcome { () throws(KafkaError) in
                    _ = try await consumer.seek(partition, to: .end, timeout: limit)
                },
            ] {
                #expect(result.error?.code == .timedOut, "\(result)")
            }
        }
    }

    @Test
    func aClusterThatIsDownHoldsUpNoOtherClient() async throws {
        try await withBusyConsumer { _ in
            try await withTopic { cluster, topic in
                try await produce(3, to: topic, of: cluster)
                try await withKafkaConsumer(consumerConfiguration(of: cluster)) { consumer in
                    let watermarks = try await consumer.watermarks(of: partition, timeout: .seconds(30))
                    #expect(watermarks == KafkaWatermarks(low: 0, high: 3))
                }
            }
        }
    }

    /// All threads of this consumer wait, for longer than the test may take.
    private func withBusyConsumer(_ body: (KafkaConsumer) async throws -> Void) async throws {
        var configuration = KafkaConsumerConfiguration(bootstrapServers: ["127.0.0.1:1"], groupID: "group")
        configuration.log = .none
        configuration.closeTimeout = .zero
        try await withKafkaConsumer(configuration) { consumer in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask { _ = try? await consumer.watermarks(of: partition, timeout: .seconds(60)) }
                }
                try await body(consumer)
                group.cancelAll()
            }
        }
    }
}
