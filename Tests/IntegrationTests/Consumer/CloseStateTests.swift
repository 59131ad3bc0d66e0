import AsyncKafka
import RdKafka
import Testing

extension RealKafkaTests {
    /// Close from wherever a consumer may be. That it has left shows the next member, which gets all partitions at once: a session
    /// lasts 45 seconds, and the group would wait for that.
    @Suite(.timeLimit(.minutes(2)))
    struct CloseStateTests {
        static let partitions = 2
        /// Of whatever a member that has not left would cost.
        static let patience = Duration.seconds(20)

        private func configuration(_ group: String) -> KafkaConsumerConfiguration {
            var configuration = RealKafka.consumer(group: group)
            configuration.group.heartbeatInterval = .milliseconds(200)
            configuration.revokeTimeout = .seconds(30)
            configuration.log = .none
            return configuration
        }

        private func expectAbsence(_ group: String, _ topic: String) async throws {
            let start = ContinuousClock.now
            try await withKafkaConsumer(configuration(group), subscribingTo: [topic]) { consumer in
                for try await event in consumer.events where event.partitions.count == Self.partitions { break }
            }
            #expect(ContinuousClock.now - start < Self.patience, "nobody is left in the group")
        }

        private func assigned(_ consumer: KafkaConsumer) async throws {
            for try await event in consumer.events where event.kind == .assigned { break }
        }

        @Test
        func beforeTheFirstAssignment() async throws {
            try await withTopic(partitions: Self.partitions) { topic in
                try await fill(topic, count: 1)
                let group = RealKafka.uniqueName("group")
                for strategy in [KafkaAssignmentStrategy.range, .cooperativeSticky] {
                    var configuration = configuration(group)
                    configuration.group.assignmentStrategies = [strategy]
                    let consumer = try KafkaConsumer(configuration)
                    try await consumer.subscribe(to: [topic])
                    let start = ContinuousClock.now
                    await consumer.close(timeout: .seconds(20))
                    #expect(ContinuousClock.now - start < .seconds(21))
                }
                try await expectAbsence(group, topic)
            }
        }

        /// The first one holds the rebalance with its message, which the second one waits for.
        @Test(arguments: [KafkaAssignmentStrategy.range, .cooperativeSticky])
        func withinARebalance(_ strategy: KafkaAssignmentStrategy) async throws {
            try await withTopic(partitions: Self.partitions) { topic in
                try await fill(topic, count: 1)
                let group = RealKafka.uniqueName("group")
                var configuration = configuration(group)
                configuration.group.assignmentStrategies = [strategy]
                let isRevoking = Signal()
                configuration.rebalanceHooks.onRevoked = { _, _ in isRevoking.set() }
                let first = try KafkaConsumer(configuration)
                try await first.subscribe(to: [topic])
                try await assigned(first)
                configuration.rebalanceHooks.onRevoked = nil
                let second = try KafkaConsumer(configuration)
                try await second.subscribe(to: [topic])
                await isRevoking.wait()
                async let ends = (first.close(timeout: .seconds(20)), second.close(timeout: .seconds(20)))
                let reports = await ends
                // The second one may not have become a member yet.
                #expect(reports.0.hasLeftGroup)
                try await expectAbsence(group, topic)
            }
        }

        @Test
        func withinAHookThatDoesNotReturn() async throws {
            try await withTopic(partitions: Self.partitions) { topic in
                try await fill(topic, count: 1)
                let group = RealKafka.uniqueName("group")
                let isOver = Signal()
                for isAssigning in [true, false] {
                    let hookRuns = Signal()
                    var configuration = configuration(group)
                    let hook: KafkaRebalanceHooks.Hook = { _, _ in
                        hookRuns.set()
                        await Task.detached { await isOver.wait() }.value
                    }
                    if isAssigning {
                        configuration.rebalanceHooks.onAssigned = hook
                    } else {
                        configuration.rebalanceHooks.onRevoked = hook
                    }
                    let consumer = try KafkaConsumer(configuration)
                    try await consumer.subscribe(to: [topic])
                    if isAssigning { await hookRuns.wait() } else { try await assigned(consumer) }
                    let start = ContinuousClock.now
                    await consumer.close(timeout: .seconds(5))
                    #expect(hookRuns.hasHappened)
                    #expect(ContinuousClock.now - start < .seconds(50), "its limit is five seconds")
                }
                try await expectAbsence(group, topic)
                isOver.set()
            }
        }

        @Test
        func withinTheLoopsBody() async throws {
            try await withTopic(partitions: Self.partitions) { topic in
                try await fill(topic, count: 1)
                let group = RealKafka.uniqueName("group")
                let consumer = try KafkaConsumer(configuration(group))
                try await consumer.subscribe(to: [topic])
                var count = 0
                for try await _ in consumer.messages {
                    count += 1
                    // Another task does not know that nobody waits for this message.
                    let report = await Task { await consumer.close(timeout: .seconds(1)) }.value
                    #expect(report.uncommitted.isEmpty)
                }
                #expect(count == 1)
                try await expectAbsence(group, topic)
            }
        }

        @Test(.needsNodeFaults)
        func withBrokersThatDoNotAnswer() async throws {
            try await withTopic(partitions: Self.partitions) { topic in
                try await fill(topic, count: 1)
                let group = RealKafka.uniqueName("group")
                let consumer = try KafkaConsumer(configuration(group))
                try await consumer.subscribe(to: [topic])
                try await assigned(consumer)
                try await RealKafka.withPausedBroker {
                    let start = ContinuousClock.now
                    let report = await consumer.close(timeout: .seconds(1))
                    #expect(!report.hasLeftGroup)
                    #expect(ContinuousClock.now - start < .seconds(20), "its limit is a second")
                }
                // What was sent is answered now: the thread has gone on by itself.
                try await expectAbsence(group, topic)
            }
        }

        @Test
        func withoutABroker() async throws {
            var configuration = KafkaConsumerConfiguration(bootstrapServers: ["127.0.0.1:1"], groupID: "group")
            configuration.log = .none
            let consumer = try KafkaConsumer(configuration)
            try await consumer.subscribe(to: ["orders"])
            let start = ContinuousClock.now
            let report = await consumer.close(timeout: .seconds(1))
            #expect(!report.hasLeftGroup)
            #expect(ContinuousClock.now - start < .seconds(20), "its limit is a second")
        }
    }
}
