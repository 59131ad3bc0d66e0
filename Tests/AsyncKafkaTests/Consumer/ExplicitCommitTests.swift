import Testing

@testable import AsyncKafka

/// Explicit offsets and several partitions at a time, in the state machine.
struct ExplicitCommitTests {
    typealias Machine = CommitStateMachine<String>

    private let start = ContinuousClock.Instant.now
    private let orders = PartitionEpoch(KafkaTopicPartition(topic: "orders", partition: 0), slot: 0)
    private let others = PartitionEpoch(KafkaTopicPartition(topic: "orders", partition: 1), slot: 1)

    private func machine() -> Machine { Machine(timeout: .seconds(30)) }

    private func row(_ epoch: PartitionEpoch, _ offset: Int64, _ metadata: String? = nil) -> Machine.Commit.Row {
        .init(epoch: epoch, offset: offset, metadata: metadata)
    }

    /// What is sent next, as text: `0@5 note`.
    private func send(_ machine: inout Machine, at now: ContinuousClock.Instant? = nil) -> (id: UInt, rows: [String])? {
        machine.send(isHeld: false, now: now ?? start).map { commit in
            let rows = commit.offsets.map { row in
                "\(row.epoch.topicPartition.partition)@\(row.offset)" + (row.metadata.map { " \($0)" } ?? "")
            }
            return (commit.id, rows.sorted())
        }
    }

    private func commit(_ epoch: PartitionEpoch, _ offset: Int64, in machine: inout Machine) throws {
        _ = machine.request(epoch, offset, waiter: nil, now: start)
        let sent = try #require(send(&machine))
        _ = machine.result(id: sent.id, now: start) { _ in nil }
    }

    @Test
    func anExplicitCommitGoesBackAndKeepsItsMetadata() throws {
        var machine = machine()
        try commit(orders, 10, in: &machine)
        _ = machine.requestExplicitly([row(orders, 4, "note")], id: 1, waiter: "a", now: start)
        let sent = try #require(send(&machine))
        #expect(sent.rows == ["0@4 note"])
        let action = machine.result(id: sent.id, now: start) { _ in nil }
        #expect(action.done == ["a"])
        #expect(action.committed.map(\.offset) == [4])
        // From here on, what lies behind it is to be committed again.
        #expect(with(&machine) { $0.request(orders, 4, id: 2, waiter: "b", now: start) } == "b")
        #expect(with(&machine) { $0.request(orders, 5, id: 3, waiter: "c", now: start) } == nil)
        #expect(with(&machine) { send(&$0) }?.rows == ["0@5"])
    }

    @Test
    func commitsOfAPartitionAreSentInTheOrderOfTheCalls() throws {
        var machine = machine()
        try commit(orders, 10, in: &machine)
        _ = machine.request(orders, 11, id: 1, waiter: "a", now: start)
        _ = machine.requestExplicitly([row(orders, 4)], id: 2, waiter: "b", now: start)
        // Committed already, but not any more when its turn comes.
        #expect(with(&machine) { $0.request(orders, 9, id: 3, waiter: "c", now: start) } == nil)
        _ = machine.requestExplicitly([row(orders, 2)], id: 4, waiter: "d", now: start)
        var rows: [[String]] = []
        var done: [String] = []
        while let sent = send(&machine) {
            rows.append(sent.rows)
            done += machine.result(id: sent.id, now: start) { _ in nil }.done
        }
        #expect(rows == [["0@11"], ["0@4"], ["0@9"], ["0@2"]])
        #expect(done == ["a", "b", "c", "d"])
        #expect(machine.isIdle)
    }

    @Test
    func whatIsAskedForWhileAnExplicitCommitIsInFlightFollowsIt() throws {
        var machine = machine()
        try commit(orders, 10, in: &machine)
        _ = machine.requestExplicitly([row(orders, 4)], id: 1, waiter: "a", now: start)
        let sent = try #require(send(&machine))
        #expect(with(&machine) { $0.request(orders, 10, id: 2, waiter: "b", now: start) } == nil)
        _ = machine.result(id: sent.id, now: start) { _ in nil }
        #expect(with(&machine) { send(&$0) }?.rows == ["0@10"])
    }

    @Test
    func explicitCommitsTravelWithNoOthers() throws {
        var machine = machine()
        _ = machine.requestExplicitly([row(orders, 1), row(others, 2, "x")], id: 1, waiter: "a", now: start)
        _ = machine.request(third, 3, id: 2, waiter: "b", now: start)
        let first = try #require(send(&machine))
        #expect(first.rows == ["0@1", "1@2 x"])
        #expect(machine.result(id: first.id, now: start) { _ in nil }.done == ["a"])
        #expect(with(&machine) { send(&$0) }?.rows == ["2@3"])
    }

