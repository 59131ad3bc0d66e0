import AsyncKafka
import Foundation
import Testing

extension RealKafkaTests {
    /// What is wrong with a topic reaches the sender with a code of its own, as soon as it can be known.
    @Suite(.timeLimit(.minutes(2)), .needsKafkaTools)
    struct TopicErrorTests {
        /// Far more than any of these errors needs: the delivery timeout is not what ends the wait.
        static let deliveryTimeout = Duration.seconds(100)

        static var configuration: KafkaProducerConfiguration {
            var configuration = RealKafka.producer
            configuration.deliveryTimeout = deliveryTimeout
            configuration.log = .none
            return configuration
        }

        @Test
        func anUnknownTopicFailsAfterItsOwnTimeoutUntilItIsThere() async throws {
            let topic = RealKafka.uniqueName("later")
            var configuration = Self.configuration
            configuration.isTopicCreationAllowed = false
            configuration.unknownTopicTimeout = .seconds(2)
            try await withKafkaProducer(configuration) { producer in
                let record = KafkaRecord(topic: topic, key: "k", value: "v")
                let first = try await failure { try await producer.send(record) }
                #expect(first.error.code == .unknownTopic, "\(first.error)")
                #expect(first.error.message.contains("no topic \(topic)"))
                #expect(first.error.persistence == .notPersisted)
                print("unknown topic, time to appear 2 s: \(first.error.code) after \(first.duration)")
                #expect(first.duration >= .seconds(1) && first.duration < .seconds(20))

                let later = try await failure { try await producer.send(record) }
                print("the same again: \(later.error.code) after \(later.duration)")
                #expect(later.error.code == .unknownTopic, "\(later.error)")
                #expect(later.duration < .seconds(10))

                _ = try await RealKafka.tool("topics", ["--create", "--topic", topic, "--partitions", "3"])
                let delivery = try await sendUntilItIsKnown(record, producer)
                #expect(delivery.offset == 0)
            }
            _ = try await RealKafka.tool("topics", ["--delete", "--topic", topic])
        }

        /// librdkafka looks again once a second; until then it refuses at once.
        private func sendUntilItIsKnown(_ record: KafkaRecord, _ producer: KafkaProducer) async throws -> KafkaDelivery
        {
            while true {
                do throws(KafkaError) {
                    return try await producer.send(record)
                } catch {
                    guard error.code == .unknownTopic else { throw error }
                    try Task.checkCancellation()
                    await Task.yield()
                }
            }
        }

        @Test
        func aTopicIsMadeByItsFirstRecordIfBothSidesAllowIt() async throws {
            let topic = RealKafka.uniqueName("made")
            try await withKafkaProducer(Self.configuration) { producer in
                let start = ContinuousClock.now
                let delivery = try await producer.send(KafkaRecord(topic: topic, value: "v"))
                #expect(delivery.offset == 0)
                print("first record to a topic that the broker makes: \(ContinuousClock.now - start)")
            }
            _ = try await RealKafka.tool("topics", ["--delete", "--topic", topic])
        }

        @Test
        func aPartitionThatTheTopicLacksFailsAtOnce() async throws {
            try await withTopic(partitions: 3) { topic in
                try await withKafkaProducer(Self.configuration) { producer in
                    for _ in 0..<2 {
                        let failed = try await failure {
                            try await producer.send(KafkaRecord(topic: topic, partition: 99, value: "v"))
                        }
                        #expect(failed.error.code == .unknownPartition)
                        #expect(failed.error.message == "\(topic) has no partition 99")
                        #expect(failed.duration < .seconds(10))
                    }
                }
            }
        }

