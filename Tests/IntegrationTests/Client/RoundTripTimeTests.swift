import AsyncKafka
import Testing

extension RealKafkaTests {
    @Suite(.timeLimit(.minutes(5)))
    struct RoundTripTimeTests {
        static let rounds = 20
        /// In each round.
        static let count = 100
        /// Of the fastest round: a machine that has other work for a time is not judged. The linger alone, 5 ms each, would take 500 ms
        /// in all of them; and so would any timer of a few milliseconds.
        static let limit = Duration.milliseconds(400)

        @Test
        func sequentialSendsAndCommitsCostARoundTripEach() async throws {
            try await withTopic(partitions: 1) { topic in
                let clock = ContinuousClock()
                let sending = try await withKafkaProducer(RealKafka.producer) { producer in
                    // Connecting is not what is measured.
                    try await producer.send(KafkaRecord(topic: topic, value: "first"))
                    var times: [Duration] = []
                    for _ in 0..<Self.rounds {
                        let time = try await clock.measure {
                            for number in 0..<Self.count {
                                try await producer.send(KafkaRecord(topic: topic, key: "\(number)", value: "paid"))
                            }
                        }
                        times.append(time)
                    }
                    return times.sorted()
                }
                let configuration = RealKafka.consumer(group: RealKafka.uniqueName("group"), policy: .manual)
                let committing = try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                    var start = clock.now
                    var times: [Duration] = []
                    var count = 0
                    for try await message in consumer.messages {
                        try await consumer.commit(message)
                        // The first one finds the coordinator.
                        if count > 0, count % Self.count == 0 { times.append(clock.now - start) }
                        if count % Self.count == 0 { start = clock.now }
                        count += 1
                        if times.count == Self.rounds { break }
                    }
                    return times.sorted()
                }
                for (what, times) in [("sends", sending), ("commits", committing)] {
                    let fastest = try #require(times.first)
                    print("\(Self.count) sequential \(what): \(fastest), usually \(times[times.count / 2])")
                    #expect(fastest < Self.limit)
                }
            }
        }
    }
}
