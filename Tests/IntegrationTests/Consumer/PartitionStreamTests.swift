import AsyncKafka
import RdKafka
import TestSupport
import Testing

extension RealKafkaTests {
    /// Streams of single partitions, of one consumer.
    @Suite(.timeLimit(.minutes(2)))
    struct PartitionStreamTests {
        private func partitions(_ topic: String, _ count: Int) -> [KafkaTopicPartition] {
            (0..<count).map { KafkaTopicPartition(topic: topic, partition: $0) }
        }

        private func assign(_ partitions: [KafkaTopicPartition], to consumer: KafkaConsumer) async throws {
            try await consumer.assign(Dictionary(uniqueKeysWithValues: partitions.map { ($0, .beginning) }))
        }

        /// The streams of so many partitions, by their numbers.
        private func streams(_ count: Int, of consumer: KafkaConsumer) async throws -> [Int: KafkaPartition] {
            var streams: [Int: KafkaPartition] = [:]
            for try await partition in consumer.partitions {
                streams[partition.partition] = partition
                if streams.count == count { break }
            }
            return streams
        }

        /// The first partition's body waits until all others are read to their ends, with room for few of their messages.
        @Test(.needsKafkaTools)
        func aSlowPartitionHoldsUpNoOther() async throws {
            let (count, records) = (4, 2000)
            try await withTopic(partitions: count) { topic in
                for partition in 0..<count { try await fill(topic, count: records, partition: partition) }
                var configuration = RealKafka.reader
                // A queue of them all would be full of those of the slow one.
                configuration.fetch.prefetchBytes = 8192
                configuration.fetch.prefetchRecords = 20
                try await withKafkaConsumer(configuration) { consumer in
                    try await assign(partitions(topic, count), to: consumer)
                    let othersAreRead = Signal()
                    let left = Locked(count - 1)
                    let offsets = Locked<[Int: [Int64]]>([:])
                    try await withThrowingDiscardingTaskGroup { group in
                        for try await partition in consumer.partitions {
                            group.addTask {
                                for try await message in partition {
                                    if partition.partition == 0 { await othersAreRead.wait() }
                                    offsets.withLock { $0[message.partition, default: []].append(message.offset) }
                                    guard message.offset == records - 1 else { continue }
                                    if partition.partition == 0 {
                                        await consumer.close()
                                    } else if left.withLock({ left in
                                        left -= 1
                                        return left == 0
                                    }) {
                                        othersAreRead.set()
                                    }
                                }
                            }
                        }
                    }
                    let all = (0..<count).map { ($0, Array(0..<Int64(records))) }
                    #expect(offsets.withLock { $0 } == Dictionary(uniqueKeysWithValues: all))
                }
            }
        }

