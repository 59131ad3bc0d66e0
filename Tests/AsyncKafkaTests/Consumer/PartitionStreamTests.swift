import AsyncKafkaTesting
import RdKafka
import Testing

@testable import AsyncKafka

/// Streams of single partitions, over the mock cluster.
@Suite(.timeLimit(.minutes(2)))
struct PartitionStreamTests {
    @Test
    func eachPartitionHasAStreamAndAFatalErrorIsThrownByAll() async throws {
        try await withTopic(partitions: 3) { cluster, topic in
            for partition in 0..<3 { try await produce(20, to: topic, partition: partition, of: cluster) }
            let consumer = try KafkaConsumer(consumerConfiguration(of: cluster))
            try await consumer.subscribe(to: [topic])
            let left = Locked(3)
            let failures = Locked<[Int: KafkaError]>([:])
            // Caught within the group, which would cancel the streams' tasks otherwise.
            let failure = await withTaskGroup(of: Void.self) { group -> KafkaError? in
                do throws(KafkaError) {
                    for try await partition in consumer.partitions {
                        group.addTask {
                            var offsets: [Int64] = []
                            do throws(KafkaError) {
                                for try await message in partition {
                                    offsets.append(message.offset)
                                    guard message.offset == 19 else { continue }
                                    // All of them wait, or are about to.
                                    if left.withLock({ left in
                                        left -= 1
                                        return left == 0
                                    }) {
                                        let code = KafkaError.Code.fencedInstanceID.rawValue
                                        consumer.core.handle.triggerFatalError(code: code, reason: "test")
                                    }
                                }
                            } catch {
                                failures.withLock { $0[partition.partition] = error }
                            }
                            #expect(offsets == Array(0..<20))
                        }
                    }
                    return nil
                } catch {
                    return error
                }
            }
            #expect(failure?.isFatal == true)
            #expect(failures.withLock { $0.count } == 3)
            #expect(failures.withLock { $0.allSatisfy { $0.value.isFatal } })
            await consumer.close()
        }
    }

