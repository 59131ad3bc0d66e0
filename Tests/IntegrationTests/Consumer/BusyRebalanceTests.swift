import AsyncKafka
import RdKafka
import Testing

extension RealKafkaTests {
    @Suite(.timeLimit(.minutes(2)))
    struct BusyRebalanceTests {
        static let partitions = 2
        static let records = 400

        @Test(.needsKafkaTools, arguments: [KafkaAssignmentStrategy.range, .cooperativeSticky])
        func aRebalanceWaitsForTheMessageInHandWhoseCommitSucceeds(_ strategy: KafkaAssignmentStrategy) async throws {
            try await withTopic(partitions: Self.partitions) { topic in
                for partition in 0..<Self.partitions {
                    try await fill(topic, count: Self.records / Self.partitions, partition: partition)
                }
                let group = RealKafka.uniqueName("group")
                var configuration = RealKafka.consumer(group: group, policy: .manual)
                configuration.group.assignmentStrategies = [strategy]
                configuration.group.heartbeatInterval = .milliseconds(100)
                let shared = Shared(count: Self.records)

                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { [configuration] first in
                    try await withThrowingTaskGroup(of: Void.self) { tasks in
                        tasks.addTask {
                            await shared.secondMayCome.wait()
                            try await runSecond(configuration, topic: topic, shared)
                        }
                        tasks.addTask {
                            await shared.isDone.wait()
                            await first.close()
                        }
                        try await runFirst(first, group: group, strategy, shared)
                        for try await _ in tasks {}
                    }
                }
                #expect(shared.secondHasPartitions.hasHappened)
                #expect(shared.processed.count == Self.records)
                #expect(shared.processed.allSatisfy { $0.value == 1 }, "nothing is processed twice")
            }
        }

        private func runFirst(
            _ consumer: KafkaConsumer,
            group: String,
            _ strategy: KafkaAssignmentStrategy,
            _ shared: Shared
        ) async throws {
            var isFirstMessage = true
            for try await message in consumer.messages {
                if isFirstMessage {
                    isFirstMessage = false
                    shared.secondMayCome.set()
                    try await rebalanceHasBegun(group, strategy)
                    // An eager rebalance takes all partitions, a cooperative one perhaps not that of this message.
                    if strategy == .range { #expect(!shared.secondHasPartitions.hasHappened) }
                    #expect(message.isCurrent)
                }
                try await consumer.commit(message)
                shared.process(message)
            }
        }

        /// Kafka's own tool says when; each look takes as long as the tool does, which is longer than a heartbeat.
        private func rebalanceHasBegun(_ group: String, _ strategy: KafkaAssignmentStrategy) async throws {
            while true {
                let state = try await RealKafka.groupState(group)
                // An eager group waits for its first member; a cooperative one has already told it what to give up. An eager
                // one that did not wait is stable too, and what the caller expects says that it should not be.
                if strategy == .range, state.first == "PreparingRebalance" { return }
                if state == ["Stable", "2"] { return }
            }
        }

        private func runSecond(
            _ configuration: KafkaConsumerConfiguration,
            topic: String,
            _ shared: Shared
        ) async throws {
            try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    tasks.addTask {
                        for try await event in consumer.events
                        where event.kind == .assigned && !event.partitions.isEmpty {
                            shared.secondHasPartitions.set()
                        }
                    }
                    tasks.addTask {
                        await shared.isDone.wait()
                        await consumer.close()
                    }
                    for try await message in consumer.messages {
                        try await consumer.commit(message)
                        shared.process(message)
                    }
                }
            }
        }

        private final class Shared: Sendable {
            let secondMayCome = Signal()
            let secondHasPartitions = Signal()
            let isDone = Signal()
            private let count: Int
            private let counts = Locked<[Position: Int]>([:])

            init(count: Int) {
                self.count = count
            }

            var processed: [Position: Int] { counts.withLock { $0 } }

            func process(_ message: KafkaMessage) {
                let isDone = counts.withLock { counts in
                    counts[Position(message), default: 0] += 1
                    return counts.count == count
                }
                if isDone { self.isDone.set() }
            }
        }
    }
}
