import AsyncKafkaTesting
import RdKafka
import Testing

@testable import AsyncKafka

@Suite(.timeLimit(.minutes(2)))
struct OnDeliveryTests {
    private static let offsetCommit: Int16 = 8

    @Test
    func aCommitThatFailsIsThrownAndItsMessagesComeWithTheNextLoop() async throws {
        try await withFaultyCluster { cluster in
            try await cluster.fill(20)
            var configuration = cluster.consumerConfiguration
            configuration.offsetPolicy = .onDelivery(maxCount: 5)
            let partition = KafkaTopicPartition(topic: "orders", partition: 0)

            let consumer = try KafkaConsumer(configuration)
            try await consumer.subscribe(to: ["orders"])
            var offsets: [Int64] = []
            func read(until end: Int) async throws {
                for try await message in consumer.messages {
                    offsets.append(message.offset)
                    if offsets.count == end { break }
                }
            }
            /// A drain may find less than five messages.
            func expectCommittedAhead() async throws {
                let committed = try #require(try await consumer.committed([partition])[partition]).offset
                #expect((offsets.count...offsets.count + 4).contains(Int(committed)))
            }
            // The broker has the offset before the loop has the message.
            try await read(until: 3)
            try await expectCommittedAhead()
            // What passes is tried again, and nobody hears of it.
            await cluster.refuse(kind: Self.offsetCommit, with: .coordinatorLoadInProgress, count: 1)
            try await read(until: 7)
            #expect(offsets == Array(0..<7))
            try await expectCommittedAhead()
            // What does not is thrown, once what is committed has been delivered.
            await cluster.refuse(kind: Self.offsetCommit, with: .groupAuthorizationFailed, count: 2)
            for _ in 0..<2 {
                do {
                    try await read(until: 20)
                    Issue.record("its commit was refused")
                } catch let error as KafkaError {
                    #expect(error.code == .groupAuthorizationFailed)
                    #expect(error.topicPartition == partition)
                }
            }
            let committed = try await consumer.committed([partition])[partition]?.offset
            #expect(offsets == Array(0..<(committed ?? 0)))
            try await read(until: 12)
            #expect(offsets == Array(0..<12), "nothing is skipped, nothing repeated")

            // What no loop was given is committed back.
            let report = await consumer.close()
            #expect(report.uncommitted.isEmpty)
            try await withKafkaConsumer(configuration, subscribingTo: ["orders"]) { second in
                #expect(try await second.committed([partition])[partition]?.offset == 12)
                let next = try await second.messages.first { _ in true }
                #expect(next?.offset == 12)
                if let next {
                    #expect(second.markProcessed(next))
                    try await second.commit(next)
                }
            }
        }
    }

    /// The mock refuses requests as a whole: so only the first one, of one partition, is.
    @Test
    func aStreamWhoseCommitIsRefusedHoldsUpNoOtherAndIsTheOneThatTriesAgain() async throws {
        try await withFaultyCluster(partitions: 2) { cluster in
            await cluster.refuse(kind: Self.offsetCommit, with: .topicAuthorizationFailed, count: 1)
            let names = (0..<2).map { KafkaTopicPartition(topic: "orders", partition: $0) }
            try await cluster.fill(2, partitions: 2)
            var configuration = cluster.consumerConfiguration
            configuration.offsetPolicy = .onDelivery(maxCount: 5)
            try await withKafkaConsumer(configuration) { consumer in
                try await consumer.assign([names[0]: .beginning])
                var partitions = consumer.partitions.makeAsyncIterator()
                let refused = try #require(try await partitions.next())
                await expectError(.topicAuthorizationFailed) { try await refused.first { _ in true } }
                // The shared queue is looked at again.
                try await consumer.incrementalAssign([names[1]: .beginning])
                let other = try #require(try await partitions.next())
                #expect(try await other.first { _ in true }?.topicPartition == names[1])
                #expect(try await consumer.committed(names).mapValues(\.offset) == [names[1]: 1])
                #expect(try await refused.first { _ in true }?.offset == 0)
                #expect(try await consumer.committed(names).mapValues(\.offset) == [names[0]: 1, names[1]: 1])
            }
        }
    }

    @Test
    func aCloseThatCannotCommitBackSaysWhatIsSkipped() async throws {
        try await withTopic { cluster, topic in
            // As one batch, which a drain finds whole: of several it may find the first alone, and nothing would be skipped if that
            // ended with the message in hand.
            var producing = producerConfiguration(of: cluster)
            producing.linger = .seconds(60)
            try await withKafkaProducer(producing) { producer in
                for number in 0..<10 { _ = try await producer.enqueue(KafkaRecord(topic: topic, value: "\(number)")) }
            }
            var configuration = consumerConfiguration(of: cluster)
            configuration.offsetPolicy = .onDelivery
            let (facilities, told) = AsyncStream.makeStream(of: String.self)
            configuration.log = .handler(level: .error) { told.yield($0.facility) }
            let consumer = try KafkaConsumer(configuration)
            try await consumer.subscribe(to: [topic])
            for try await message in consumer.messages where message.offset == 3 { break }
            let partition = KafkaTopicPartition(topic: topic, partition: 0)
            #expect(try await consumer.committed([partition])[partition]?.offset == 10)
            await cluster.stop()
            let report = await consumer.close(timeout: .milliseconds(500))
            try #require(report.uncommitted == [partition: 4])
            // Log lines have a thread of their own.
            #expect(await facilities.first { $0 == "SKIPPED" } != nil)
        }
    }
}
