import AsyncKafka
import Testing

extension RealKafkaTests {
    @Suite(.timeLimit(.minutes(2)))
    struct PendingDeliveryTests {
        /// With a linger of minutes, what makes a record leave is a flush, or somebody who awaits it.
        @Test
        func aRecordThatNobodyAwaitsLeavesWithAFlush() async throws {
            try await withTopic(partitions: 1) { topic in
                var configuration = RealKafka.producer
                configuration.linger = .seconds(600)
                configuration.deliveryTimeout = .seconds(900)
                try await withKafkaProducer(configuration) { producer in
                    let start = ContinuousClock.now
                    let first = try await producer.enqueue(KafkaRecord(topic: topic, partition: 0, value: "0"))
                    #expect(try await producer.flush() == 0)
                    #expect(try await first.delivery.offset == 0)
                    // The connection is up, and now nothing but the linger holds it back.
                    let second = try await producer.enqueue(KafkaRecord(topic: topic, partition: 0, value: "1"))
                    async let one = second.delivery
                    async let other = second.delivery
                    #expect(try await [one.offset, other.offset] == [1, 1])
                    #expect(ContinuousClock.now - start < .seconds(60))
                }
            }
        }

        @Test
        func aProducerGoesOnAfterAPurge() async throws {
            try await withTopic(partitions: 1) { topic in
                try await withKafkaProducer(RealKafka.producer) { producer in
                    try await producer.send(KafkaRecord(topic: topic, partition: 0, value: "first"))
                    var outcomes: [String: Int] = [:]
                    for _ in 0..<20 {
                        let pending = try (0..<500).map {
                            try producer.tryEnqueue(KafkaRecord(topic: topic, partition: 0, value: "\($0)"))
                        }
                        // Some are on their way by now.
                        _ = try await producer.flush(timeout: .milliseconds(1))
                        try await producer.purge(.all)
                        for pending in pending {
                            do throws(KafkaError) {
                                _ = try await pending.delivery
                                outcomes["delivered", default: 0] += 1
                            } catch {
                                #expect([KafkaError.Code.purgedInQueue, .purgedInFlight].contains(error.code))
                                #expect(error.message.contains("was purged"))
                                outcomes["\(error.code)", default: 0] += 1
                            }
                        }
                        try await producer.send(KafkaRecord(topic: topic, partition: 0, value: "after"))
                    }
                    print("purges: \(outcomes)")
                }
            }
        }

        /// Far more records than the queue takes, in one call, read back in order.
        @Test
        func aBatchLargerThanTheQueueArrivesInOrder() async throws {
            try await withTopic(partitions: 3) { topic in
                var configuration = RealKafka.producer
                configuration.queue.maxRecords = 1000
                let count = 100_000
                let start = ContinuousClock.now
                let results = try await withKafkaProducer(configuration) { producer in
                    await producer.send(
                        contentsOf: (0..<count).lazy.map { number in
                            KafkaRecord(topic: topic, partition: number % 3, key: nil, value: "\(number)")
                        }
                    )
                }
                print("send(contentsOf:) of 100,000 records, room for 1,000: \(ContinuousClock.now - start)")
                #expect(results.count == count)
                for partition in 0..<3 {
                    let offsets = try stride(from: partition, to: count, by: 3).map {
                        try results[$0].get().offset ?? -1
                    }
                    #expect(offsets == (0..<Int64(offsets.count)).map { $0 })
                }
            }
        }
    }
}
