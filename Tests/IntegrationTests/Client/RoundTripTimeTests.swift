import AsyncKafka
import Testing

extension RealKafkaTests {
    @Suite(.timeLimit(.minutes(1)))
    struct RoundTripTimeTests {
        static let count = 2000
        /// The linger alone, 5 ms each, would take 10 s; and so would any timer of a few milliseconds.
        static let limit = Duration.seconds(8)

        @Test
        func sequentialSendsAndCommitsCostARoundTripEach() async throws {
            try await withTopic(partitions: 1) { topic in
                let clock = ContinuousClock()
                let sending = try await withKafkaProducer(RealKafka.producer) { producer in
                    // Connecting is not what is measured.
                    try await producer.send(KafkaRecord(topic: topic, value: "first"))
                    return try await clock.measure {
                        for number in 1...Self.count {
                            try await producer.send(KafkaRecord(topic: topic, key: "\(number)", value: "paid"))
                        }
                    }
                }
                let configuration = RealKafka.consumer(group: RealKafka.uniqueName("group"), policy: .manual)
                let committing = try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                    var start = clock.now
                    var count = 0
                    for try await message in consumer.messages {
                        try await consumer.commit(message)
                        if count == 0 { start = clock.now }
                        count += 1
                        if count > Self.count { break }
                    }
                    return clock.now - start
                }
                print("\(Self.count) sequential sends: \(sending), commits: \(committing)")
                #expect(sending < Self.limit)
                #expect(committing < Self.limit)
            }
        }
    }
}
