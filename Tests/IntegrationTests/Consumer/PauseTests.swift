import AsyncKafka
import RdKafka
import TestSupport
import Testing

extension RealKafkaTests {
    /// Pause and resume at random, while partitions are read, also while the group gives and takes them.
    @Suite(.timeLimit(.minutes(2)))
    struct PauseTests {
        static let partitions = 6

        @Test(arguments: [KafkaOffsetPolicy.manual, .afterProcessing])
        func pausesAtRandomLoseAndRepeatNothingAndKeepTheOrder(_ policy: KafkaOffsetPolicy) async throws {
            try await withTopic(partitions: Self.partitions) { topic in
                let ends = try await fill(topic, count: 8000)
                let configuration = RealKafka.consumer(group: RealKafka.uniqueName("group"), policy: policy)
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                    var random = SplitMix(state: 1)
                    var next: [Int: Int64] = [:]
                    var paused: Set<Int> = []
                    var left = 8000
                    var pauses = 0
                    var disorder = 0
                    var loops = 0
                    while left > 0 {
                        loops += 1
                        var messages = consumer.messages.makeAsyncIterator()
                        // Some loops end soon, in the middle of what was drained.
                        let share = Int.random(in: 1...400, using: &random)
                        for _ in 0..<min(share, left) {
                            // Where all that is left is paused, nothing comes.
                            let isStuck = ends.allSatisfy { next[$0, default: 0] == $1 || paused.contains($0) }
                            if isStuck || Int.random(in: 0..<20, using: &random) == 0 {
                                let isPause = !isStuck && Bool.random(using: &random)
                                let chosen = Set(ends.keys.filter { _ in Bool.random(using: &random) })
                                let names = (isStuck ? paused : chosen).map {
                                    KafkaTopicPartition(topic: topic, partition: $0)
                                }
                                if isPause {
                                    try await consumer.pause(names)
                                    pauses += 1
                                    paused.formUnion(names.map(\.partition))
                                } else {
                                    try await consumer.resume(names)
                                    paused.subtract(names.map(\.partition))
                                }
                                #expect(Set(consumer.paused.map(\.partition)) == paused)
                            }
                            let hasMore = ends.contains { next[$0, default: 0] < $1 && !paused.contains($0) }
                            guard hasMore else { continue }
                            guard let message = try await messages.next() else {
                                Issue.record("the loop has ended")
                                return
                            }
                            if paused.contains(message.partition)
                                || message.offset != next[message.partition, default: 0]
                            {
                                disorder += 1
                            }
                            next[message.partition] = message.offset + 1
                            left -= 1
                            // Otherwise it would come again with the next loop.
                            if policy != .manual { consumer.markProcessed(message) }
                        }
                    }
                    print("\(policy): \(pauses) pauses in \(loops) loops")
                    #expect(pauses > 50)
                    #expect(disorder == 0)
                    #expect(next == ends)
                    // Nothing comes twice afterwards either.
                    try await consumer.resume(paused.map { KafkaTopicPartition(topic: topic, partition: $0) })
                    var messages = consumer.messages.makeAsyncIterator()
                    let surplus = try await messages.next(timeout: .seconds(1))
                    #expect(surplus == nil, "\(surplus?.description ?? "")")
                }
            }
        }

