import AsyncKafka
import TestSupport
import Testing

extension RealKafkaTests {
    @Suite(.timeLimit(.minutes(2)))
    struct ReentryTests {
        /// 1,000 loops over one consumer, which leaves its group once, at the end, and at once.
        @Test(.needsKafkaTools)
        func underManualLeavingTheLoopLosesAndRepeatsNothing() async throws {
            try await withTopic { topic in
                let ends = try await fill(topic, count: 1000)
                let group = RealKafka.uniqueName("group")
                let configuration = RealKafka.consumer(group: group, policy: .manual)
                #expect(configuration.group.sessionTimeout == .seconds(45))
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                    var positions: [Position] = []
                    while positions.count < 1000 {
                        for try await message in consumer.messages {
                            positions.append(Position(message))
                            break
                        }
                    }
                    for (partition, end) in ends {
                        let offsets = positions.filter { $0.partition == partition }.map(\.offset)
                        #expect(offsets == Array(0..<end), "in the order of partition \(partition)")
                    }
                    #expect(await consumer.close().hasLeftGroup)
                }
                let state = try await RealKafka.groupState(group)
                #expect(state == ["Empty", "0"], "a member that has not left is seen for its session timeout")
            }
        }

        /// Each body is left in one of the ways there are; what it did not finish comes again, and what it did does not.
        @Test
        func afterProcessingABodyThatThrowsIsNeverCommittedPast() async throws {
            struct Failure: Error {}
            try await withTopic { topic in
                try await fill(topic, count: 1000, partition: 0)
                let group = RealKafka.uniqueName("group")
                let configuration = RealKafka.consumer(
                    group: group,
                    policy: .afterProcessing(interval: .milliseconds(1))
                )
                var processed = Int64(0)
                var random = SplitMix(state: 6)
                // Some consumers after one another: what one has committed is where the next begins.
                while processed < 1000 {
                    let end = min(1000, processed + 250)
                    processed = try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                        var processed = processed
                        while processed < end {
                            do {
                                for try await message in consumer.messages {
                                    #expect(message.offset == processed, "neither skipped nor repeated")
                                    switch Int.random(in: 0..<4, using: &random) {
                                    case 0: throw Failure()
                                    case 1:
                                        consumer.markProcessed(message)
                                        processed += 1
                                        throw Failure()
                                    default:
                                        // Done, unless the loop is left here.
                                        if processed + 1 == end {
                                            try await consumer.commit(message)
                                            processed += 1
                                            return processed
                                        }
                                        processed += 1
                                    }
                                }
                            } catch is Failure {}
                        }
                        return processed
                    }
                }
                #expect(processed == 1000)
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