    private let third = PartitionEpoch(KafkaTopicPartition(topic: "orders", partition: 2), slot: 2)

    @Test
    func onePartitionThatIsRefusedFailsAloneAndIsNamed() throws {
        var machine = machine()
        let rows = [row(orders, 1), row(others, 2, "too much"), row(third, 3)]
        _ = machine.requestExplicitly(rows, id: 1, waiter: "a", now: start)
        var sent = try #require(send(&machine))
        // As librdkafka has it: one partition's error for all.
        let error = KafkaError(.offsetMetadataTooLarge, "too large")
        var action = machine.result(id: sent.id, now: start) { _ in error }
        #expect(action.failed.isEmpty && action.done.isEmpty)
        var committed: [Int] = []
        for _ in 0..<3 {
            sent = try #require(send(&machine))
            #expect(sent.rows.count == 1)
            action = machine.result(id: sent.id, now: start) { $0.partition == 1 ? error : nil }
            committed += action.committed.map(\.epoch.topicPartition.partition)
        }
        #expect(committed.sorted() == [0, 2])
        let failure = try #require(action.failed.first)
        #expect(failure.0 == "a")
        #expect(failure.1.code == .offsetMetadataTooLarge)
        #expect(failure.1.topicPartition == others.topicPartition)
        #expect(failure.1.partitionErrors.keys.map(\.partition) == [1])
        #expect(machine.isIdle)
    }

    @Test
    func aPartitionThatIsTriedAgainHoldsNobodyUp() throws {
        var machine = machine()
        let gone = KafkaError(.unknownTopicOrPartition, "no such topic")
        _ = machine.request([(orders, 1), (others, 1)], id: 1, waiter: "both", now: start)
        _ = machine.request(third, 1, id: 2, waiter: "third", now: start)
        var done: [String] = []
        var sent = try #require(send(&machine))
        _ = machine.result(id: sent.id, now: start) { _ in gone }
        while let next = send(&machine) {
            sent = next
            done += machine.result(id: sent.id, now: start) { $0.partition == 0 ? gone : nil }.done
        }
        #expect(done == ["third"])
        // The others' next commits go on while it waits.
        #expect(machine.deadline(isHeld: false) == start + .milliseconds(100))
        _ = machine.request(third, 2, id: 3, waiter: "next", now: start)
        sent = try #require(send(&machine))
        #expect(sent.rows == ["2@2"])
        #expect(machine.result(id: sent.id, now: start) { _ in nil }.done == ["next"])
        let later = start + .milliseconds(100)
        sent = try #require(send(&machine, at: later))
        #expect(sent.rows == ["0@1"])
        #expect(machine.result(id: sent.id, now: later) { _ in nil }.done == ["both"])
    }

    @Test
    func severalFailuresAreOneErrorThatNamesThem() throws {
        var machine = machine()
        _ = machine.request([(orders, 1), (others, 1), (third, 1)], id: 1, waiter: "a", now: start)
        orders.fence()
        others.fence()
        #expect(machine.fence([orders, others]).failed.isEmpty, "the third is not done")
        let sent = try #require(send(&machine))
        #expect(sent.rows == ["2@1"])
        let action = machine.result(id: sent.id, now: start) { _ in nil }
        let error = try #require(action.failed.first?.1)
        #expect(error.code == .staleMessage)
        #expect(Set(error.partitionErrors.keys.map(\.partition)) == [0, 1])
        #expect(error.message.hasPrefix("2 partitions could not be committed: orders[0]: "))
    }

    @Test
    func whatIsCommittedOfSeveralIsNotAskedForAgain() throws {
        var machine = machine()
        try commit(orders, 10, in: &machine)
        #expect(with(&machine) { $0.request([(orders, 10)], id: 1, waiter: "a", now: start) } == "a")
        #expect(with(&machine) { $0.request([(orders, 10), (others, 1)], id: 2, waiter: "b", now: start) } == nil)
        let sent = try #require(send(&machine))
        #expect(sent.rows == ["1@1"])
        #expect(machine.result(id: sent.id, now: start) { _ in nil }.done == ["b"])
        #expect(with(&machine) { $0.request([], id: 3, waiter: "c", now: start) } == "c")
        #expect(with(&machine) { $0.requestExplicitly([], id: 4, waiter: "d", now: start) } == "d")
    }
}
