import AsyncKafka
import Foundation
import RdKafka
import TestSupport
import Testing

extension ThreeNodeTests {
    /// Members of a group are processes that are killed; Kafka's own console consumer counts what they have written.
    @Suite(.serialized, .timeLimit(.minutes(10)))
    struct ExactlyOnceTests {
        static let partitions = 6
        static let slots = 3

        struct Case: Sendable, CustomTestStringConvertible {
            let strategy: String
            let isTransactional: Bool
            let share: Int
            /// At how many tenths of the output some member is killed.
            let randomKills: [Int]
            var testDescription: String { "\(strategy), \(isTransactional ? "transactions" : "no transactions")" }
        }

        /// How many records the whole case has.
        static let records = count("ASYNC_KAFKA_EXACTLY_ONCE_RECORDS", or: 100_000)

        @Test(
            arguments: [
                Case(strategy: "range", isTransactional: true, share: 1, randomKills: [2, 4, 6, 8]),
                Case(strategy: "cooperative-sticky", isTransactional: true, share: 4, randomKills: [3, 7]),
                Case(strategy: "range", isTransactional: false, share: 4, randomKills: [3, 7]),
            ]
        )
        func whatKilledMembersWriteIsThereOnceWithTransactionsAndOftenerWithout(_ test: Case) async throws {
            let count = Self.records / test.share
            try await withReplicatedTopic(partitions: Self.partitions) { input in
                try await withReplicatedTopic(partitions: Self.partitions) { output in
                    try await fill(input, count: count)
                    let group = Group(
                        test: test,
                        group: RealKafka.uniqueName("group"),
                        input: input,
                        output: output,
                        seed: UInt64.random(in: 0...UInt64.max)
                    )
                    print("\(test.testDescription): seed \(group.seed)")
                    let start = ContinuousClock.now
                    let read = try await withThrowingTaskGroup(of: Int?.self) { tasks in
                        for slot in 0..<Self.slots {
                            tasks.addTask {
                                try await group.keepUp(slot: slot)
                                return nil
                            }
                        }
                        tasks.addTask { try await watch(output, count: count, group) }
                        var read = 0
                        for try await number in tasks { read = number ?? read }
                        return read
                    }
                    let figures = group.figures
                    print(
                        """
                        \(test.testDescription): \(count) inputs, \(figures.members) members, \(figures.killed) killed at random, \
                        \(figures.deaths.sorted().joined(separator: ", ")), one node restarted, \(read - count) duplicates, \
                        \(ContinuousClock.now - start)
                        """
                    )
                    let expected = Set((0..<count).map { "n-\($0)" })
                    if test.isTransactional {
                        let values = try await RealKafka.committedValues(
                            of: output,
                            partitions: Self.partitions,
                            count: count
                        )
                        #expect(values.count == count)
                        #expect(Set(values) == expected)
                    } else {
                        #expect(read > count, "without transactions, what was not committed is written again")
                    }
                    #expect(figures.deaths.contains("dies beforeCommit"))
                    #expect(figures.killed > 0)
                }
            }
        }

        /// Reads what is committed, tells the group how far it is, and restarts a node half-way. Returns how many records there are.
        private func watch(_ output: String, count: Int, _ group: Group) async throws -> Int {
            let configuration = RealKafka.consumer(group: RealKafka.uniqueName("watcher"))
            var values: Set<KafkaBytes> = []
            var read = 0
            try await withKafkaConsumer(configuration, subscribingTo: [output]) { consumer in
                try await withThrowingTaskGroup(of: Void.self) { faults in
                    var isRestarted = false
                    for try await message in consumer.messages {
                        read += 1
                        if let value = message.value { values.insert(value.compacted()) }
                        try await group.progress(tenths: values.count * 10 / count)
                        if !isRestarted, values.count * 2 >= count {
                            isRestarted = true
                            faults.addTask { try await restart(2) }
                        }
                        if values.count == count { break }
                    }
                    try await faults.waitForAll()
                }
            }
            group.end()
            return read
        }

