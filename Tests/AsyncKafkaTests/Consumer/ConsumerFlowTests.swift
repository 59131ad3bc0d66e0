import AsyncKafkaTesting
import Testing

@testable import AsyncKafka
@testable import RdKafka

/// Pause, batches and time limits of a consumer, over the mock cluster. One consumer for each test: joining takes it three seconds.
@Suite(.timeLimit(.minutes(2)))
struct ConsumerFlowTests {
    @Test
    func aPausedPartitionIsSilentAndGoesOnWhereItWas() async throws {
        try await withTopic(partitions: 2) { cluster, topic in
            for partition in 0..<2 { try await produce(5, to: topic, partition: partition, of: cluster) }
            let first = KafkaTopicPartition(topic: topic, partition: 0)
            let configuration = consumerConfiguration(of: cluster)
            try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                // Before it is assigned.
                try await consumer.pause([first])
                #expect(consumer.paused == [first])
                var messages = consumer.messages.makeAsyncIterator()
                for offset in Int64(0)..<5 {
                    let message = try await messages.next()
                    #expect(message?.partition == 1)
                    #expect(message?.offset == offset)
                }
                let nothing = try await messages.next(timeout: .zero)
                #expect(nothing == nil)
                let late = try await messages.next(timeout: .milliseconds(50))
                #expect(late == nil)
                #expect(!messages.hasEnded)

                try await consumer.resume([first])
                #expect(consumer.paused.isEmpty)
                let message = try await messages.next()
                #expect(message?.partition == 0)
                #expect(message?.offset == 0)
                // With some of it drained.
                try await consumer.pause([first])
                let still = try await messages.next(timeout: .milliseconds(50))
                #expect(still == nil)
                try await produce(3, to: topic, partition: 1, of: cluster)
                let other = try await messages.next()
                #expect(other?.topicPartition == KafkaTopicPartition(topic: topic, partition: 1))
                try await consumer.resume([first])
                var offsets: [Int: [Int64]] = [:]
                for _ in 0..<6 {
                    guard let message = try await messages.next() else { break }
                    offsets[message.partition, default: []].append(message.offset)
                }
                #expect(offsets == [0: [1, 2, 3, 4], 1: [6, 7]])

                await consumer.close()
                let ended = try await messages.next(timeout: .seconds(60))
                #expect(ended == nil)
                #expect(messages.hasEnded)
                await expectError(.clientClosed) { try await consumer.pause([first]) }
                await expectError(.clientClosed) { try await consumer.resume([first]) }
            }
        }
    }

    @Test
    func theNextBatchIsReadyBeforeItIsAskedFor() async throws {
        try await withTopic { cluster, topic in
            try await produce(1000, to: topic, partition: 0, of: cluster)
            let configuration = consumerConfiguration(of: cluster)
            try await withKafkaConsumer(configuration) { consumer in
                try await consumer.assign([KafkaTopicPartition(topic: topic, partition: 0): .beginning])
                let queue = try #require(consumer.core.handle.messages)
                while queue.count < 1000 { await Task.yield() }
                var messages = consumer.messages.makeAsyncIterator()
                let first = try await messages.next()
                #expect(first?.offset == 0)
                // The client's thread has taken a turn behind the loop's question, in which it drained.
                _ = await consumer.assignment
                let last = await consumer.core.lastDrained
                let ready = consumer.core.delivery.withLock { $0.backlog.count }
                #expect(ready >= last, "the last drain, of \(last) messages, is not the one that the loop reads")
                for offset in Int64(1)..<1000 {
                    let message = try await messages.next()
                    #expect(message?.offset == offset)
                }
            }
        }
    }

    @Test
    func resumeWakesALoopThatWaits() async throws {
        try await withTopic { cluster, topic in
            try await produce(300, to: topic, partition: 0, of: cluster)
            let partition = KafkaTopicPartition(topic: topic, partition: 0)
            var configuration = consumerConfiguration(of: cluster)
            configuration.offsetPolicy = .manual
            try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                var messages = consumer.messages.makeAsyncIterator()
                for offset in Int64(0)..<300 {
                    // The next one is drained already, or comes with the next fetch; either way the loop waits for the resume.
                    if offset > 0 {
                        try await consumer.pause([partition])
                        let resuming = Task { try await consumer.resume([partition]) }
                        let message = try await messages.next()
                        #expect(message?.offset == offset)
                        try await resuming.value
                    } else {
                        let message = try await messages.next()
                        #expect(message?.offset == offset)
                    }
                }
            }
        }
    }

    @Test
    func batchesWaitForTheirTimeOrForBeingFullAndLoseNothing() async throws {
        try await withTopic { cluster, topic in
            try await produce(25, to: topic, partition: 0, of: cluster)
            let configuration = consumerConfiguration(of: cluster)
            try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                var offsets: [Int64] = []
                // The time limit is never reached.
                for try await batch in consumer.batches(maxCount: 10, maxWait: .seconds(3600)) {
                    #expect(batch.count == 10)
                    offsets += batch.map(\.offset)
                    if offsets.count == 20 {
                        for message in batch { consumer.markProcessed(message) }
                        break
                    }
                }
                #expect(offsets == Array(0..<20))

                // Never full.
                for try await batch in consumer.batches(maxCount: 1000, maxWait: .milliseconds(100)) {
                    #expect(batch.map(\.offset) == Array(20..<25))
                    break
                }
                // What was not marked comes again, at once.
                do {
                    var iterator = consumer.batches(maxCount: 3).makeAsyncIterator()
                    let three = try await iterator.next()
                    #expect(three?.map(\.offset) == [20, 21, 22])
                    let rest = try await iterator.next()
                    #expect(rest?.map(\.offset) == [23, 24])
                    // Another loop meanwhile is one too many, and a batch has a message.
                    var messages = consumer.messages.makeAsyncIterator()
                    await expectError(.alreadyIterating) { try await messages.next() }
                    var none = consumer.batches(maxCount: 0).makeAsyncIterator()
                    await expectError(.invalidArgument) { try await none.next() }
                    _ = iterator
                }
                // One that waits to be full ends with its task, before and while it waits, and takes nothing along.
                for turns in 0..<50 {
                    let waiting = Task {
                        var count = 0
                        for try await batch in consumer.batches(maxCount: 1000, maxWait: .seconds(3600)) {
                            count += batch.count
                        }
                        return count
                    }
                    for _ in 0..<turns { await Task.yield() }
                    waiting.cancel()
                    #expect(try await waiting.value == 0)
                }
                var messages = consumer.messages.makeAsyncIterator()
                let first = try await messages.next()
                #expect(first?.offset == 23)
                let second = try await messages.next()
                #expect(second?.offset == 24)
            }
        }
    }
}
