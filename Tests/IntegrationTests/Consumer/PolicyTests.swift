import AsyncKafka
import Foundation
import TestSupport
import Testing

extension RealKafkaTests {
    /// The table of the article "Offsets and rebalances": what each policy makes of the ways in which a loop ends. Its column
    /// "rebalance" is shown by `GroupTests`, `BusyRebalanceTests` and `AtMostOnceTests`.
    @Suite(.timeLimit(.minutes(3)), .needsKafkaTools)
    struct PolicyTests {
        enum Exit: CaseIterable {
            case leaving
            case throwing
            case cancelling
        }

        private struct Failure: Error {}

        /// The offset that the next loop begins with, and the next member, after a loop that ended in the body of offset 3, and one
        /// that ended in the body of offset 5.
        private static let expected: [(policy: KafkaOffsetPolicy, loop: Int64, member: Int64)] = [
            (.afterProcessing, 3, 5),
            (.manual, 4, 0),
            (.onDelivery, 4, 6),
        ]

        @Test
        func whatComesAgainAfterALoopHasEnded() async throws {
            try await withTopic(partitions: 1) { topic in
                try await fill(topic, count: 10, partition: 0)
                for exit in Exit.allCases {
                    for (policy, loop, member) in Self.expected {
                        let configuration = RealKafka.consumer(group: RealKafka.uniqueName("group"), policy: policy)
                        try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                            let first = try await read(consumer, until: 3, exit)
                            #expect(first == [0, 1, 2, 3])
                            let second = try await read(consumer, until: 5, exit)
                            #expect(second == Array(loop...5), "the loop behind one that ended by \(exit), \(policy)")
                        }
                        try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                            let next = try await consumer.messages.first { _ in true }
                            #expect(next?.offset == member, "the member behind one that ended by \(exit), \(policy)")
                        }
                    }
                }
            }
        }

        /// Reads until a message, and ends the loop in its body.
        private func read(_ consumer: KafkaConsumer, until last: Int64, _ exit: Exit) async throws -> [Int64] {
            try await Task {
                var offsets: [Int64] = []
                do {
                    for try await message in consumer.messages {
                        offsets.append(message.offset)
                        guard message.offset == last else { continue }
                        switch exit {
                        case .leaving: return offsets
                        case .throwing: throw Failure()
                        case .cancelling: unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
                        }
                    }
                } catch is Failure {}
                return offsets
            }.value
        }

        /// Fifteen messages were delivered, the last of them is in hand; seven were processed and committed by then, or eight
        /// committed by name. `AtMostOnceTests` has the third policy.
        @Test(arguments: [("afterProcessing", 7...7), ("manual", 8...8)] as [(String, ClosedRange<Int64>)])
        func whatComesAgainAfterACrash(_ policy: String, _ begin: ClosedRange<Int64>) async throws {
            try await withTopic(partitions: 1) { topic in
                try await fill(topic, count: 60, partition: 0)
                let group = RealKafka.uniqueName("group")
                let servers = RealKafka.bootstrapServers.joined(separator: ",")
                let member = try ChildProcess(
                    Self.program,
                    [servers, group, topic, topic, group, policy, "range", "withinBatch", "10"]
                )
                #expect(try await member.exit == .signal(SIGKILL))
                let given = member.lines.compactMap { line in
                    line.hasPrefix("message ") ? line.split(separator: " ").last.flatMap { Int64($0) } : nil
                }
                #expect(given == Array(0..<15))
                var configuration = RealKafka.consumer(group: group, policy: .manual)
                configuration.group.sessionTimeout = .seconds(6)
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                    let next = try #require(try await consumer.messages.first { _ in true })
                    #expect(begin.contains(next.offset))
                    print(
                        "\(policy): killed with 14 of 15 messages processed, the next member begins at \(next.offset)"
                    )
                }
            }
        }

        /// Beside the test's own program.
        private static let program: String = {
            let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            return folder.appendingPathComponent("TransformMember").path
        }()
    }
}