        @Test(arguments: [
            "a/b", "..", "ä", String(repeating: "a", count: 250), String(repeating: "a", count: 600), "",
        ])
        func aNameThatKafkaDoesNotAllowIsAnInvalidTopic(_ topic: String) async throws {
            try await withKafkaProducer(Self.configuration) { producer in
                for _ in 0..<2 {
                    let failed = try await failure { try await producer.send(KafkaRecord(topic: topic, value: "v")) }
                    #expect(failed.error.code == .invalidTopic, "\(failed.error)")
                    #expect(failed.error.persistence == .notPersisted)
                    #expect(failed.duration < .seconds(10))
                }
            }
        }

        // MARK: Size

        @Test
        func aRecordThatTheTopicDoesNotTakeIsTooLarge() async throws {
            try await withTopic(partitions: 1, configuration: ["max.message.bytes": "2000"]) { topic in
                try await withKafkaProducer(Self.configuration) { producer in
                    let failed = try await failure {
                        try await producer.send(KafkaRecord(topic: topic, value: Self.bytes(10_000)))
                    }
                    #expect(failed.error.code == .messageTooLarge)
                    #expect(failed.error.persistence == .notPersisted)
                    #expect(failed.duration < .seconds(20))
                    // The producer goes on, idempotent as it is.
                    let delivery = try await producer.send(KafkaRecord(topic: topic, value: "small"))
                    #expect(delivery.offset == 0)
                    let local = try await failure {
                        try await producer.send(KafkaRecord(topic: topic, value: Self.bytes(1_000_001)))
                    }
                    #expect(local.error.code == .messageTooLarge)
                    #expect(local.error.persistence == .notPersisted)
                }
            }
        }

        @Test
        func withoutGapsARefusedRecordEndsTheProducer() async throws {
            try await withTopic(partitions: 1, configuration: ["max.message.bytes": "2000"]) { topic in
                var configuration = Self.configuration
                configuration.isGapless = true
                let producer = try KafkaProducer(configuration)
                let failed = try await failure {
                    try await producer.send(KafkaRecord(topic: topic, value: Self.bytes(10_000)))
                }
                #expect([.messageTooLarge, .fatal].contains(failed.error.code))
                let next = try await failure { try await producer.send(KafkaRecord(topic: topic, value: "small")) }
                #expect(next.error.isFatal, "\(next.error)")
                #expect(next.error.message.contains("make a new one"))
                await producer.close()
            }
        }

        // MARK: Authorisation

        /// Who may not even see the topic hears of it with the topic's metadata, who may see it with the answer to the record.
        @Test(.needsSASL, arguments: ["Read", "Describe"])
        func whoMayNotWriteIsTold(_ allowed: String) async throws {
            try await withTopic(partitions: 1) { topic in
                let user = allowed == "Read" ? "User:bob" : "User:alice"
                let rule = KafkaACL(principal: user, allowed == "Read" ? .read : .describe, .topic(topic))
                try await RealKafka.enforce([rule])
                var configuration = SASL.configuration(user: "alice", password: "alice-secret")
                configuration.deliveryTimeout = Self.deliveryTimeout
                try await withKafkaProducer(configuration) { producer in
                    for _ in 0..<2 {
                        let failed = try await failure {
                            try await producer.send(KafkaRecord(topic: topic, value: "v"))
                        }
                        print("\(user) may \(allowed), alice sends: \(failed.error.code) after \(failed.duration)")
                        #expect(failed.error.code == .topicAuthorizationFailed, "\(failed.error)")
                        #expect(failed.error.persistence == .notPersisted)
                        #expect(failed.error.message.contains("may not write to \(topic)"))
                        #expect(failed.duration < .seconds(20))
                    }
                }
                try await RealKafka.lift([rule])
            }
        }

        // MARK: Support

        private func failure(
            _ send: () async throws -> KafkaDelivery
        ) async throws -> (error: KafkaError, duration: Duration) {
            let start = ContinuousClock.now
            let error = await #expect(throws: KafkaError.self) { try await send() }
            return (try #require(error), ContinuousClock.now - start)
        }

        private static func bytes(_ count: Int) -> KafkaBytes {
            KafkaBytes((0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        }
    }
}