        @Test
        func aPausedPartitionIsFetchedAgainSoonAfterResume() async throws {
            try await withTopic(partitions: 1) { topic in
                try await fill(topic, count: 20, partition: 0)
                let partition = [KafkaTopicPartition(topic: topic, partition: 0)]
                let configuration = RealKafka.consumer(group: RealKafka.uniqueName("group"), policy: .manual)
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                    var messages = consumer.messages.makeAsyncIterator()
                    for offset in Int64(0)..<20 {
                        let message = try await messages.next()
                        #expect(message?.offset == offset)
                    }
                    var longest = Duration.zero
                    for offset in Int64(20)..<25 {
                        try await consumer.pause(partition)
                        try await fill(topic, count: 1, partition: 0)
                        let early = try await messages.next(timeout: .milliseconds(700))
                        #expect(early == nil)
                        let start = ContinuousClock.now
                        try await consumer.resume(partition)
                        let message = try await messages.next()
                        #expect(message?.offset == offset)
                        longest = max(longest, .now - start)
                    }
                    // A broker's thread that has nothing to fetch looks again once a second.
                    print("the first new message came \(longest) after resume, at most")
                }
            }
        }

        @Test(.needsKafkaTools, arguments: [KafkaAssignmentStrategy.range, .cooperativeSticky])
        func membersThatPauseAtRandomAndComeAndGoLoseAndRepeatNothing(_ strategy: KafkaAssignmentStrategy) async throws
        {
            try await withTopic(partitions: Self.partitions) { topic in
                let ends = try await fill(topic, count: 6000)
                var configuration = RealKafka.consumer(group: RealKafka.uniqueName("group"))
                configuration.group.assignmentStrategies = [strategy]
                configuration.group.heartbeatInterval = .milliseconds(20)
                let progress = GroupProgress(ends: ends, slots: 2, commitsByHand: false)
                let order = PauseOrder()
                try await withThrowingTaskGroup(of: Void.self) { [configuration] slots in
                    for _ in 0..<2 {
                        slots.addTask {
                            while !progress.isComplete.hasHappened {
                                try Task.checkCancellation()
                                try await runMember(configuration, topic, progress, order)
                            }
                        }
                    }
                    for try await _ in slots {}
                }
                let figures = progress.figures
                print(
                    """
                    \(strategy): \(figures.members) members, \(figures.rebalances) assignments, \(order.pauses) pauses, \
                    \(figures.duplicates) duplicates, \(figures.lost) partitions lost
                    """
                )
                #expect(figures.unprocessed == 0)
                #expect(figures.members >= 4)
                #expect(order.pauses > 30)
                #expect(order.deliveredWhilePaused == 0)
                if strategy == .range { #expect(figures.lost == 0) }
                if figures.lost == 0 {
                    #expect(figures.duplicates == 0)
                    #expect(order.goingBack == 0)
                }
            }
        }

        private func runMember(
            _ configuration: KafkaConsumerConfiguration,
            _ topic: String,
            _ progress: GroupProgress,
            _ order: PauseOrder
        ) async throws {
            let member = progress.addMember()
            try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    tasks.addTask {
                        for try await event in consumer.events { progress.note(event, member: member) }
                    }
                    tasks.addTask {
                        await progress.isComplete.wait()
                        if !Task.isCancelled { await consumer.close() }
                    }
                    var random = SplitMix(state: UInt64(member))
                    // With a message in hand it would hold up the rebalance that it waits for.
                    for _ in 0..<4 where !progress.isComplete.hasHappened {
                        await progress.waitUntilShared()
                        try await readOneTurn(consumer, topic, &random, progress, order)
                    }
                    progress.removeMember(member)
                    tasks.cancelAll()
                }
            }
        }

        private func readOneTurn(
            _ consumer: KafkaConsumer,
            _ topic: String,
            _ random: inout SplitMix,
            _ progress: GroupProgress,
            _ order: PauseOrder
        ) async throws {
            var messages = consumer.messages.makeAsyncIterator()
            var count = 0
            while count < 250, !messages.hasEnded {
                if Int.random(in: 0..<40, using: &random) == 0 {
                    let all = (0..<Self.partitions).map { KafkaTopicPartition(topic: topic, partition: $0) }
                    let chosen = all.filter { _ in Bool.random(using: &random) }
                    // The consumer may have been closed, as everything is done.
                    do throws(KafkaError) {
                        if Bool.random(using: &random) {
                            try await consumer.pause(chosen)
                            order.notePause()
                        } else {
                            try await consumer.resume(chosen)
                        }
                    } catch {
                        guard error.code == .clientClosed else { throw error }
                    }
                }
                let paused = consumer.paused
                guard let message = try await messages.next(timeout: .milliseconds(50)) else {
                    if !messages.hasEnded { try? await consumer.resume(paused) }
                    continue
                }
                order.note(message, isPaused: paused.contains(message.topicPartition))
                progress.processed(message)
                count += 1
                // It would come again otherwise.
                if count == 250 { consumer.markProcessed(message) }
            }
        }
    }
}

/// In which order the members of a group have got messages, and how often they paused.
private final class PauseOrder: Sendable {
    private struct State {
        var next: [Int: Int64] = [:]
        var goingBack = 0
        var deliveredWhilePaused = 0
        var pauses = 0
    }

    private let state = Locked(State())

    var goingBack: Int { state.withLock { $0.goingBack } }
    var deliveredWhilePaused: Int { state.withLock { $0.deliveredWhilePaused } }
    var pauses: Int { state.withLock { $0.pauses } }

    func notePause() {
        state.withLock { $0.pauses += 1 }
    }

    func note(_ message: KafkaMessage, isPaused: Bool) {
        state.withLock { state in
            if message.offset != state.next[message.partition, default: 0] { state.goingBack += 1 }
            state.next[message.partition] = message.offset + 1
            if isPaused { state.deliveredWhilePaused += 1 }
        }
    }
}
