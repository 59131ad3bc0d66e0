import AsyncKafka
import RdKafka
import Testing

extension RealKafkaTests {
    @Suite(.timeLimit(.minutes(2)))
    struct WatchdogTests {
        static let limit = Duration.seconds(7)

        private func configuration(_ group: String) -> KafkaConsumerConfiguration {
            var configuration = RealKafka.consumer(group: group)
            configuration.group.sessionTimeout = .seconds(6)
            configuration.group.heartbeatInterval = .milliseconds(200)
            configuration.group.maxPollInterval = Self.limit
            configuration.revokeTimeout = .seconds(2)
            return configuration
        }

        /// Two members, of which one has the only partition. Its message takes longer than session and limit; so does that of a third
        /// member, in a group of its own, which pauses the partition first.
        @Test
        func aStuckMemberGivesWayAtItsLimitAndOneThatPausesStays() async throws {
            try await withTopic(partitions: 1) { topic in
                let partition = KafkaTopicPartition(topic: topic, partition: 0)
                let patient = configuration(RealKafka.uniqueName("patient"))
                let configuration = configuration(RealKafka.uniqueName("group"))
                let shared = Shared()
                try await withKafkaConsumer(patient, subscribingTo: [topic]) { [configuration] patient in
                    try await withThrowingTaskGroup(of: Void.self) { tasks in
                        for member in 0..<2 {
                            tasks.addTask { try await runMember(member, configuration, topic, shared) }
                        }
                        await shared.bothHaveJoined.wait()
                        try await fill(topic, count: 2, partition: 0)
                        var messages = patient.messages.makeAsyncIterator()
                        let message = try #require(try await messages.next())
                        try await patient.pause([partition])
                        await shared.otherHasRead.wait()
                        #expect(message.isCurrent, "it has worked as long as the one that was stuck")
                        try await patient.commit(message)
                        try await patient.resume([partition])
                        #expect(try await messages.next()?.offset == 1)
                        try await tasks.waitForAll()
                    }
                    var kinds: [KafkaConsumerEvent.Kind] = []
                    await patient.close()
                    // The broker may hear of the topic behind its first question about it.
                    for try await event in patient.events where event.kind != .missingTopic { kinds.append(event.kind) }
                    #expect(kinds == [.assigned, .revoked], "the close revokes it")
                }
                let record = shared.record.withLock { $0 }
                #expect(record.time >= Self.limit - .milliseconds(100))
                #expect(record.time < Self.limit + .seconds(20), "at its limit")
                #expect(record.offsets == [0, 0, 1])
            }
        }

        private final class Shared: Sendable {
            struct Record {
                var joined: Set<Int> = []
                var offsets: [Int64] = []
                var stuck: Int?
                var time = Duration.zero
            }

            let record = Locked(Record())
            let bothHaveJoined = Signal()
            /// The other member has the partition, and the message.
            let otherHasRead = Signal()
            let stuckHasComeBack = Signal()
        }

        private func runMember(
            _ member: Int,
            _ configuration: KafkaConsumerConfiguration,
            _ topic: String,
            _ shared: Shared
        ) async throws {
            try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                let timedOut = Signal()
                let joinedAgain = Signal()
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    tasks.addTask {
                        var isStuck = false
                        for try await event in consumer.events {
                            let haveJoined = shared.record.withLock { record in
                                if event.kind == .assigned { record.joined.insert(member) }
                                return record.joined.count == 2
                            }
                            if haveJoined { shared.bothHaveJoined.set() }
                            if event.kind == .processingTimedOut {
                                isStuck = true
                                #expect(event.partitions == [KafkaTopicPartition(topic: topic, partition: 0)])
                                timedOut.set()
                            }
                            if isStuck, event.kind == .assigned { joinedAgain.set() }
                        }
                    }
                    tasks.addTask {
                        await shared.stuckHasComeBack.wait()
                        await consumer.close()
                    }
                    for try await message in consumer.messages {
                        let isFirst = shared.record.withLock { record in
                            record.offsets.append(message.offset)
                            if record.stuck == nil { record.stuck = member }
                            return record.offsets.count == 1
                        }
                        if isFirst {
                            let delivered = ContinuousClock.now
                            await timedOut.wait()
                            shared.record.withLock { $0.time = ContinuousClock.now - delivered }
                            await shared.otherHasRead.wait()
                            #expect(await kafkaError { try await consumer.commit(message) }?.code == .staleMessage)
                            tasks.addTask {
                                // The loop asks for the next message: it is a member again.
                                await joinedAgain.wait()
                                shared.stuckHasComeBack.set()
                            }
                        } else {
                            shared.otherHasRead.set()
                        }
                    }
                    tasks.cancelAll()
                }
            }
        }
    }
}
