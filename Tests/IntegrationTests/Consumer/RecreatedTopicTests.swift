import AsyncKafka
import TestSupport
import Testing

extension RealKafkaTests {
    /// A topic that is deleted while it is read, and made again under the same name.
    @Suite(.timeLimit(.minutes(2)), .needsKafkaTools)
    struct RecreatedTopicTests {
        private func recreate(_ topic: String) async throws {
            _ = try await RealKafka.tool("topics", ["--delete", "--topic", topic])
            try await TopicMaker.make(
                topic,
                partitions: 1,
                replicationFactor: nil,
                configuration: [:],
                bootstrapServers: RealKafka.bootstrapServers.joined(separator: ","),
                isBeingDeleted: true
            )
        }

        /// Nothing tells the new log from the old one but that it is shorter (librdkafka fetches without the ids of topics).
        @Test
        func aRecreatedTopicIsReadFromItsBeginningAndTheUserIsTold() async throws {
            try await withTopic(partitions: 1) { topic in
                try await RealKafka.fillBySeconds(topic, partition: 0, count: 20)
                var configuration = RealKafka.reader
                configuration.log = .none
                // Once it was seen to be gone, it is looked for this often.
                configuration.additionalProperties["topic.metadata.refresh.interval.ms"] = "500"
                let partition = KafkaTopicPartition(topic: topic, partition: 0)
                try await withKafkaConsumer(configuration) { consumer in
                    try await consumer.assign([partition: .beginning])
                    for try await message in consumer.messages where message.offset == 19 { break }
                    try await recreate(topic)
                    try await RealKafka.fillBySeconds(topic, partition: 0, count: 5)
                    var offsets: [Int64] = []
                    for try await message in consumer.messages {
                        offsets.append(message.offset)
                        if offsets.count == 5 { break }
                    }
                    #expect(offsets == Array(0..<5))
                    for try await event in consumer.events {
                        guard let error = event.error, error.code == .autoOffsetReset else { continue }
                        #expect(error.requestedOffset == 20)
                        #expect(error.topicPartition == partition)
                        break
                    }
                }
            }
        }

        /// The group may learn that the topic is gone, or never: its partition comes back either way.
        @Test
        func aRecreatedTopicIsReadByItsGroup() async throws {
            try await withTopic(partitions: 1) { topic in
                try await RealKafka.fillBySeconds(topic, partition: 0, count: 20)
                var configuration = RealKafka.consumer(group: RealKafka.uniqueName("group"))
                configuration.log = .none
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                    for try await message in consumer.messages where message.offset == 19 { break }
                    try await recreate(topic)
                    try await RealKafka.fillBySeconds(topic, partition: 0, count: 5)
                    var offsets: [Int64] = []
                    for try await message in consumer.messages {
                        offsets.append(message.offset)
                        if message.offset == 4 { break }
                    }
                    #expect(offsets.suffix(5) == Array(0..<5))
                }
            }
        }
    }
}
