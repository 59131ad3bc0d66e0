import AsyncKafka
import RdKafka
import Testing

extension RealKafkaTests {
    /// A task for each partition, in groups whose members come and go.
    @Suite(.timeLimit(.minutes(3)), .needsKafkaTools)
    struct PartitionGroupTests {
        static let partitions = 12

        struct Case: Sendable, CustomTestStringConvertible {
            let policy: KafkaOffsetPolicy
            let strategy: KafkaAssignmentStrategy

            static let recordsPerMember = 900
            static let recordsPerTurn = 40

            var testDescription: String { "\(policy), \(strategy)" }
        }

        @Test(
            arguments: [
                Case(policy: .afterProcessing, strategy: .range),
                Case(policy: .afterProcessing, strategy: .cooperativeSticky),
                Case(policy: .manual, strategy: .range),
                Case(policy: .manual, strategy: .cooperativeSticky),
            ]
        )
        func membersThatComeAndGoProcessEachRecordOnceAndInOrder(_ test: Case) async throws {
            try await withTopic(partitions: Self.partitions) { topic in
                let ends = try await fill(topic, count: 6000)
                var configuration = RealKafka.consumer(group: RealKafka.uniqueName("group"), policy: test.policy)
                configuration.group.assignmentStrategies = [test.strategy]
                configuration.group.heartbeatInterval = .milliseconds(20)
                let progress = GroupProgress(ends: ends, slots: 2, commitsByHand: false)
                let order = PartitionOrder()
                try await withThrowingTaskGroup(of: Void.self) { [configuration] slots in
                    for _ in 0..<2 {
                        slots.addTask {
                            while !progress.isComplete.hasHappened {
                                try Task.checkCancellation()
                                try await Member(test, progress, order).run(configuration, topic)
                            }
                        }
                    }
                    for try await _ in slots {}
                }
                let figures = progress.figures
                print(
                    """
                    \(test.testDescription): \(figures.members) members, \(figures.rebalances) assignments, \
                    \(order.streams) streams, \(figures.duplicates) duplicates, \(figures.lost) partitions lost
                    """
                )
                #expect(figures.unprocessed == 0)
                #expect(figures.members >= 4)
                #expect(order.atOnce == 0, "a partition has one task at a time")
                if test.strategy == .range { #expect(figures.lost == 0) }
                if figures.lost == 0 {
                    #expect(figures.duplicates == 0)
                    #expect(order.disorder == 0)
                }
            }
        }

        /// What the tasks of all members see of the partitions.
        private final class PartitionOrder: Sendable {
            private struct State {
                var next: [Int: Int64] = [:]
                var working: Set<Int> = []
                var disorder = 0
                var atOnce = 0
                var streams = 0
            }

            private let state = Locked(State())

            var disorder: Int { state.withLock { $0.disorder } }
            var atOnce: Int { state.withLock { $0.atOnce } }
            var streams: Int { state.withLock { $0.streams } }

            func noteStream() {
                state.withLock { $0.streams += 1 }
            }

            func begin(_ message: KafkaMessage) {
                state.withLock { state in
                    if !state.working.insert(message.partition).inserted { state.atOnce += 1 }
                    if message.offset != state.next[message.partition, default: 0] { state.disorder += 1 }
                    state.next[message.partition] = message.offset + 1
                }
            }

            func end(_ message: KafkaMessage) {
                state.withLock { _ = $0.working.remove(message.partition) }
            }
        }

        /// One member's life: from joining until it has read its share, or until everything is done.
        private struct Member {
            let test: Case
            let progress: GroupProgress
            let order: PartitionOrder
            let hasReadItsShare = Signal()
            let left = Locked(Case.recordsPerMember)

            init(_ test: Case, _ progress: GroupProgress, _ order: PartitionOrder) {
                self.test = test
                self.progress = progress
                self.order = order
            }

            func run(_ configuration: KafkaConsumerConfiguration, _ topic: String) async throws {
                let number = progress.addMember()
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                    try await withThrowingTaskGroup(of: Void.self) { tasks in
                        tasks.addTask {
                            for try await event in consumer.events { progress.note(event, member: number) }
                        }
                        tasks.addTask {
                            await progress.isComplete.wait()
                            if !Task.isCancelled { await consumer.close() }
                        }
                        tasks.addTask {
                            await hasReadItsShare.wait()
                            if !Task.isCancelled { await consumer.close() }
                        }
                        try await withThrowingDiscardingTaskGroup { streams in
                            for try await partition in consumer.partitions {
                                order.noteStream()
                                streams.addTask { try await read(partition, consumer) }
                            }
                        }
                        progress.removeMember(number)
                        tasks.cancelAll()
                    }
                }
            }

            private func read(_ partition: KafkaPartition, _ consumer: KafkaConsumer) async throws {
                while true {
                    // Without a message in hand, or it would hold up the rebalance that it waits for.
                    await waitUntilSharedOrOver()
                    guard try await readOneTurn(partition, consumer) else { return }
                }
            }

            /// Returns false if the assignment was lost: whoever has the partition now processes the message.
            private func commit(_ message: KafkaMessage, _ consumer: KafkaConsumer) async throws(KafkaError) -> Bool {
                do throws(KafkaError) {
                    try await consumer.commit(message)
                    return true
                } catch {
                    guard error.code == .staleMessage else { throw error }
                    return false
                }
            }

            /// The member that takes this one's place comes when this one is gone: that is not to be waited for.
            private func waitUntilSharedOrOver() async {
                await withTaskGroup(of: Void.self) { waits in
                    waits.addTask { await progress.waitUntilShared() }
                    waits.addTask { await hasReadItsShare.wait() }
                    await waits.next()
                    waits.cancelAll()
                }
            }

            /// Leaves and enters the loop, as applications do. Returns false when the stream has ended.
            private func readOneTurn(_ partition: KafkaPartition, _ consumer: KafkaConsumer) async throws -> Bool {
                var count = 0
                for try await message in partition {
                    order.begin(message)
                    count += 1
                    await Task.yield()
                    if test.policy == .manual {
                        guard try await commit(message, consumer) else {
                            order.end(message)
                            continue
                        }
                    }
                    order.end(message)
                    progress.processed(message)
                    let isLast = left.withLock { left in
                        left -= 1
                        return left == 0
                    }
                    if isLast { hasReadItsShare.set() }
                    guard count == Case.recordsPerTurn else { continue }
                    // It would come again otherwise.
                    if test.policy != .manual { consumer.markProcessed(message) }
                    return true
                }
                return false
            }
        }

