import AsyncKafka
import Testing

extension RealKafkaTests {
    @Suite(.timeLimit(.minutes(2)))
    struct BatchTests {
        /// As much as is there, or full ones.
        @Test(arguments: [nil, Duration.seconds(2)])
        func batchesOfBothKindsBringEverythingOnceAndInOrder(_ maxWait: Duration?) async throws {
            try await withTopic { topic in
                let ends = try await fill(topic, count: 20_000)
                let group = RealKafka.uniqueName("group")
                let configuration = RealKafka.consumer(group: group)
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                    var next: [Int: Int64] = [:]
                    var sizes: [Int] = []
                    var disorder = 0
                    var early = 0
                    var since = ContinuousClock.now
                    for try await batch in consumer.batches(maxCount: 1500, maxWait: maxWait) {
                        // The wait is over, or these are the last ones.
                        let isLate = maxWait.map { ContinuousClock.now - since >= $0 } ?? true
                        since = .now
                        if batch.count < 1500, !isLate { early += 1 }
                        sizes.append(batch.count)
                        for message in batch {
                            if message.offset != next[message.partition, default: 0] { disorder += 1 }
                            next[message.partition] = message.offset + 1
                        }
                        guard next == ends else { continue }
                        // Leaving marks nothing, so that this batch would come again.
                        for message in batch { consumer.markProcessed(message) }
                        break
                    }
                    print("batches of \(sizes.min() ?? 0) to \(sizes.max() ?? 0), \(sizes.count) of them")
                    #expect(disorder == 0)
                    #expect(sizes.reduce(0, +) == 20_000)
                    #expect((sizes.max() ?? 0) <= 1500)
                    #expect(early == 0, "not full, and before its time")
                }
                // All of it is committed: the next member gets what is new.
                try await fill(topic, count: 1, partition: 0)
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                    let message = try await consumer.messages.first { _ in true }
                    #expect(message.map { Position($0) } == Position(partition: 0, offset: ends[0] ?? 0))
                }
            }
        }

        @Test
        func aBatchThatWasLeftByAThrowComesAgainToWhoeverReadsNext() async throws {
            struct Failure: Error {}
            try await withTopic { topic in
                try await fill(topic, count: 100, partition: 0)
                let configuration = RealKafka.consumer(group: RealKafka.uniqueName("group"))
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                    await #expect(throws: Failure.self) {
                        for try await batch in consumer.batches(maxCount: 40)
                        where batch.contains(where: { $0.offset == 30 }) {
                            // Half of it is done.
                            let done = try #require(batch.first { $0.offset == 30 })
                            consumer.markProcessed(done)
                            throw Failure()
                        }
                    }
                    let message = try await consumer.messages.first { _ in true }
                    #expect(message?.offset == 31)
                }
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                    let message = try await consumer.messages.first { _ in true }
                    #expect(message?.offset == 31, "in hand when the other consumer was closed")
                }
            }
        }
    }
}