        @Test(.needsKafkaTools)
        func aPartitionThatGoesEndsItsStreamAndOneThatComesBackHasAnother() async throws {
            try await withTopic(partitions: 2) { topic in
                for partition in 0..<2 { try await fill(topic, count: 10, partition: partition) }
                let names = partitions(topic, 2)
                try await withKafkaConsumer(RealKafka.reader) { consumer in
                    try await assign(names, to: consumer)
                    var loop = consumer.partitions.makeAsyncIterator()
                    let first = try #require(try await loop.next())
                    let second = try #require(try await loop.next())
                    #expect([first.topicPartition, second.topicPartition] == names)
                    var messages = first.makeAsyncIterator()
                    #expect(try await messages.next()?.offset == 0)
                    let error = await kafkaError { for try await _ in first {} }
                    #expect(error?.code == .alreadyIterating, "it is being read")
                    // One waits for more than there is when its partition goes.
                    let isRead = Signal()
                    let waiting = Task {
                        var offsets: [Int64] = []
                        for try await message in second {
                            offsets.append(message.offset)
                            if message.offset == 9 { isRead.set() }
                        }
                        return offsets
                    }
                    try await consumer.incrementalUnassign([names[0]])
                    #expect(try await messages.next() == nil)
                    #expect(try await messages.next() == nil)
                    try await consumer.incrementalAssign([names[0]: .offset(5)])
                    let again = try #require(try await loop.next())
                    #expect(again.topicPartition == names[0])
                    var more = again.makeAsyncIterator()
                    for offset in Int64(5)..<10 { #expect(try await more.next()?.offset == offset) }
                    await isRead.wait()
                    try await consumer.unassign()
                    #expect(try await waiting.value == Array(0..<10))
                    #expect(try await more.next() == nil)
                    await consumer.close()
                    #expect(try await loop.next() == nil)
                }
            }
        }

        @Test(.needsKafkaTools)
        func aStreamGoesOnBehindASeekWhichNothingOfTheOldPositionFollows() async throws {
            try await withTopic(partitions: 2) { topic in
                for partition in 0..<2 { try await fill(topic, count: 400, partition: partition) }
                let names = partitions(topic, 2)
                let seed = UInt64.random(in: 0...UInt64.max)
                print("seed \(seed)")
                var generator = SplitMix(state: seed)
                try await withKafkaConsumer(RealKafka.reader) { consumer in
                    try await assign(names, to: consumer)
                    let streams = try await streams(2, of: consumer)
                    var iterators = try names.map { try #require(streams[$0.partition]).makeAsyncIterator() }
                    var positions: [Int64] = [0, 0]
                    for _ in 0..<100 {
                        let index = Int.random(in: 0..<2, using: &generator)
                        if Bool.random(using: &generator) {
                            positions[index] = Int64.random(in: 0..<390, using: &generator)
                            try await consumer.seek(names[index], to: .offset(positions[index]))
                        }
                        // The other one is not touched by it.
                        for index in 0..<2 {
                            for _ in 0..<Int.random(in: 1..<4, using: &generator) where positions[index] < 400 {
                                let message = try #require(try await iterators[index].next())
                                #expect(message.partition == index)
                                #expect(message.offset == positions[index])
                                positions[index] = message.offset + 1
                            }
                        }
                    }
                }
            }
        }

        @Test(.needsKafkaTools)
        func aPausedPartitionsStreamWaitsAndTheOthersGoOn() async throws {
            try await withTopic(partitions: 2) { topic in
                for partition in 0..<2 { try await fill(topic, count: 500, partition: partition) }
                let names = partitions(topic, 2)
                try await withKafkaConsumer(RealKafka.reader) { consumer in
                    try await assign(names, to: consumer)
                    let isPaused = Locked(false)
                    let hasPaused = Signal()
                    let offsets = Locked<[Int: [Int64]]>([:])
                    try await withThrowingDiscardingTaskGroup { group in
                        let left = Locked(2)
                        for try await partition in consumer.partitions {
                            group.addTask {
                                for try await message in partition {
                                    offsets.withLock { $0[message.partition, default: []].append(message.offset) }
                                    switch (message.partition, message.offset) {
                                    case (0, 100):
                                        // From within the body; the other one resumes it when it is done.
                                        try await consumer.pause([names[0]])
                                        isPaused.withLock { $0 = true }
                                        hasPaused.set()
                                    case (0, _):
                                        #expect(!isPaused.withLock { $0 })
                                    case (_, 499):
                                        await hasPaused.wait()
                                        isPaused.withLock { $0 = false }
                                        try await consumer.resume([names[0]])
                                    default: break
                                    }
                                    guard message.offset == 499 else { continue }
                                    if left.withLock({ left in
                                        left -= 1
                                        return left == 0
                                    }) {
                                        await consumer.close()
                                    }
                                }
                            }
                        }
                    }
                    #expect(offsets.withLock { $0 } == [0: Array(0..<500), 1: Array(0..<500)])
                }
            }
        }

        /// Loops over messages, batches and partitions take turns, each left somewhere.
        @Test(.needsKafkaTools)
        func allKindsOfLoopsGoOnWhereTheOthersWereLeft() async throws {
            let count = 3
            try await withTopic(partitions: count) { topic in
                for partition in 0..<count { try await fill(topic, count: 3000, partition: partition) }
                let seed = UInt64.random(in: 0...UInt64.max)
                print("seed \(seed)")
                var generator = SplitMix(state: seed)
                try await withKafkaConsumer(RealKafka.reader) { consumer in
                    try await assign(partitions(topic, count), to: consumer)
                    var next = [Int64](repeating: 0, count: count)
                    func check(_ message: KafkaMessage) {
                        #expect(message.offset == next[message.partition], "seed \(seed), \(message)")
                        next[message.partition] = message.offset + 1
                    }
                    for _ in 0..<40 where next.contains(where: { $0 < 2000 }) {
                        var left = Int.random(in: 1..<300, using: &generator)
                        if Bool.random(using: &generator) {
                            for try await message in consumer.messages {
                                check(message)
                                left -= 1
                                if left == 0 || next[message.partition] == 3000 { break }
                            }
                            continue
                        }
                        let streams = try await streams(count, of: consumer)
                        #expect(await kafkaError { _ = try await consumer.nextMessage() }?.code == .alreadyIterating)
                        for partition in 0..<count where next[partition] < 3000 {
                            for try await message in try #require(streams[partition]) {
                                #expect(message.partition == partition)
                                check(message)
                                left -= 1
                                if left <= 0 || next[partition] == 3000 { break }
                            }
                        }
                    }
                    #expect(next.allSatisfy { $0 > 0 })
                    print("read to \(next)")
                }
            }
        }

        @Test(.needsKafkaTools)
        func afterProcessingEachStreamMarksWhatItIsDoneWith() async throws {
            try await withTopic(partitions: 2) { topic in
                for partition in 0..<2 { try await fill(topic, count: 10, partition: partition) }
                let names = partitions(topic, 2)
                let group = RealKafka.uniqueName("group")
                let configuration = RealKafka.consumer(group: group, policy: .afterProcessing(interval: .seconds(3600)))
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                    let streams = try await streams(2, of: consumer)
                    for (partition, stream) in streams {
                        for try await message in stream where message.offset == 3 + Int64(partition) { break }
                    }
                    try await consumer.commitMarked()
                    let committed = try await consumer.committed(names)
                    #expect(committed.mapValues(\.offset) == [names[0]: 3, names[1]: 4])
                    // What was in hand comes again, but for what was marked.
                    for (partition, stream) in streams {
                        var messages = stream.makeAsyncIterator()
                        let message = try #require(try await messages.next())
                        #expect(message.offset == 3 + Int64(partition))
                        if partition == 1 { consumer.markProcessed(message) }
                    }
                    for (partition, stream) in streams {
                        var messages = stream.makeAsyncIterator()
                        #expect(try await messages.next()?.offset == (partition == 0 ? 3 : 5))
                    }
                }
                #expect(try await read(group, names) == [names[0]: 3, names[1]: 5])
            }
        }

