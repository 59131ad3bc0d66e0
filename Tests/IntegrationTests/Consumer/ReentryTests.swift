import AsyncKafka
import Testing

extension RealKafkaTests {
    @Suite(.timeLimit(.minutes(1)))
    struct ReentryTests {
        @Test
        func underManualLeavingTheLoopLosesAndRepeatsNothing() async throws {
            try await withTopic { topic in
                let ends = try await fill(topic, count: 1000)
                let configuration = RealKafka.consumer(group: RealKafka.uniqueName("group"), policy: .manual)
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                    var positions: [Position] = []
                    for end in [333, 667, 1000] {
                        for try await message in consumer.messages {
                            positions.append(Position(message))
                            if positions.count == end { break }
                        }
                    }
                    #expect(positions.count == 1000)
                    for (partition, end) in ends {
                        let offsets = positions.filter { $0.partition == partition }.map(\.offset)
                        #expect(offsets == Array(0..<end), "in the order of partition \(partition)")
                    }
                }
            }
        }

        @Test
        func afterProcessingTheMessageInHandComesAgainUnlessItWasMarked() async throws {
            try await withTopic { topic in
                try await fill(topic, count: 10, partition: 0)
                let group = RealKafka.uniqueName("group")
                let configuration = RealKafka.consumer(group: group)
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                    var offsets: [Int64] = []
                    for try await message in consumer.messages {
                        offsets.append(message.offset)
                        if message.offset == 3 { break }
                    }
                    #expect(offsets == [0, 1, 2, 3])

                    offsets = []
                    for try await message in consumer.messages {
                        offsets.append(message.offset)
                        if message.offset == 5 {
                            #expect(consumer.markProcessed(message))
                            break
                        }
                    }
                    #expect(offsets == [3, 4, 5], "the unmarked one comes again")

                    offsets = []
                    for try await message in consumer.messages {
                        offsets.append(message.offset)
                        if message.offset == 7 { break }
                    }
                    #expect(offsets == [6, 7], "the marked one does not")
                }
                // The last one was not marked: whoever comes next begins with it.
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                    let first = try await consumer.messages.first { _ in true }
                    #expect(first?.offset == 7)
                }
            }
        }
    }
}