    @Test
    func loopsExcludeEachOtherAndADroppedStreamIsGivenToTheNextLoop() async throws {
        try await withTopic(partitions: 2) { cluster, topic in
            for partition in 0..<2 { try await produce(5, to: topic, partition: partition, of: cluster) }
            var configuration = consumerConfiguration(of: cluster)
            configuration.offsetPolicy = .afterProcessing(interval: .seconds(3600))
            try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                var loop = consumer.partitions.makeAsyncIterator()
                var dropped = try await loop.next()
                let kept = try #require(try await loop.next())
                #expect(dropped?.partition == 0 && kept.partition == 1)
                var batches = consumer.batches().makeAsyncIterator()
                await expectError(.alreadyIterating) { try await batches.next() }
                await expectError(.alreadyIterating) { try await consumer.messages.first { _ in true } }
                var second = consumer.partitions.makeAsyncIterator()
                await expectError(.alreadyIterating) { try await second.next() }

                // It is left with a message in hand, and then let go.
                if let stream = dropped {
                    for try await message in stream where message.offset == 2 { break }
                }
                dropped = nil
                let waiting = Task { [loop] in
                    var loop = loop
                    return try await loop.next()?.topicPartition
                }
                waiting.cancel()
                #expect(try await waiting.value == nil)
                // The cancelled loop has ended, as far as the consumer is concerned.
                let again = try #require(try await second.next())
                #expect(again.partition == 0)
                var messages = again.makeAsyncIterator()
                #expect(try await messages.next()?.offset == 2, "it was not done with")
                var others = kept.makeAsyncIterator()
                #expect(try await others.next()?.offset == 0)
                let report = await consumer.close()
                #expect(report.uncommitted.isEmpty)
                #expect(try await messages.next() == nil)
                #expect(try await others.next() == nil)
                #expect(try await second.next() == nil)
            }
        }
    }

    @Test
    func twoBodiesThatCloseTheConsumerDoNotWaitForEachOther() async throws {
        try await withTopic(partitions: 2) { cluster, topic in
            for partition in 0..<2 { try await produce(1, to: topic, partition: partition, of: cluster) }
            let consumer = try KafkaConsumer(consumerConfiguration(of: cluster))
            try await consumer.subscribe(to: [topic])
            let ready = (0..<2).map { _ in AsyncStream.makeStream(of: Never.self) }
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for try await partition in consumer.partitions.prefix(2) {
                    tasks.addTask {
                        var messages = partition.makeAsyncIterator()
                        let message = try await messages.next()
                        #expect(message?.offset == 0)
                        ready[partition.partition].continuation.finish()
                        for await _ in ready[1 - partition.partition].stream {}
                        let report = await consumer.close(timeout: .seconds(60))
                        #expect(report.hasLeftGroup, "it had time left")
                        let next = try await messages.next()
                        #expect(next == nil)
                    }
                }
                try await tasks.waitForAll()
            }
        }
    }

    /// The thread gets to what a loop asked of it only when that is over.
    @Test
    func aStreamThatIsOverDoesNotTakeMessagesFromALoopOverAll() async throws {
        try await withTopic(partitions: 2) { cluster, topic in
            try await produce(2, to: topic, partition: 1, of: cluster)
            let names = (0..<2).map { KafkaTopicPartition(topic: topic, partition: $0) }
            try await withKafkaConsumer(consumerConfiguration(of: cluster)) { consumer in
                try await consumer.assign([names[0]: .beginning])
                let over = try #require(try await consumer.partitions.first { _ in true })
                try await consumer.assign([names[1]: .beginning])
                var messages = consumer.messages.makeAsyncIterator()
                #expect(try await messages.next()?.offset == 0)
                await consumer.core.fill(over.stream, reader: .max, seen: 0)
                #expect(await !consumer.core.isReadingApart)
                await consumer.core.fillPartitions(loop: .max, seen: 0)
                #expect(await !consumer.core.isReadingApart)
                #expect(try await messages.next()?.offset == 1)
            }
        }
    }

    // MARK: The watchdog

    /// Nobody joins the group, which would have to allow so short a limit.
    private func impatient(_ cluster: KafkaMockCluster) -> KafkaConsumerConfiguration {
        var configuration = consumerConfiguration(of: cluster)
        configuration.offsetPolicy = .manual
        configuration.group.sessionTimeout = .milliseconds(300)
        configuration.group.heartbeatInterval = .milliseconds(100)
        configuration.group.maxPollInterval = .milliseconds(300)
        configuration.revokeTimeout = .milliseconds(100)
        configuration.processingTimeoutAction = .report
        return configuration
    }

    /// As one batch, which one drain takes.
    private func produceTogether(_ count: Int, to topic: String, of cluster: KafkaMockCluster) async throws {
        var configuration = producerConfiguration(of: cluster)
        configuration.linger = .seconds(60)
        try await withKafkaProducer(configuration) { producer in
            for number in 0..<count { _ = try await producer.enqueue(KafkaRecord(topic: topic, value: "\(number)")) }
        }
    }

    private func expectTimeout(
        of partition: KafkaTopicPartition,
        _ events: inout KafkaConsumerEvents.Iterator
    ) async throws {
        let event = try await events.next()
        #expect(event?.kind == .processingTimedOut)
        #expect(event?.partitions == [partition])
    }

    /// It acts once for each delivery: a second time only if it has noticed the second one.
    @Test
    func theWatchdogCountsFromTheLastDeliveryWhicheverStreamHadIt() async throws {
        try await withTopic { cluster, topic in
            try await produceTogether(10, to: topic, of: cluster)
            let partition = KafkaTopicPartition(topic: topic, partition: 0)
            try await withKafkaConsumer(impatient(cluster)) { consumer in
                try await consumer.assign([partition: .beginning])
                var events = consumer.events.makeAsyncIterator()
                for offset in 0..<Int64(3) {
                    // The first stream brings what the others find ready.
                    let stream = try #require(try await consumer.partitions.first { _ in true })
                    for try await message in stream {
                        #expect(message.offset == offset)
                        break
                    }
                    try await expectTimeout(of: partition, &events)
                }
            }
        }
    }

    @Test
    func theWatchdogSeesWhatAStreamIsGivenThatHasNeverAskedTheThread() async throws {
        try await withTopic { cluster, topic in
            try await produceTogether(10, to: topic, of: cluster)
            let partition = KafkaTopicPartition(topic: topic, partition: 0)
            try await withKafkaConsumer(impatient(cluster)) { consumer in
                try await consumer.assign([partition: .beginning])
                // It leaves the others to the stream.
                #expect(try await consumer.messages.first { _ in true }?.offset == 0)
                var loop = consumer.partitions.makeAsyncIterator()
                let stream = try #require(try await loop.next())
                let waiting = Task { [loop] in
                    var loop = loop
                    return try await loop.next()?.topicPartition
                }
                var events = consumer.events.makeAsyncIterator()
                var messages = stream.makeAsyncIterator()
                for offset in 1..<Int64(4) {
                    #expect(try await messages.next()?.offset == offset)
                    try await expectTimeout(of: partition, &events)
                }
                waiting.cancel()
                #expect(try await waiting.value == nil)
            }
        }
    }

    @Test
    func aPartitionIsWatchedAsLongAsItIsAssigned() async throws {
        try await withTopic { cluster, topic in
            try await produce(2, to: topic, of: cluster)
            let partition = KafkaTopicPartition(topic: topic, partition: 0)
            func readOne(_ consumer: KafkaConsumer) async throws {
                let stream = try #require(try await consumer.partitions.first { _ in true })
                for try await _ in stream { break }
                #expect(await consumer.core.streamWatches.keys.contains(partition))
            }
            try await withKafkaConsumer(consumerConfiguration(of: cluster, group: "none")) { consumer in
                try await consumer.assign([partition: .beginning])
                try await readOne(consumer)
                try await consumer.unassign()
                #expect(await consumer.core.streamWatches.isEmpty)
            }
            try await withKafkaConsumer(consumerConfiguration(of: cluster), subscribingTo: [topic]) { consumer in
                try await readOne(consumer)
                try await consumer.unsubscribe()
                #expect(try await consumer.events.first { $0.kind == .revoked } != nil)
                #expect(await consumer.core.streamWatches.isEmpty)
            }
        }
    }
}

extension ConsumerCore {
    fileprivate var isReadingApart: Bool { handle.isSplit }
}
