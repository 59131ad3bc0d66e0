import AsyncKafka
import RdKafka
import TestSupport
import Testing

extension RealKafkaTests {
    @Suite(.timeLimit(.minutes(2)))
    struct SeekTests {
        static let partitions = 3
        static let count: Int64 = 200

        enum Mode: String {
            case byHand, range, cooperative
            /// KIP-848.
            case consumer

            static let classic: [Mode] = [.byHand, .range, .cooperative]

            /// A thousand together.
            var seeks: Int { self == .byHand ? 400 : 300 }
        }

        private func configuration(_ mode: Mode, group: String = RealKafka.uniqueName("group"))
            -> KafkaConsumerConfiguration
        {
            var configuration = RealKafka.reader
            guard mode != .byHand else { return configuration }
            configuration.groupID = group
            switch mode {
            case .byHand, .range: break
            case .cooperative: configuration.group.assignmentStrategies = [.cooperativeSticky]
            case .consumer: configuration.additionalProperties["group.protocol"] = "consumer"
            }
            return configuration
        }

        private func withFilledTopic(_ body: (String) async throws -> Void) async throws {
            try await withTopic(partitions: Self.partitions) { topic in
                for partition in 0..<Self.partitions {
                    try await RealKafka.fillBySeconds(topic, partition: partition, count: Int(Self.count))
                }
                try await body(topic)
            }
        }

        private func start(_ consumer: KafkaConsumer, _ mode: Mode, _ topic: String) async throws {
            guard mode == .byHand else { return try await consumer.subscribe(to: [topic]) }
            let partitions = (0..<Self.partitions).map { KafkaTopicPartition(topic: topic, partition: $0) }
            try await consumer.assign(Dictionary(uniqueKeysWithValues: partitions.map { ($0, .beginning) }))
        }

        @Test(.needsKafkaTools, arguments: Mode.classic)
        func eachOfManySeeksIsFollowedByTheRecordAskedFor(_ mode: Mode) async throws {
            try await seekManyTimes(mode)
        }

        @Test(.needsKafkaTools, .needsConsumerProtocol)
        func eachOfManySeeksInAGroupOfTheConsumerProtocolIsFollowedByTheRecordAskedFor() async throws {
            try await seekManyTimes(.consumer)
        }