        private func restart(_ node: Int) async throws {
            try await withNodes { nodes in
                try await nodes.kill(node)
                try await nodes.start(node)
            }
        }
    }

    /// The processes of one case.
    private final class Group: Sendable {
        struct Figures {
            var members = 0
            var killed = 0
            var deaths: [String] = []
        }

        private struct Member {
            let process: ChildProcess
            /// What it is to die of.
            let death: String?
        }

        private struct State {
            var figures = Figures()
            var running: [Int: Member] = [:]
            var kills: [Int]
            var random: SplitMix
            /// What the next members die of.
            var deaths: [String]
            var isOver = false
        }

        let test: ExactlyOnceTests.Case
        let group: String
        let input: String
        let output: String
        let seed: UInt64
        private let state: Locked<State>

        init(test: ExactlyOnceTests.Case, group: String, input: String, output: String, seed: UInt64) {
            self.test = test
            self.group = group
            self.input = input
            self.output = output
            self.seed = seed
            state = Locked(
                State(
                    kills: test.randomKills,
                    random: SplitMix(state: seed),
                    deaths: test.isTransactional ? ["afterCommit", "withinBatch", "beforeCommit"] : ["beforeCommit"]
                )
            )
        }

        var figures: Figures { state.withLock { $0.figures } }

        /// Has one member after another until all is done.
        func keepUp(slot: Int) async throws {
            while let member = try begin(slot: slot) {
                let process = member.process
                let exit = try await withTaskCancellationHandler {
                    try await process.exit
                } onCancel: {
                    process.terminate()
                }
                let isOver = state.withLock { state in
                    state.running[slot] = nil
                    if let line = process.lines.last, line.hasPrefix("dies") {
                        state.figures.deaths.append(line)
                    } else if let death = member.death {
                        // It was killed before it came to that: the next one does.
                        state.deaths.append(death)
                    }
                    return state.isOver
                }
                if isOver {
                    // In order, unless it had just been killed, or not yet begun.
                    let isEarly = exit == .signal(SIGTERM) && process.lines.isEmpty
                    #expect(exit == .status(0) || exit == .signal(SIGKILL) || isEarly, "a member did not end in order")
                } else {
                    #expect(exit == .signal(SIGKILL), "a member ended by itself")
                }
            }
        }

        private func begin(slot: Int) throws -> Member? {
            try state.withLock { state -> Member? in
                guard !state.isOver else { return nil }
                // One of the first members lives on, so that not all are dead at once.
                let death = state.figures.members == 0 ? nil : state.deaths.popLast()
                state.figures.members += 1
                let process = try ChildProcess(
                    Self.program,
                    [
                        RealKafka.bootstrapServers.joined(separator: ","), group, input, output,
                        "\(group)-\(slot)", test.isTransactional ? "transactions" : "plain", test.strategy,
                        death ?? "never", death == nil ? "0" : "\(Int.random(in: 1...3, using: &state.random))",
                    ]
                )
                let member = Member(process: process, death: death)
                state.running[slot] = member
                return member
            }
        }

        /// Kills some member when it is time.
        func progress(tenths: Int) async throws {
            let victim = state.withLock { state -> ChildProcess? in
                guard let next = state.kills.first, tenths >= next else { return nil }
                state.kills.removeFirst()
                // Rather one that would live on: there are few batches that the others could die in.
                let spare = state.running.filter { $0.value.death == nil }
                let slots = (spare.isEmpty ? state.running : spare).keys.sorted()
                guard let slot = slots.randomElement(using: &state.random) else { return nil }
                state.figures.killed += 1
                return state.running[slot]?.process
            }
            try await victim?.kill()
        }

        func end() {
            let members = state.withLock { state in
                state.isOver = true
                return Array(state.running.values)
            }
            for member in members { member.process.terminate() }
        }

        /// Beside the test's own program.
        private static let program: String = {
            let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            return folder.appendingPathComponent("TransformMember").path
        }()
    }
}
