import AsyncKafka
import RdKafka
import Testing

/// A partition that no broker leads, beside one that is led.
@Suite(.timeLimit(.minutes(1)))
struct LeaderlessPartitionTests {
    @Test
    func aPartitionWithoutALeaderHoldsNobodyUpAndItsLookUpsFail() async throws {
        let topic = "orders"
        try await withFaultyCluster(partitions: 2) { cluster in
            let leaderless = KafkaTopicPartition(topic: topic, partition: 0)
            let led = KafkaTopicPartition(topic: topic, partition: 1)
            try await cluster.fill(6, partitions: 2)
            cluster.setLeader(of: topic, partition: 0, to: nil)
            var configuration = KafkaConsumerConfiguration(bootstrapServers: cluster.servers)
            configuration.log = .none
            try await withKafkaConsumer(configuration) { consumer in
                try await consumer.assign([leaderless: .offset(1), led: .offset(0)])
                var offsets: [Int64] = []
                for try await message in consumer.messages {
                    #expect(message.topicPartition == led)
                    offsets.append(message.offset)
                    if offsets.count == 3 { break }
                }
                #expect(offsets == [0, 1, 2])
                // Told, with the partition, in their time.
                for place in [KafkaOffsetSpecification.beginning, .end, .tail(1)] {
                    do {
                        try await consumer.seek(leaderless, to: place, timeout: .milliseconds(500))
                        Issue.record("nobody knows where \(place) is")
                    } catch let error as KafkaError {
                        #expect(error.topicPartition == leaderless, "\(error)")
                    }
                }
                #expect(await consumer.position(of: leaderless) == 1, "it is where it was")
                cluster.setLeader(of: topic, partition: 0, to: 1)
                var rest: [Int64] = []
                for try await message in consumer.messages {
                    #expect(message.topicPartition == leaderless)
                    rest.append(message.offset)
                    if rest.count == 2 { break }
                }
                #expect(rest == [1, 2])

                cluster.setLeader(of: topic, partition: 0, to: nil)
            }
            // A read of all partitions is none of some.
            try await withKafkaConsumer(configuration) { consumer in
                let result = await outcome { () throws(KafkaError) in
                    try await consumer.records(in: topic, timeout: .seconds(1))
                }
                // A machine under load has nothing but the time that is over.
                #expect([.leaderNotAvailable, .timedOut].contains(result.error?.code), "\(result)")
                #expect(await consumer.assignment.isEmpty)
            }
        }
    }

    /// What the log has is looked up for all at once: one after the other, they would take minutes.
    @Test
    func manyPartitionsWithoutAPositionAreToldTogether() async throws {
        let count = 30
        try await withFaultyCluster(partitions: count) { cluster in
            for partition in 0..<count { cluster.setLeader(of: "orders", partition: Int32(partition), to: nil) }
            var configuration = KafkaConsumerConfiguration(bootstrapServers: cluster.servers, groupID: "group")
            configuration.autoOffsetReset = .error
            configuration.log = .none
            try await withKafkaConsumer(configuration, subscribingTo: ["orders"]) { consumer in
                var told: Set<Int> = []
                while told.count < count {
                    do {
                        for try await _ in consumer.messages {}
                    } catch let error as KafkaError where error.code == .autoOffsetReset {
                        told.insert(try #require(error.topicPartition).partition)
                    }
                }
            }
        }
    }
}