        private func read(
            _ group: String,
            _ partitions: [KafkaTopicPartition]
        ) async throws -> [KafkaTopicPartition: Int64] {
            try await withKafkaConsumer(RealKafka.consumer(group: group)) {
                try await $0.committed(partitions).mapValues(\.offset)
            }
        }

        @Test(.needsKafkaTools)
        func onDeliveryMessagesAreCommittedBeforeStreamsAreGivenThem() async throws {
            let count = 3
            try await withTopic(partitions: count) { topic in
                for partition in 0..<count { try await fill(topic, count: 100, partition: partition) }
                let names = partitions(topic, count)
                let group = RealKafka.uniqueName("group")
                let configuration = RealKafka.consumer(group: group, policy: .onDelivery(maxCount: 10))
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                    let left = Locked(count)
                    try await withThrowingDiscardingTaskGroup { tasks in
                        for try await partition in consumer.partitions {
                            tasks.addTask {
                                var next: Int64 = 0
                                var isLast = false
                                for try await message in partition {
                                    #expect(message.offset == next)
                                    next = message.offset + 1
                                    if next % 25 == 0 {
                                        let committed = try await consumer.committed([message.topicPartition])
                                        #expect(committed[message.topicPartition]?.offset ?? 0 >= next)
                                    }
                                    guard next == 55 else { continue }
                                    isLast = left.withLock { left in
                                        left -= 1
                                        return left == 0
                                    }
                                    break
                                }
                                if isLast { await consumer.close() }
                            }
                        }
                    }
                }
                // What no stream was given went back.
                let committed = try await read(group, names)
                #expect(committed == Dictionary(uniqueKeysWithValues: names.map { ($0, 55) }))
            }
        }

        @Test(.needsKafkaTools)
        func theEndOfAPartitionIsToldWhenItsStreamHasReachedIt() async throws {
            try await withTopic(partitions: 2) { topic in
                for partition in 0..<2 { try await fill(topic, count: 10, partition: partition) }
                var configuration = RealKafka.reader
                configuration.emitsPartitionEnd = true
                try await withKafkaConsumer(configuration) { consumer in
                    try await assign(partitions(topic, 2), to: consumer)
                    let streams = try await streams(2, of: consumer)
                    let stream = try #require(streams[1])
                    let reading = Task { for try await _ in stream {} }
                    for try await event in consumer.events where event.kind == .endOfPartition {
                        #expect(event.partitions == [KafkaTopicPartition(topic: topic, partition: 1)])
                        #expect(event.offset == 10)
                        break
                    }
                    reading.cancel()
                    try await reading.value
                }
            }
        }

        /// A reading task is cancelled at any moment, and takes nothing along.
        @Test(.needsKafkaTools)
        func aCancelledTaskLosesNothingOfItsStream() async throws {
            try await withTopic(partitions: 1) { topic in
                try await fill(topic, count: 1000, partition: 0)
                let configuration = RealKafka.reader
                try await withKafkaConsumer(configuration) { consumer in
                    try await assign(partitions(topic, 1), to: consumer)
                    let stream = try #require(try await streams(1, of: consumer)[0])
                    var offsets: [Int64] = []
                    for turns in 0..<200 {
                        let task = Task {
                            var offsets: [Int64] = []
                            for try await message in stream { offsets.append(message.offset) }
                            return offsets
                        }
                        for _ in 0..<turns { await Task.yield() }
                        task.cancel()
                        offsets += try await task.value
                    }
                    if offsets.count < 1000 {
                        for try await message in stream {
                            offsets.append(message.offset)
                            if offsets.count == 1000 { break }
                        }
                    }
                    #expect(offsets == Array(0..<1000))
                }
            }
        }
    }
}
