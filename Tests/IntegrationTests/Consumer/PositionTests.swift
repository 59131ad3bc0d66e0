import AsyncKafka
import RdKafka
import Testing

extension RealKafkaTests {
    @Suite(.timeLimit(.minutes(2)))
    struct PositionTests {
        @Test(.needsKafkaTools)
        func watermarksAndOffsetsByTimeAreTheBrokers() async throws {
            try await withTopic(partitions: 2) { topic in
                try await RealKafka.fillBySeconds(topic, partition: 0, count: 100)
                let partition = KafkaTopicPartition(topic: topic, partition: 0)
                let empty = KafkaTopicPartition(topic: topic, partition: 1)
                try await RealKafka.deleteRecords(of: partition, before: 10)
                try await withKafkaConsumer(RealKafka.reader) { consumer in
                    let watermarks = try await consumer.watermarks(of: [partition, empty])
                    #expect(
                        watermarks == [
                            partition: KafkaWatermarks(low: 10, high: 100), empty: KafkaWatermarks(low: 0, high: 0),
                        ]
                    )
                    let time = RealKafka.timestamp(41_500)
                    #expect(try await consumer.offsets(for: time, in: [partition, empty]) == [partition: 42])
                    let late = RealKafka.timestamp(100_000)
                    #expect(try await consumer.offsets(for: late, in: [partition]).isEmpty)
                    // A loop passes what it is given, whatever librdkafka has fetched.
                    try await consumer.assign([partition: .beginning])
                    #expect(await consumer.position(of: partition) == 10)
                    #expect(try await consumer.nextMessage()?.offset == 10)
                    #expect(await consumer.position(of: partition) == 11)
                    #expect(await consumer.position(of: empty) == nil)
                    let missing = KafkaTopicPartition(topic: topic, partition: 7)
                    await #expect(throws: KafkaError.self) {
                        try await consumer.watermarks(of: missing, timeout: .seconds(2))
                    }
                }
            }
        }

        @Test(.needsKafkaTools)
        func aPositionThatTheLogDoesNotHaveIsAnErrorWithTheOffsets() async throws {
            try await withTopic(partitions: 2) { topic in
                for partition in 0..<2 { try await RealKafka.fillBySeconds(topic, partition: partition, count: 100) }
                let partition = KafkaTopicPartition(topic: topic, partition: 0)
                let other = KafkaTopicPartition(topic: topic, partition: 1)
                try await RealKafka.deleteRecords(of: partition, before: 10)
                for group in [nil, RealKafka.uniqueName("group")] {
                    var configuration = RealKafka.reader
                    configuration.groupID = group
                    configuration.autoOffsetReset = .error
                    try await withKafkaConsumer(configuration) { consumer in
                        try await consumer.assign([partition: .offset(5), other: .offset(98)])
                        var others: [Int64] = []
                        var errors: [KafkaError] = []
                        while others.count < 2 || errors.isEmpty {
                            do {
                                for try await message in consumer.messages {
                                    #expect(message.partition == 1)
                                    others.append(message.offset)
                                    if others.count == 2, !errors.isEmpty { break }
                                }
                            } catch let error as KafkaError {
                                errors.append(error)
                            }
                        }
                        #expect(others == [98, 99], "the other partition goes on")
                        let error = try #require(errors.first)
                        #expect(errors.count == 1)
                        #expect(error.code == .autoOffsetReset)
                        #expect(error.topicPartition == partition)
                        #expect(error.requestedOffset == 5)
                        #expect(error.watermarks == KafkaWatermarks(low: 10, high: 100))
                        // The same consumer goes on where it is told to.
                        for place in [KafkaOffsetSpecification.beginning, .offset(50), .offset(1000), .tail(1)] {
                            try await consumer.seek(partition, to: place)
                            let expected = [.beginning: 10, .offset(50): 50, .tail(1): 99][place] as Int64?
                            do {
                                #expect(try await consumer.nextMessage()?.offset == expected)
                            } catch let error as KafkaError {
                                #expect(expected == nil && error.requestedOffset == 1000)
                            }
                        }
                    }
                }
            }
        }

        @Test(.needsKafkaTools, arguments: [KafkaAutoOffsetReset.earliest, .latest])
        func aPositionThatTheLogDoesNotHaveIsReset(_ reset: KafkaAutoOffsetReset) async throws {
            try await withTopic(partitions: 1) { topic in
                try await RealKafka.fillBySeconds(topic, partition: 0, count: 100)
                let partition = KafkaTopicPartition(topic: topic, partition: 0)
                for group in [nil, RealKafka.uniqueName("group")] {
                    var configuration = RealKafka.reader
                    configuration.groupID = group
                    configuration.autoOffsetReset = reset
                    configuration.log = .none
                    try await withKafkaConsumer(configuration) { consumer in
                        if group == nil {
                            try await consumer.assign([partition: .offset(90)])
                        } else {
                            try await consumer.subscribe(to: [topic])
                            try await consumer.seek(partition, to: .offset(90))
                        }
                        #expect(try await consumer.nextMessage()?.offset == 90)
                        try await consumer.seek(partition, to: .offset(10_000))
                        let expected: Int64 = reset == .earliest ? 0 : 100
                        try await withKafkaProducer(RealKafka.producer) { producer in
                            // Latest: behind what is there when it is found out; records come until one of them is read.
                            try await withThrowingTaskGroup(of: Void.self) { tasks in
                                tasks.addTask {
                                    let message = try await consumer.nextMessage()
                                    let offset = try #require(message?.offset)
                                    #expect(reset == .earliest ? offset == expected : offset >= expected)
                                }
                                tasks.addTask {
                                    while reset == .latest, !Task.isCancelled {
                                        try await producer.send(KafkaRecord(topic: topic, partition: 0, value: "new"))
                                    }
                                }
                                try await tasks.next()
                                if reset == .earliest { try await tasks.next() }
                                tasks.cancelAll()
                                while let result = await tasks.nextResult() { _ = result }
                            }
                        }
                    }
                    // The next round begins with the same log.
                    if reset == .latest { break }
                }
            }
        }

        @Test(.needsKafkaTools)
        func assignmentsByHandNeedNoGroup() async throws {
            try await withTopic(partitions: 3) { topic in
                for partition in 0..<3 { try await RealKafka.fillBySeconds(topic, partition: partition, count: 10) }
                let partitions = (0..<3).map { KafkaTopicPartition(topic: topic, partition: $0) }
                try await withKafkaConsumer(RealKafka.reader) { consumer in
                    try await consumer.assign([partitions[0]: .offset(5)])
                    try await consumer.incrementalAssign([partitions[1]: .tail(2)])
                    #expect(await consumer.assignment == [partitions[0], partitions[1]])
                    var positions: Set<Position> = []
                    for try await message in consumer.messages {
                        positions.insert(Position(message))
                        if positions.count == 7 { break }
                    }
                    #expect(positions.map(\.partition).filter { $0 == 0 }.count == 5)

                    try await consumer.incrementalUnassign([partitions[0]])
                    try await consumer.seek(partitions[1], to: .offset(9))
                    #expect(try await consumer.nextMessage().map { Position($0) } == Position(partition: 1, offset: 9))

                    try await consumer.assign([partitions[2]: .offset(3)])
                    #expect(await consumer.assignment == [partitions[2]])
                    let message = try #require(try await consumer.nextMessage())
                    #expect(Position(message) == Position(partition: 2, offset: 3))

                    for call in 0..<4 {
                        do {
                            switch call {
                            case 0: try await consumer.subscribe(to: [topic])
                            case 1: try await consumer.commit(message)
                            case 2: _ = try await consumer.committed([partitions[0]])
                            default: try await consumer.assign([partitions[0]: .committed])
                            }
                            Issue.record("call \(call) is refused")
                        } catch let error as KafkaError {
                            #expect(error.code == .invalidState)
                            #expect(error.message.contains("groupID"))
                        }
                    }
                    try await consumer.unassign()
                    #expect(await consumer.assignment.isEmpty)
                    let report = await consumer.close()
                    #expect(report.uncommitted.isEmpty)
                    #expect(report.hasLeftGroup)
                }
                let groups = try await RealKafka.toolText("groups", ["--list"])
                #expect(!groups.contains("async-kafka-none"))
            }
        }

        @Test(.needsKafkaTools)
        func assignmentsByHandCanCommitForAGroup() async throws {
            try await withTopic(partitions: 1) { topic in
                try await RealKafka.fillBySeconds(topic, partition: 0, count: 10)
                let partition = KafkaTopicPartition(topic: topic, partition: 0)
                let configuration = RealKafka.consumer(group: RealKafka.uniqueName("group"))
                for begin in [Int64(0), 4] {
                    try await withKafkaConsumer(configuration) { consumer in
                        try await consumer.assign([partition: .committed])
                        var offsets: [Int64] = []
                        for try await message in consumer.messages {
                            offsets.append(message.offset)
                            if offsets.count == 5 { break }
                        }
                        #expect(offsets == Array(begin..<begin + 5))
                        try await consumer.unassign()
                        await #expect(throws: KafkaError.self) { try await consumer.assign([partition: .offset(-1)]) }
                        try await consumer.subscribe(to: [topic])
                        await #expect(throws: KafkaError.self) { try await consumer.assign([partition: .beginning]) }
                    }
                }
            }
        }
    }
}
