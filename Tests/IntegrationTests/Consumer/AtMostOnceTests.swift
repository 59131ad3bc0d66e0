import AsyncKafka
import Foundation
import RdKafka
import TestSupport
import Testing

extension RealKafkaTests {
    /// `.onDelivery`: nothing twice, and nothing skipped but by a crash.
    @Suite(.timeLimit(.minutes(2)), .needsKafkaTools)
    struct AtMostOnceTests {
        @Test
        func aKilledMemberSkipsABatchAtMostAndNothingComesTwice() async throws {
            let batch: Int64 = 10
            try await withTopic(partitions: 1) { topic in
                try await fill(topic, count: 60, partition: 0)
                let group = RealKafka.uniqueName("group")
                // It kills itself five messages into its second batch.
                let member = try ChildProcess(
                    Self.program,
                    [
                        RealKafka.bootstrapServers.joined(separator: ","), group, topic, topic, group, "onDelivery",
                        "range",
                        "withinBatch", "\(batch)",
                    ]
                )
                let end = try await member.exit
                #expect(end == .signal(SIGKILL))
                let given = member.lines.compactMap { line in
                    line.hasPrefix("message ") ? line.split(separator: " ").last.flatMap { Int64($0) } : nil
                }
                #expect(given == Array(0..<batch + 5))

                var configuration = RealKafka.consumer(group: group, policy: .onDelivery)
                configuration.group.sessionTimeout = .seconds(6)
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                    var rest: [Int64] = []
                    for try await message in consumer.messages {
                        rest.append(message.offset)
                        if message.offset == 59 { break }
                    }
                    let first = try #require(rest.first)
                    #expect(first >= batch + 5, "what was delivered does not come again")
                    // What was committed beyond it is skipped; a drain may have found less than a whole batch.
                    #expect(first < batch + 5 + batch)
                    #expect(rest == Array(first..<60))
                    print("killed after \(given.count) messages of batches of \(batch): skipped \(first - batch - 5)")
                }
            }
        }

        @Test
        func aCloseCommitsBackWhatNoLoopWasGiven() async throws {
            try await withTopic(partitions: 3) { topic in
                for partition in 0..<3 { try await fill(topic, count: 20, partition: partition) }
                let group = RealKafka.uniqueName("group")
                let configuration = RealKafka.consumer(group: group, policy: .onDelivery)
                var positions: [Position] = []
                for end in [7, 30, 60] {
                    try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                        for try await message in consumer.messages {
                            positions.append(Position(message))
                            if positions.count == end { break }
                        }
                    }
                    guard end != 60 else { continue }
                    // Of one of which no loop was given anything, zero is committed back, or nothing was ever committed.
                    let stored = try await RealKafka.committedOffsets(group, topic).filter { $0.value > 0 }
                    #expect(stored == Dictionary(grouping: positions, by: \.partition).mapValues { Int64($0.count) })
                }
                #expect(Set(positions).count == 60, "nothing is skipped, nothing repeated")
            }
        }

        @Test(arguments: [KafkaAssignmentStrategy.range, .cooperativeSticky])
        func aRebalanceSkipsAndRepeatsNothing(_ strategy: KafkaAssignmentStrategy) async throws {
            try await withTopic(partitions: 2) { topic in
                for partition in 0..<2 { try await fill(topic, count: 200, partition: partition) }
                let group = RealKafka.uniqueName("group")
                var configuration = RealKafka.consumer(group: group, policy: .onDelivery)
                configuration.group.assignmentStrategies = [strategy]
                configuration.group.heartbeatInterval = .milliseconds(100)
                let progress = Progress(count: 400)
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { [configuration] first in
                    for try await message in first.messages {
                        progress.add(message)
                        // By now hundreds are committed that no loop was given.
                        if progress.counts.count == 10 { break }
                    }
                    try await withKafkaConsumer(configuration, subscribingTo: [topic]) { second in
                        for try await event in second.events
                        where event.kind == .assigned && !event.partitions.isEmpty { break }
                        try await withThrowingTaskGroup(of: Void.self) { tasks in
                            for consumer in [first, second] {
                                tasks.addTask {
                                    for try await message in consumer.messages { progress.add(message) }
                                }
                            }
                            await progress.isDone.wait()
                            tasks.cancelAll()
                            for try await _ in tasks {}
                        }
                    }
                }
                #expect(progress.counts.count == 400)
                #expect(progress.counts.values.allSatisfy { $0 == 1 }, "nothing is repeated")
                let stored = try await RealKafka.committedOffsets(group, topic)
                #expect(stored == [0: 200, 1: 200])
            }
        }

        private final class Progress: Sendable {
            let isDone = Signal()
            private let count: Int
            private let state = Locked<[Position: Int]>([:])

            init(count: Int) {
                self.count = count
            }

            var counts: [Position: Int] { state.withLock { $0 } }

            func add(_ message: KafkaMessage) {
                let isDone = state.withLock { state in
                    state[Position(message), default: 0] += 1
                    return state.count == count
                }
                if isDone { self.isDone.set() }
            }
        }

        /// Beside the test's own program.
        private static let program: String = {
            let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            return folder.appendingPathComponent("TransformMember").path
        }()
    }
}