        /// The body of one partition does not end while a second member joins: the revoke waits for it until its deadline, and no longer.
        @Test(arguments: [KafkaAssignmentStrategy.range, .cooperativeSticky])
        func aSlowPartitionHoldsUpARebalanceUntilItsDeadlineAndItsStreamEnds(
            _ strategy: KafkaAssignmentStrategy
        ) async throws {
            let count = 4
            try await withTopic(partitions: count) { topic in
                for partition in 0..<count { try await fill(topic, count: 50, partition: partition) }
                var configuration = RealKafka.consumer(group: RealKafka.uniqueName("group"))
                configuration.group.assignmentStrategies = [strategy]
                configuration.group.heartbeatInterval = .milliseconds(50)
                configuration.revokeTimeout = .seconds(2)
                let bodiesAreBusy = Signal()
                let otherHasPartitions = Signal()
                let busy = Locked(0)
                let ended = Locked<[Int: [Int64]]>([:])
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { [configuration] consumer in
                    try await withThrowingTaskGroup(of: Void.self) { tasks in
                        tasks.addTask {
                            await bodiesAreBusy.wait()
                            try await withKafkaConsumer(configuration, subscribingTo: [topic]) { other in
                                for try await event in other.events
                                where event.kind == .assigned && !event.partitions.isEmpty { break }
                                otherHasPartitions.set()
                                await consumer.close()
                            }
                        }
                        try await withThrowingDiscardingTaskGroup { streams in
                            for try await partition in consumer.partitions {
                                streams.addTask {
                                    var offsets: [Int64] = []
                                    for try await message in partition {
                                        offsets.append(message.offset)
                                        guard message.offset == 0 else { continue }
                                        if busy.withLock({ busy in
                                            busy += 1
                                            return busy == count
                                        }) {
                                            bodiesAreBusy.set()
                                        }
                                        await otherHasPartitions.wait()
                                        if !message.isCurrent {
                                            #expect(!consumer.markProcessed(message))
                                        }
                                    }
                                    ended.withLock { $0[partition.partition] = offsets }
                                }
                            }
                        }
                        try await tasks.waitForAll()
                    }
                }
                #expect(ended.withLock { $0.count } == count, "all streams have ended by themselves")
                #expect(ended.withLock { $0.values.contains([0]) }, "one was revoked within its body")
            }
        }

        /// One of the streams is stuck: the member gives way, and has all of its partitions anew when the body ends.
        @Test
        func theWatchdogNoticesTheStreamThatIsStuck() async throws {
            let count = 3
            try await withTopic(partitions: count) { topic in
                for partition in 0..<count { try await fill(topic, count: 1, partition: partition) }
                var configuration = RealKafka.consumer(group: RealKafka.uniqueName("group"))
                configuration.group.sessionTimeout = .seconds(6)
                configuration.group.heartbeatInterval = .milliseconds(200)
                configuration.group.maxPollInterval = .seconds(6)
                configuration.revokeTimeout = .seconds(2)
                let stuck = KafkaTopicPartition(topic: topic, partition: 1)
                let isRevoked = Signal()
                let streams = Locked<[Int: Int]>([:])
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                    try await withThrowingTaskGroup(of: Void.self) { tasks in
                        tasks.addTask {
                            var kinds: [KafkaConsumerEvent.Kind] = []
                            for try await event in consumer.events {
                                kinds.append(event.kind)
                                if event.kind == .processingTimedOut { #expect(event.partitions == [stuck]) }
                                if event.kind == .revoked { isRevoked.set() }
                                if kinds.last == .assigned, kinds.count > 1 { break }
                            }
                            #expect(kinds == [.assigned, .processingTimedOut, .revoked, .assigned])
                        }
                        try await withThrowingDiscardingTaskGroup { group in
                            for try await partition in consumer.partitions {
                                let isSecond = streams.withLock { streams in
                                    streams[partition.partition, default: 0] += 1
                                    return streams.allSatisfy { $0.value == 2 } && streams.count == count
                                }
                                if isSecond { group.addTask { await consumer.close() } }
                                group.addTask {
                                    for try await message in partition {
                                        guard partition.topicPartition == stuck, !isRevoked.hasHappened else {
                                            continue
                                        }
                                        await isRevoked.wait()
                                        #expect(!message.isCurrent)
                                    }
                                }
                            }
                        }
                        try await tasks.waitForAll()
                    }
                }
                #expect(streams.withLock { $0 } == [0: 2, 1: 2, 2: 2])
            }
        }
    }
}
