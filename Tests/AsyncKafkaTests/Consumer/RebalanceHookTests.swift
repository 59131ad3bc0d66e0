import AsyncKafkaTesting
import RdKafka
import Testing

@testable import AsyncKafka

@Suite(.timeLimit(.minutes(1)))
struct RebalanceHookTests {
    @Test
    func hooksSurroundTheMessagesOfAPartition() async throws {
        try await withTopic(partitions: 2) { cluster, topic in
            for partition in 0..<2 { try await produce(3, to: topic, partition: partition, of: cluster) }
            let record = Locked<[String]>([])
            var configuration = consumerConfiguration(of: cluster)
            configuration.offsetPolicy = .manual
            configuration.rebalanceHooks.onAssigned = { consumer, partitions in
                let assignment = await consumer.assignment
                record.withLock { $0.append("assigned \(partitions) of \(assignment)") }
            }
            let last = Locked<[Int: KafkaMessage]>([:])
            configuration.rebalanceHooks.onRevoked = { consumer, partitions in
                for message in last.withLock({ $0.values.sorted { $0.partition < $1.partition } }) {
                    try await consumer.commit(message)
                    record.withLock { $0.append("committed \(message.topicPartition)@\(message.offset)") }
                }
                record.withLock { $0.append("revoked \(partitions)") }
            }
            try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                var count = 0
                for try await message in consumer.messages {
                    if count == 0 { record.withLock { $0.append("first message") } }
                    last.withLock { $0[message.partition] = message }
                    count += 1
                    if count == 6 { break }
                }
            }
            #expect(
                record.withLock { $0 } == [
                    "assigned [orders[0], orders[1]] of [orders[0], orders[1]]",
                    "first message",
                    "committed orders[0]@2", "committed orders[1]@2",
                    "revoked [orders[0], orders[1]]",
                ]
            )
            #expect("\(configuration)".contains("rebalanceHooks: [onAssigned, onRevoked]"))
        }
    }

    @Test
    func aHookSaysWhereToBegin() async throws {
        try await withTopic(partitions: 2) { cluster, topic in
            for partition in 0..<2 { try await produce(5, to: topic, partition: partition, of: cluster) }
            var configuration = consumerConfiguration(of: cluster)
            configuration.rebalanceHooks.onAssigned = { consumer, partitions in
                try await consumer.seek(KafkaTopicPartition(topic: topic, partition: 0), to: .offset(3))
            }
            try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                var offsets: [Int: [Int64]] = [:]
                for try await message in consumer.messages {
                    offsets[message.partition, default: []].append(message.offset)
                    if offsets.values.joined().count == 7 { break }
                }
                #expect(offsets == [0: [3, 4], 1: [0, 1, 2, 3, 4]])
            }
        }
    }

    @Test
    func anAssignmentWhoseHookThrowsIsNotRead() async throws {
        struct Unprepared: Error {}
        try await withTopic { cluster, topic in
            try await produce(1, to: topic, of: cluster)
            var configuration = consumerConfiguration(of: cluster)
            configuration.rebalanceHooks.onAssigned = { _, _ in throw Unprepared() }
            try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                await expectError(.rebalanceHookFailed) { try await consumer.messages.first { _ in true } }
                let event = try await consumer.events.first { $0.kind == .error }
                #expect(event?.error?.underlyingError is Unprepared)
            }
        }
    }

    @Test
    func aHookThatIsLateIsCancelled() async throws {
        try await withTopic { cluster, topic in
            try await produce(1, to: topic, of: cluster)
            var configuration = consumerConfiguration(of: cluster)
            configuration.revokeTimeout = .milliseconds(100)
            let wasCancelled = Locked(false)
            configuration.rebalanceHooks.onAssigned = { _, _ in
                let (stream, _) = AsyncStream<Never>.makeStream()
                for await _ in stream {}
                wasCancelled.withLock { $0 = Task.isCancelled }
                throw CancellationError()
            }
            try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                await expectError(.rebalanceHookFailed) { try await consumer.messages.first { _ in true } }
                let events = try await [consumer.events.first { _ in true }, consumer.events.first { _ in true }]
                // Where to begin is looked up before it is assigned.
                #expect(Set(events.compactMap { $0?.kind }) == [.assigned, .error])
                #expect(events.contains { $0?.error?.message.contains("`revokeTimeout`") == true })
            }
            #expect(wasCancelled.withLock { $0 })
        }
    }

    /// It holds nothing up, but for the close that waits for it.
    @Test
    func closeWaitsForAHookUntilItsDeadline() async throws {
        try await withTopic { cluster, topic in
            let consumer: KafkaConsumer
            let isOver = AsyncStream<Never>.makeStream()
            var configuration = consumerConfiguration(of: cluster)
            configuration.rebalanceHooks.onRevoked = { _, _ in
                // Cancellation does not end it.
                await Task.detached { for await _ in isOver.stream {} }.value
            }
            consumer = try KafkaConsumer(configuration)
            try await consumer.subscribe(to: [topic])
            for try await event in consumer.events where event.kind == .assigned { break }
            let start = ContinuousClock.now
            await consumer.close(timeout: .milliseconds(200))
            #expect(ContinuousClock.now - start >= .milliseconds(200))
            isOver.continuation.finish()
        }
    }

    @Test
    func aHookMayCloseTheConsumer() async throws {
        try await withTopic { cluster, topic in
            var configuration = consumerConfiguration(of: cluster)
            let report = Locked<KafkaConsumerCloseReport?>(nil)
            configuration.rebalanceHooks.onAssigned = { consumer, _ in
                let result = await consumer.close(timeout: .seconds(30))
                report.withLock { $0 = result }
            }
            let consumer = try KafkaConsumer(configuration)
            try await consumer.subscribe(to: [topic])
            for try await _ in consumer.messages { Issue.record("the topic is empty") }
            let result = await consumer.close()
            #expect(result.hasLeftGroup)
            #expect(result.uncommitted.isEmpty)
        }
    }
}
