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
}