        private func seekManyTimes(_ mode: Mode) async throws {
            let seed = UInt64.random(in: 0...UInt64.max)
            print("seed \(seed)")
            try await withFilledTopic { topic in
                try await withKafkaProducer(RealKafka.producer) { producer in
                    try await withKafkaConsumer(configuration(mode)) { consumer in
                        try await start(consumer, mode, topic)
                        var storm = Storm(topic: topic, seed: seed)
                        var iterator = consumer.messages.makeAsyncIterator()
                        storm.check(try #require(try await iterator.next()))
                        for _ in 0..<mode.seeks {
                            let (partition, place, offset) = storm.nextSeek()
                            try await consumer.seek(partition, to: place)
                            #expect(await consumer.position(of: partition) == offset)
                            if offset == storm.ends[partition.partition] {
                                let record = KafkaRecord(topic: topic, partition: partition.partition, value: "new")
                                try await producer.send(record)
                                storm.ends[partition.partition] += 1
                            }
                            storm.positions[partition.partition] = offset
                            // Until the partition has its turn, and then some more.
                            var more = storm.more
                            while storm.positions[partition.partition] == offset || more > 0 {
                                if storm.positions[partition.partition] != offset { more -= 1 }
                                if storm.isAtEnd { break }
                                storm.check(try #require(try await iterator.next()))
                            }
                        }
                        #expect(storm.read > mode.seeks)
                        print("\(mode): \(mode.seeks) seeks, \(storm.read) messages")
                    }
                }
            }
        }

        /// Where each partition should go on.
        private struct Storm {
            let topic: String
            var generator: SplitMix
            var ends = Array(repeating: SeekTests.count, count: SeekTests.partitions)
            var positions = Array(repeating: Int64(0), count: SeekTests.partitions)
            var read = 0

            init(topic: String, seed: UInt64) {
                self.topic = topic
                generator = SplitMix(state: seed)
            }

            var isAtEnd: Bool { positions == ends }
            var more: Int { mutating get { Int.random(in: 0..<4, using: &generator) } }

            mutating func nextSeek() -> (KafkaTopicPartition, KafkaOffsetSpecification, Int64) {
                let partition = Int.random(in: 0..<SeekTests.partitions, using: &generator)
                let offset = Int64.random(in: 0..<SeekTests.count, using: &generator)
                let name = KafkaTopicPartition(topic: topic, partition: partition)
                return switch Int.random(in: 0..<20, using: &generator) {
                case 0: (name, .beginning, 0)
                case 1: (name, .end, ends[partition])
                case 2...5: (name, .tail(ends[partition] - offset), offset)
                case 6...9:
                    // The second before the record is too early for the one before it.
                    (name, .timestamp(RealKafka.timestamp(offset * 1000 - 999)), offset)
                default: (name, .offset(offset), offset)
                }
            }

            mutating func check(_ message: KafkaMessage) {
                read += 1
                if message.offset != positions[message.partition] {
                    Issue.record("\(message) instead of \(positions[message.partition])")
                }
                positions[message.partition] = message.offset + 1
            }
        }

        @Test(.needsKafkaTools, arguments: [Mode.range, .cooperative])
        func aSeekBeforeTheAssignmentIsAppliedWhenItComes(_ mode: Mode) async throws {
            try await seekBeforeTheAssignment(mode)
        }

        @Test(.needsKafkaTools, .needsConsumerProtocol)
        func aSeekBeforeTheAssignmentOfTheConsumerProtocolIsAppliedWhenItComes() async throws {
            try await seekBeforeTheAssignment(.consumer)
        }

        private func seekBeforeTheAssignment(_ mode: Mode) async throws {
            try await withFilledTopic { topic in
                try await withKafkaConsumer(configuration(mode)) { consumer in
                    let partitions = (0..<Self.partitions).map { KafkaTopicPartition(topic: topic, partition: $0) }
                    try await consumer.seek([
                        partitions[0]: .offset(17), partitions[1]: .tail(3),
                        partitions[2]: .timestamp(RealKafka.timestamp(40_000)),
                    ])
                    try await consumer.subscribe(to: [topic])
                    #expect(try await firstOffsets(consumer) == [17, Self.count - 3, 40])
                }
            }
        }

        /// The first offset of each partition.
        private func firstOffsets(_ consumer: KafkaConsumer) async throws -> [Int64] {
            var first: [Int: Int64] = [:]
            for try await message in consumer.messages {
                if first[message.partition] == nil { first[message.partition] = message.offset }
                if first.count == Self.partitions { break }
            }
            return first.sorted { $0.key < $1.key }.map(\.value)
        }

        @Test(.needsKafkaTools, arguments: [KafkaAutoOffsetReset.earliest, .latest], [Mode.range, .cooperative])
        func aSeekRightBehindTheAssignmentWins(_ reset: KafkaAutoOffsetReset, _ mode: Mode) async throws {
            try await seekBehindTheAssignment(reset, mode)
        }

        @Test(.needsKafkaTools, .needsConsumerProtocol, arguments: [KafkaAutoOffsetReset.earliest, .latest])
        func aSeekRightBehindTheAssignmentOfTheConsumerProtocolWins(_ reset: KafkaAutoOffsetReset) async throws {
            try await seekBehindTheAssignment(reset, .consumer)
        }

        private func seekBehindTheAssignment(_ reset: KafkaAutoOffsetReset, _ mode: Mode) async throws {
            try await withFilledTopic { topic in
                var configuration = configuration(mode)
                configuration.autoOffsetReset = reset
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                    for try await event in consumer.events where event.kind == .assigned { break }
                    try await consumer.seek(to: .offset(30))
                    var positions: [Int: Int64] = [:]
                    var count = 0
                    for try await message in consumer.messages {
                        #expect(message.offset == positions[message.partition, default: 30])
                        positions[message.partition] = message.offset + 1
                        count += 1
                        if count == Self.partitions * Int(Self.count - 30) { break }
                    }
                    #expect(positions == [0: Self.count, 1: Self.count, 2: Self.count])
                }
            }
        }

        @Test(.needsKafkaTools)
        func whatWasProcessedIsCommittedBeforeASeekAndMessagesFromBeforeAreStale() async throws {
            try await withTopic(partitions: 1) { topic in
                try await RealKafka.fillBySeconds(topic, partition: 0, count: 100)
                let group = RealKafka.uniqueName("group")
                var configuration = configuration(.range, group: group)
                configuration.offsetPolicy = .afterProcessing(interval: .seconds(3600))
                let partition = KafkaTopicPartition(topic: topic, partition: 0)
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                    var offsets: [Int64] = []
                    var old: KafkaMessage?
                    for try await message in consumer.messages {
                        offsets.append(message.offset)
                        if offsets.count == 10 {
                            old = message
                            try await consumer.seek(partition, to: .offset(50))
                            #expect(try await consumer.committed([partition])[partition]?.offset == 9)
                        }
                        if offsets.count == 12 { break }
                    }
                    #expect(offsets == Array(0..<10) + [50, 51])
                    let stale = try #require(old)
                    #expect(!stale.isCurrent)
                    await #expect(throws: KafkaError.self) { try await consumer.commit(stale) }
                    try await consumer.seek(partition, to: .committed)
                    #expect(try await consumer.nextMessage()?.offset == 51, "50 was processed")
                    // Backwards, and the commit goes back as well.
                    try await consumer.seek(partition, to: .beginning)
                    let first = try #require(try await consumer.nextMessage())
                    #expect(first.offset == 0)
                    try await consumer.commit(first)
                    #expect(try await consumer.committed([partition])[partition]?.offset == 1)
                }
            }
        }

        @Test(.needsKafkaTools)
        func seeksOfManyTasksLeaveOnePositionAndLoseNothingBehindIt() async throws {
            try await withFilledTopic { topic in
                try await withKafkaConsumer(configuration(.byHand)) { consumer in
                    try await start(consumer, .byHand, topic)
                    let partition = KafkaTopicPartition(topic: topic, partition: 0)
                    for _ in 0..<20 {
                        try await withThrowingTaskGroup(of: Void.self) { tasks in
                            for offset in Int64(0)..<10 {
                                tasks.addTask { try await consumer.seek(partition, to: .tail(offset + 1)) }
                            }
                            try await tasks.waitForAll()
                        }
                        let position = try #require(await consumer.position(of: partition))
                        #expect(Self.count - 10..<Self.count ~= position)
                        var next = position
                        for try await message in consumer.messages where message.partition == 0 {
                            #expect(message.offset == next)
                            next = message.offset + 1
                            if next == Self.count { break }
                        }
                    }
                }
            }
        }
    }
}
