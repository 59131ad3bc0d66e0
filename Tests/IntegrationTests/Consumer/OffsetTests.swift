import AsyncKafka
import Testing

extension RealKafkaTests {
    /// What is committed, judged by Kafka's own tool.
    @Suite(.timeLimit(.minutes(2)), .needsKafkaTools)
    struct OffsetTests {
        private static let count: Int64 = 20

        /// A member with all three partitions of a topic, and one message of each.
        private func withMember(
            _ policy: KafkaOffsetPolicy = .manual,
            _ body: (KafkaConsumer, _ group: String, _ topic: String, _ messages: [KafkaMessage]) async throws -> Void
        ) async throws {
            try await withTopic(partitions: 3) { topic in
                for partition in 0..<3 { try await fill(topic, count: Int(Self.count), partition: partition) }
                let group = RealKafka.uniqueName("group")
                let configuration = RealKafka.consumer(group: group, policy: policy)
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                    var messages: [KafkaMessage] = []
                    for try await message in consumer.messages {
                        messages.append(message)
                        if messages.count == 3 * Int(Self.count) { break }
                    }
                    try await body(consumer, group, topic, messages)
                }
            }
        }

        @Test
        func onePartitionWithTooMuchMetadataFailsAloneAndItsNeighboursAreStored() async throws {
            try await withMember { consumer, group, topic, messages in
                let partitions = (0..<3).map { KafkaTopicPartition(topic: topic, partition: $0) }
                // The broker's limit is 4,096 bytes by default.
                let error = await kafkaError {
                    try await consumer.commit([
                        partitions[0]: KafkaOffsetAndMetadata(offset: 1, metadata: "first"),
                        partitions[1]: KafkaOffsetAndMetadata(offset: 2, metadata: String(repeating: "x", count: 4097)),
                        partitions[2]: KafkaOffsetAndMetadata(offset: 3),
                    ])
                }
                #expect(error?.code == .offsetMetadataTooLarge)
                #expect(error?.brokerCode == 12)
                #expect(error?.topicPartition == partitions[1])
                #expect(error.map { Array($0.partitionErrors.keys) } == [partitions[1]])
                let stored1 = try await RealKafka.committedOffsets(group, topic)
                #expect(stored1 == [0: 1, 2: 3])
                #expect(
                    try await consumer.committed(partitions) == [
                        partitions[0]: KafkaOffsetAndMetadata(offset: 1, metadata: "first"),
                        partitions[2]: KafkaOffsetAndMetadata(offset: 3),
                    ]
                )
                // The partition itself is none the worse for it.
                try await consumer.commit(messages)
                let stored2 = try await RealKafka.committedOffsets(group, topic)
                #expect(stored2 == [0: 20, 1: 20, 2: 20])
            }
        }

        @Test
        func anExplicitCommitGoesBackAndCarriesMetadata() async throws {
            try await withMember { consumer, group, topic, messages in
                let first = KafkaTopicPartition(topic: topic, partition: 0)
                try await consumer.commit(messages)
                #expect(try await consumer.committed([first]) == [first: KafkaOffsetAndMetadata(offset: 20)])
                for metadata in ["Straße 5 — 日本 🚀", String(repeating: "m", count: 4096), "", nil] {
                    try await consumer.commit([first: KafkaOffsetAndMetadata(offset: 5, metadata: metadata)])
                    let stored = try await consumer.committed([first])[first]
                    #expect(stored?.offset == 5)
                    #expect(stored?.metadata == (metadata?.isEmpty == false ? metadata : nil))
                }
                // What lies below is done, what lies above is committed again.
                let own = messages.filter { $0.partition == 0 }
                try await consumer.commit(own[4])
                let stored = try await RealKafka.committedOffsets(group, topic)
                #expect(stored == [0: 5, 1: 20, 2: 20])
                try await consumer.commit(own[5])
                #expect(try await consumer.committed([first]) == [first: KafkaOffsetAndMetadata(offset: 6)])
            }
        }

        @Test
        func whatCannotBeCommittedIsRefusedAndNothingElseIsCommitted() async throws {
            try await withMember { consumer, group, topic, messages in
                let mine = KafkaTopicPartition(topic: topic, partition: 0)
                let next = KafkaTopicPartition(topic: topic, partition: 1)
                let good = KafkaOffsetAndMetadata(offset: 1)
                let cases: [(KafkaTopicPartition, KafkaOffsetAndMetadata, KafkaError.Code)] = [
                    (KafkaTopicPartition(topic: topic, partition: 7), good, .staleMessage),
                    (KafkaTopicPartition(topic: "another", partition: 0), good, .staleMessage),
                    (next, .init(offset: -1), .invalidArgument),
                    (next, .init(offset: 1, metadata: "a\0b"), .invalidArgument),
                    (next, .init(offset: 1, metadata: String(repeating: "x", count: 32_768)), .offsetMetadataTooLarge),
                ]
                for (partition, place, code) in cases {
                    let error = await kafkaError { try await consumer.commit([mine: good, partition: place]) }
                    #expect(error?.code == code)
                    #expect(error?.topicPartition == partition)
                }
                // Nothing to commit is no error.
                try await consumer.commit([:])
                try await consumer.commit([])
                try await consumer.commitMarked()
                #expect(try await consumer.committed([mine]).isEmpty)

                let other = try KafkaConsumer(RealKafka.consumer(group: RealKafka.uniqueName("group")))
                let error = await kafkaError { try await other.commit(messages) }
                #expect(error?.code == .invalidArgument)
                #expect(error?.topicPartition?.topic == topic)
                // Any group member may look at any partition.
                #expect(try await other.committed([mine, KafkaTopicPartition(topic: topic, partition: 99)]).isEmpty)
                await other.close()
                let closed = await kafkaError { try await other.committed([mine]) }
                #expect(closed?.code == .clientClosed)
                #expect(try await RealKafka.committedOffsets(group, topic).isEmpty)
            }
        }

        @Test
        func manyTasksCommitTheirBatches() async throws {
            try await withMember { consumer, group, topic, messages in
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    for number in 1...100 {
                        let batch = messages.shuffled().prefix(number % messages.count + 1)
                        tasks.addTask { try await consumer.commit(batch) }
                    }
                    tasks.addTask { try await consumer.commit(messages.reversed()) }
                    try await tasks.waitForAll()
                }
                let stored3 = try await RealKafka.committedOffsets(group, topic)
                #expect(stored3 == [0: 20, 1: 20, 2: 20])
            }
        }

        @Test
        func whatIsMarkedIsCommittedWhenAskedFor() async throws {
            try await withMember(.afterProcessing(interval: .seconds(3600))) { consumer, group, topic, messages in
                // All but the one in hand.
                try await consumer.commitMarked()
                let last = try #require(messages.last)
                var expected: [Int: Int64] = [0: 20, 1: 20, 2: 20]
                expected[last.partition] = 19
                let stored4 = try await RealKafka.committedOffsets(group, topic)
                #expect(stored4 == expected)
                consumer.markProcessed(last)
                try await consumer.commitMarked()
                expected[last.partition] = 20
                let stored5 = try await RealKafka.committedOffsets(group, topic)
                #expect(stored5 == expected)
            }
        }
    }
}
