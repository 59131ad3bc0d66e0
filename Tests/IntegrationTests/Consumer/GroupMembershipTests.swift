import AsyncKafka
import RdKafka
import TestSupport
import Testing

extension RealKafkaTests {
    @Suite(.timeLimit(.minutes(2)))
    struct GroupMembershipTests {
        private func configuration(_ group: String) -> KafkaConsumerConfiguration {
            var configuration = RealKafka.consumer(group: group)
            configuration.group.heartbeatInterval = .milliseconds(200)
            return configuration
        }

        /// Events, one kind after another.
        private struct Events {
            var iterator: KafkaConsumerEvents.Iterator

            init(_ consumer: KafkaConsumer) {
                iterator = consumer.events.makeAsyncIterator()
            }

            mutating func next(_ kind: KafkaConsumerEvent.Kind, count: Int) async throws -> [KafkaTopicPartition] {
                while let event = try await iterator.next() {
                    if event.kind == kind, event.partitions.count == count { return event.partitions }
                }
                return []
            }
        }

        @Test
        func aTopicThatMatchesThePatternLaterJoins() async throws {
            let name = RealKafka.uniqueName("pattern")
            try await makeTopic("\(name)-1")
            var configuration = configuration(RealKafka.uniqueName("group"))
            configuration.connection.metadataRefreshInterval = .milliseconds(200)
            try await withKafkaConsumer(configuration, subscribingTo: ["^\(name)-.*"]) { consumer in
                var events = Events(consumer)
                #expect(try await events.next(.assigned, count: 1).map(\.topic) == ["\(name)-1"])
                try await makeTopic("\(name)-2")
                #expect(try await events.next(.assigned, count: 2).map(\.topic) == ["\(name)-1", "\(name)-2"])
            }
        }

        private func makeTopic(_ name: String) async throws {
            try await TopicMaker.make(
                name,
                partitions: 1,
                replicationFactor: nil,
                configuration: [:],
                bootstrapServers: RealKafka.bootstrapServers.joined(separator: ",")
            )
        }

        @Test(arguments: [KafkaAssignmentStrategy.range, .roundRobin, .cooperativeSticky])
        func theSubscriptionChangesWhileItRuns(_ strategy: KafkaAssignmentStrategy) async throws {
            try await withTopic(partitions: 1) { one in
                try await withTopic(partitions: 2) { two in
                    try await fill(one, count: 1)
                    try await fill(two, count: 1)
                    var configuration = configuration(RealKafka.uniqueName("group"))
                    configuration.group.assignmentStrategies = [strategy]
                    try await withKafkaConsumer(configuration, subscribingTo: [one]) { consumer in
                        #expect(try await consumer.messages.first { _ in true }?.topic == one)
                        try await consumer.subscribe(to: [two])
                        #expect(try await consumer.messages.first { $0.topic == two } != nil)
                        #expect(await consumer.assignment.allSatisfy { $0.topic == two })
                        #expect(await consumer.assignment.count == 2)
                        let membership = try await consumer.groupMetadata
                        #expect(membership.memberID != nil)
                        #expect(membership.generation == nil || membership.generation.map { $0 > 0 } == true)
                        try await consumer.unsubscribe()
                        for try await event in consumer.events
                        where event.kind == .revoked && event.partitions.count == 2 { break }
                        #expect(await consumer.assignment == [])
                        try await consumer.subscribe(to: [two])
                        for try await event in consumer.events
                        where event.kind == .assigned && event.partitions.count == 2 { break }
                    }
                }
            }
        }

        /// The second member sees no rebalance while the first one is restarted.
        @Test
        func aStaticMemberIsRestartedWithoutARebalance() async throws {
            try await withTopic(partitions: 2) { topic in
                try await fill(topic, count: 1)
                let configuration = configuration(RealKafka.uniqueName("group"))
                var static1 = configuration
                static1.group.instanceID = "one"
                var static2 = configuration
                static2.group.instanceID = "two"
                let first = try KafkaConsumer(static1)
                try await first.subscribe(to: [topic])
                var firstEvents = Events(first)
                _ = try await firstEvents.next(.assigned, count: 2)
                try await withKafkaConsumer(static2, subscribingTo: [topic]) { second in
                    var secondEvents = Events(second)
                    let kept = try await secondEvents.next(.assigned, count: 1)
                    let owned = try await firstEvents.next(.assigned, count: 1)
                    let report = await first.close()
                    #expect(!report.hasLeftGroup, "its partitions wait for it")
                    let again = try KafkaConsumer(static1)
                    try await again.subscribe(to: [topic])
                    var events = Events(again)
                    #expect(try await events.next(.assigned, count: 1) == owned)
                    #expect(try await again.groupMetadata.instanceID == "one")
                    #expect(await second.assignment == kept)
                    await again.close()
                    await second.close()
                    var kinds: [KafkaConsumerEvent.Kind] = []
                    while let event = try await secondEvents.iterator.next() { kinds.append(event.kind) }
                    #expect(kinds == [.revoked], "that of its own close")
                }
            }
        }
    }

    @Suite(.timeLimit(.minutes(2)), .needsConsumerProtocol)
    struct ConsumerProtocolTests {
        private func configuration(_ group: String) -> KafkaConsumerConfiguration {
            var configuration = RealKafka.consumer(group: group)
            configuration.group.protocol = .consumer
            configuration.group.maxPollInterval = .seconds(6)
            configuration.revokeTimeout = .seconds(3)
            return configuration
        }

        @Test
        func twoMembersShareAndHandOverWhatIsCommitted() async throws {
            try await withTopic(partitions: 2) { topic in
                for partition in 0..<2 { try await fill(topic, count: 10, partition: partition) }
                let configuration = configuration(RealKafka.uniqueName("group"))
                let revoked = Locked<[KafkaTopicPartition]>([])
                var first = configuration
                let last = Locked<[Int: KafkaMessage]>([:])
                first.offsetPolicy = .manual
                first.rebalanceHooks.onRevoked = { consumer, partitions in
                    for partition in partitions {
                        guard let message = last.withLock({ $0[partition.partition] }) else { continue }
                        try await consumer.commit(message)
                    }
                    revoked.withLock { $0 += partitions }
                }
                try await withKafkaConsumer(first, subscribingTo: [topic]) { [configuration] consumer in
                    var count = 0
                    for try await message in consumer.messages {
                        if message.offset < 7 { last.withLock { $0[message.partition] = message } }
                        count += 1
                        if count == 20 { break }
                    }
                    let membership = try await consumer.groupMetadata
                    #expect(membership.memberID != nil)
                    #expect(membership.generation.map { $0 > 0 } == true)
                    try await withKafkaConsumer(configuration, subscribingTo: [topic]) { second in
                        let message = try #require(try await second.messages.first { _ in true })
                        #expect(message.offset == 7)
                        #expect(revoked.withLock { $0 } == [message.topicPartition])
                        #expect(await consumer.assignment.count == 1)
                    }
                }
            }
        }

        @Test
        func theWatchdogLeavesAndTheNextMessageJoinsAgain() async throws {
            try await withTopic(partitions: 1) { topic in
                try await fill(topic, count: 1)
                try await withKafkaConsumer(
                    configuration(RealKafka.uniqueName("group")),
                    subscribingTo: [topic]
                ) { consumer in
                    let message = try #require(try await consumer.messages.first { _ in true })
                    for try await event in consumer.events where event.kind == .revoked { break }
                    #expect(await kafkaError { try await consumer.commit(message) }?.code == .staleMessage)
                    #expect(try await consumer.messages.first { _ in true }?.offset == 0)
                }
            }
        }
    }
}
