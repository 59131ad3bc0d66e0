import AsyncKafka
import RdKafka
import Testing

extension RealKafkaTests {
    @Suite(.timeLimit(.minutes(2)))
    struct RebalanceHookTests {
        /// Both have two partitions, and nothing to read but a few messages.
        private func configuration(_ group: String, _ strategy: KafkaAssignmentStrategy) -> KafkaConsumerConfiguration {
            var configuration = RealKafka.consumer(group: group, policy: .manual)
            configuration.group.assignmentStrategies = [strategy]
            configuration.group.heartbeatInterval = .milliseconds(100)
            configuration.group.sessionTimeout = .seconds(6)
            return configuration
        }

        @Test(arguments: [KafkaAssignmentStrategy.range, .cooperativeSticky])
        func aRebalanceWaitsForTheHookThatCommits(_ strategy: KafkaAssignmentStrategy) async throws {
            try await withTopic(partitions: 2) { topic in
                for partition in 0..<2 { try await fill(topic, count: 10, partition: partition) }
                let group = RealKafka.uniqueName("group")
                let configuration = configuration(group, strategy)
                let read = Locked<[Int: KafkaMessage]>([:])
                let secondMayCome = Signal()
                let secondHasRead = Signal()
                let hookRuns = Signal()
                let hookMayReturn = Signal()
                let record = Locked<[String]>([])

                var first = configuration
                first.rebalanceHooks.onRevoked = { consumer, partitions in
                    // The close calls it for what is left.
                    guard !hookRuns.hasHappened else { return }
                    hookRuns.set()
                    await hookMayReturn.wait()
                    for partition in partitions {
                        guard let message = read.withLock({ $0[partition.partition] }) else { continue }
                        try await consumer.commit(message)
                    }
                    record.withLock { $0.append("committed \(partitions.count)") }
                }
                var second = configuration
                second.rebalanceHooks.onAssigned = { _, partitions in
                    record.withLock { $0.append("assigned \(partitions.count)") }
                }
                try await withThrowingTaskGroup(of: Void.self) { [first, second] tasks in
                    tasks.addTask {
                        try await withKafkaConsumer(first, subscribingTo: [topic]) { consumer in
                            var count = 0
                            for try await message in consumer.messages {
                                if message.offset < 7 { read.withLock { $0[message.partition] = message } }
                                count += 1
                                if count == 20 { break }
                            }
                            secondMayCome.set()
                            await secondHasRead.wait()
                        }
                    }
                    await secondMayCome.wait()
                    try await withKafkaConsumer(second, subscribingTo: [topic]) { consumer in
                        tasks.addTask {
                            await hookRuns.wait()
                            #expect(record.withLock { $0 } == [], "the second one waits")
                            hookMayReturn.set()
                        }
                        let message = try await consumer.messages.first { _ in true }
                        secondHasRead.set()
                        #expect(message?.offset == 7, "the next owner begins where the hook has committed")
                    }
                    try await tasks.waitForAll()
                }
                let order = record.withLock { $0 }
                // An eager rebalance takes everything, a cooperative one what moves.
                #expect(order.prefix(2) == [strategy == .range ? "committed 2" : "committed 1", "assigned 1"])
            }
        }

        /// Against what the group has committed.
        @Test(arguments: [KafkaAssignmentStrategy.range, .cooperativeSticky])
        func aHookSaysWhereToBegin(_ strategy: KafkaAssignmentStrategy) async throws {
            try await withTopic(partitions: 3) { topic in
                for partition in 0..<3 { try await fill(topic, count: 10, partition: partition) }
                var configuration = configuration(RealKafka.uniqueName("group"), strategy)
                let partitions = (0..<3).map { KafkaTopicPartition(topic: topic, partition: $0) }
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                    _ = try await consumer.messages.first { _ in true }
                    let places = partitions.map { ($0, KafkaOffsetAndMetadata(offset: 5)) }
                    try await consumer.commit(Dictionary(uniqueKeysWithValues: places))
                }
                configuration.rebalanceHooks.onAssigned = { consumer, assigned in
                    #expect(assigned == partitions)
                    try await consumer.seek(partitions[0], to: .offset(3))
                    try await consumer.seek(partitions[1], to: .tail(1))
                }
                // The second time each partition has been read to its end, which the hook does not know of.
                for _ in 0..<2 {
                    try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                        var offsets: [Int: [Int64]] = [:]
                        for try await message in consumer.messages {
                            offsets[message.partition, default: []].append(message.offset)
                            if offsets.values.joined().count == 13 { break }
                        }
                        #expect(offsets == [0: Array(3..<10), 1: [9], 2: Array(5..<10)])
                    }
                }
            }
        }

        @Test
        func aHookThatDoesNotReturnHoldsNobodyLongerThanItsLimit() async throws {
            try await withTopic(partitions: 2) { topic in
                try await fill(topic, count: 1)
                let configuration = configuration(RealKafka.uniqueName("group"), .range)
                var first = configuration
                first.revokeTimeout = .milliseconds(500)
                let firstHasPartitions = Signal()
                let isOver = Signal()
                first.rebalanceHooks.onRevoked = { _, _ in await Task.detached { await isOver.wait() }.value }
                try await withKafkaConsumer(first, subscribingTo: [topic]) { [configuration] consumer in
                    try await withThrowingTaskGroup(of: Void.self) { tasks in
                        tasks.addTask {
                            await firstHasPartitions.wait()
                            try await withKafkaConsumer(configuration, subscribingTo: [topic]) { second in
                                for try await event in second.events where !event.partitions.isEmpty { break }
                            }
                        }
                        var kinds: [KafkaConsumerEvent.Kind] = []
                        for try await event in consumer.events where event.kind != .missingTopic {
                            kinds.append(event.kind)
                            if event.kind == .assigned { firstHasPartitions.set() }
                            if event.kind == .error {
                                #expect(event.error?.code == .rebalanceHookFailed)
                                break
                            }
                        }
                        #expect(kinds == [.assigned, .revoked, .error])
                        try await tasks.waitForAll()
                    }
                    isOver.set()
                }
            }
        }

        @Test(.needsNodeFaults)
        func whatIsLostIsToldAndCannotBeCommitted() async throws {
            try await withTopic(partitions: 1) { topic in
                try await fill(topic, count: 1)
                var configuration = configuration(RealKafka.uniqueName("group"), .cooperativeSticky)
                let lost = Locked<[KafkaTopicPartition]>([])
                let message = Locked<KafkaMessage?>(nil)
                let isLost = Signal()
                configuration.rebalanceHooks.onRevoked = { _, _ in
                    if !isLost.hasHappened { Issue.record("it is lost, not revoked") }
                }
                configuration.rebalanceHooks.onLost = { consumer, partitions in
                    lost.withLock { $0 += partitions }
                    let message = try #require(message.withLock { $0 })
                    #expect(await consumer.assignment == [])
                    #expect(await kafkaError { try await consumer.commit(message) }?.code == .staleMessage)
                    isLost.set()
                }
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                    let first = try #require(try await consumer.messages.first { _ in true })
                    message.withLock { $0 = first }
                    try await RealKafka.withPausedBroker { await isLost.wait() }
                    #expect(lost.withLock { $0 } == [first.topicPartition])
                    #expect(!first.isCurrent)
                    // It comes again.
                    #expect(try await consumer.messages.first { _ in true }?.offset == 0)
                }
            }
        }
    }
}
