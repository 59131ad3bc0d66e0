import Testing

@testable import AsyncKafka

struct CommitStateMachineTests {
    typealias Machine = CommitStateMachine<String>

    private let start = ContinuousClock.Instant.now
    private let orders = PartitionEpoch(KafkaTopicPartition(topic: "orders", partition: 0), slot: 0)
    private let others = PartitionEpoch(KafkaTopicPartition(topic: "orders", partition: 1), slot: 1)

    private func machine() -> Machine { Machine(timeout: .seconds(30)) }

    private func offsets(_ commit: Machine.Commit?) -> [Int: Int64] {
        Dictionary(uniqueKeysWithValues: (commit?.offsets ?? []).map { ($0.epoch.topicPartition.partition, $0.offset) })
    }

    private func succeed(_ machine: inout Machine, _ commit: Machine.Commit?) throws -> Machine.Action {
        machine.result(id: try #require(commit).id, now: start) { _ in nil }
    }

    @Test
    func whatArrivesDuringACommitIsMergedIntoTheNext() throws {
        var machine = machine()
        #expect(with(&machine) { $0.request(orders, 1, id: 1, waiter: "a", now: start) } == nil)
        let first = machine.send(isHeld: false, now: start)
        #expect(offsets(first) == [0: 1])
        for id in 2...5 { _ = machine.request(orders, Int64(id), id: UInt64(id), waiter: "\(id)", now: start) }
        _ = machine.request(others, 9, id: 6, waiter: "6", now: start)
        #expect(with(&machine) { $0.send(isHeld: false, now: start) } == nil, "one commit at a time")
        #expect(try succeed(&machine, first).done == ["a"])
        let second = machine.send(isHeld: false, now: start)
        #expect(offsets(second) == [0: 5, 1: 9])
        #expect(try succeed(&machine, second).done.sorted() == ["2", "3", "4", "5", "6"])
        #expect(machine.isIdle)
    }

    @Test
    func belowWhatIsCommittedThereIsNothingToDo() throws {
        var machine = machine()
        _ = machine.request(orders, 10, id: 1, waiter: "a", now: start)
        _ = try succeed(&machine, machine.send(isHeld: false, now: start))
        #expect(with(&machine) { $0.request(orders, 10, id: 2, waiter: "b", now: start) } == "b")
        #expect(with(&machine) { $0.request(orders, 9, id: 3, waiter: "c", now: start) } == "c")
        #expect(machine.isIdle)
    }

    @Test
    func whatComesDuringAHigherCommitDoesNotTakeTheOffsetBack() throws {
        var machine = machine()
        _ = machine.request(orders, 10, id: 1, waiter: "a", now: start)
        let commit = machine.send(isHeld: false, now: start)
        _ = machine.request(orders, 5, id: 2, waiter: "b", now: start)
        #expect(try succeed(&machine, commit).done == ["a", "b"])
        #expect(with(&machine) { $0.send(isHeld: false, now: start) } == nil)
        #expect(machine.isIdle)
    }

    /// librdkafka tells one partition's error for all of a commit: the others are tried alone, and theirs is not known.
    @Test
    func whatOnePartitionIsRefusedForIsNotSaidOfTheOthers() throws {
        var machine = machine()
        _ = machine.request(orders, 1, id: 1, waiter: "a", now: start)
        _ = machine.request(others, 1, id: 2, waiter: "b", now: start)
        let both = try #require(with(&machine) { $0.send(isHeld: false, now: start) })
        #expect(both.offsets.count == 2)
        _ = machine.result(id: both.id, now: start) { _ in KafkaError(.topicAuthorizationFailed, "refused") }
        #expect(machine.problem(of: orders) == nil && machine.problem(of: others) == nil)
    }

    @Test
    func whyTheLastCommitFailedIsKnownUntilOneSucceedsOrTheNextFence() throws {
        var machine = machine()
        _ = machine.request(orders, 1, id: 1, waiter: "a", now: start)
        let refusal = KafkaError(.coordinatorLoadInProgress, "loading").asRetriable()
        let first = try #require(with(&machine) { $0.send(isHeld: false, now: start) })
        _ = machine.result(id: first.id, now: start) { _ in refusal }
        #expect(machine.problem(of: orders)?.code == .coordinatorLoadInProgress)
        #expect(machine.problem(of: PartitionEpoch(orders.topicPartition, slot: 3)) == nil)
        let later = start + .seconds(1)
        let second = try #require(with(&machine) { $0.send(isHeld: false, now: later) })
        _ = machine.result(id: second.id, now: later) { _ in nil }
        #expect(machine.problem(of: orders) == nil)

        _ = machine.request(orders, 2, id: 2, waiter: "b", now: later)
        let third = try #require(with(&machine) { $0.send(isHeld: false, now: later) })
        _ = machine.result(id: third.id, now: later) { _ in refusal }
        orders.fence()
        let fenced = machine.fence([orders])
        #expect(fenced.failed.map(\.1.code) == [.staleMessage])
        #expect((fenced.failed.first?.1.underlyingError as? KafkaError)?.code == .coordinatorLoadInProgress)
        #expect(machine.problem(of: orders)?.code == .coordinatorLoadInProgress)
        _ = machine.fence([others])
        #expect(machine.problem(of: orders) == nil)
    }

    @Test
    func nothingIsSentWhileCommitsAreHeld() {
        var machine = machine()
        _ = machine.request(orders, 1, id: 1, waiter: "a", now: start)
        #expect(with(&machine) { $0.send(isHeld: true, now: start) } == nil)
        #expect(offsets(with(&machine) { $0.send(isHeld: false, now: start) }) == [0: 1])
    }

    @Test
    func onePartitionsErrorDoesNotFailItsNeighbour() throws {
        var machine = machine()
        _ = machine.request(orders, 1, id: 1, waiter: "good", now: start)
        _ = machine.request(others, 1, id: 2, waiter: "bad", now: start)
        let merged = try #require(with(&machine) { $0.send(isHeld: false, now: start) })
        // As librdkafka has it: one partition's error for all.
        let error = KafkaError(.offsetMetadataTooLarge, "too large")
        var action = machine.result(id: merged.id, now: start) { _ in error }
        #expect(action.done.isEmpty && action.failed.isEmpty)
        var outcomes: [String] = []
        while let alone = machine.send(isHeld: false, now: start) {
            #expect(alone.offsets.count == 1)
            action = machine.result(id: alone.id, now: start) { $0.partition == 1 ? error : nil }
            outcomes += action.done + action.failed.map { "\($0.0): \($0.1.code)" }
        }
        #expect(outcomes.sorted() == ["bad: offsetMetadataTooLarge", "good"])
    }

    @Test
    func retriableErrorsAreTriedAgainUntilTheDeadline() throws {
        var machine = machine()
        let error = KafkaError(.rebalanceInProgress, "rebalance").asRetriable()
        _ = machine.request(orders, 1, id: 1, waiter: "a", now: start)
        var now = start
        var attempts = 0
        var expired: [(waiter: String, error: KafkaError)] = []
        while expired.isEmpty {
            let commit = try #require(with(&machine) { $0.send(isHeld: false, now: now) })
            attempts += 1
            let action = machine.result(id: commit.id, now: now) { _ in error }
            #expect(action.failed.isEmpty && action.done.isEmpty)
            now = try #require(machine.deadline(isHeld: false))
            expired = machine.expire(now: now)
        }
        let timeout = try #require(expired.first?.error)
        #expect(timeout.code == .timedOut && timeout.isRetriable)
        #expect(timeout.topicPartition == orders.topicPartition)
        #expect((timeout.underlyingError as? KafkaError)?.code == .rebalanceInProgress)
        #expect(attempts > 10)
        #expect(now - start == .seconds(30))
    }

    @Test
    func whatTheGroupRefusesDuringARevokeIsNotTriedAgain() throws {
        var machine = machine()
        _ = machine.request(orders, 1, id: 1, waiter: "a", now: start)
        let commit = try #require(with(&machine) { $0.send(isHeld: false, now: start) })
        let action = machine.result(id: commit.id, now: start, isEnding: { $0 === orders }) { _ in
            KafkaError(.rebalanceInProgress, "rebalance").asRetriable()
        }
        #expect(action.failed.map(\.0) == ["a"])
        #expect(action.failed.first?.1.code == .staleMessage)
        #expect(machine.isIdle)
    }

    @Test
    func whoeverIsNoMemberAnyMoreHasAStaleMessage() throws {
        var machine = machine()
        _ = machine.request(orders, 1, id: 1, waiter: "a", now: start)
        let commit = try #require(with(&machine) { $0.send(isHeld: false, now: start) })
        let action = machine.result(id: commit.id, now: start) { _ in KafkaError(.unknownMember, "who?") }
        #expect(action.failed.first?.1.code == .staleMessage)
        #expect((action.failed.first?.1.underlyingError as? KafkaError)?.code == .unknownMember)
    }

    @Test
    func aRetryDoesNotGoBackBehindANewerRequest() throws {
        var machine = machine()
        _ = machine.request(orders, 1, id: 1, waiter: "a", now: start)
        let first = try #require(with(&machine) { $0.send(isHeld: false, now: start) })
        _ = machine.request(orders, 7, id: 2, waiter: "b", now: start)
        _ = machine.result(id: first.id, now: start) { _ in KafkaError(.notCoordinator, "moved").asRetriable() }
        let second = machine.send(isHeld: false, now: start + .seconds(1))
        #expect(offsets(second) == [0: 7])
        #expect(try succeed(&machine, second).done == ["a", "b"])
    }

    @Test
    func fencedEpochsFailTheirWaitersAndAreNotSent() throws {
        var machine = machine()
        _ = machine.request(orders, 1, id: 1, waiter: "a", now: start)
        _ = machine.request(others, 1, id: 2, waiter: "b", now: start)
        orders.fence()
        let action = machine.fence([orders])
        #expect(action.failed.map(\.0) == ["a"])
        #expect(action.failed.first?.1.code == .staleMessage)
        #expect(offsets(with(&machine) { $0.send(isHeld: false, now: start) }) == [1: 1])
    }

    @Test
    func aCommitInFlightOfAFencedEpochIsToldByItsResult() throws {
        var machine = machine()
        _ = machine.request(orders, 1, id: 1, waiter: "a", now: start)
        let commit = machine.send(isHeld: false, now: start)
        orders.fence()
        #expect(machine.fence([orders]).failed.isEmpty)
        let action = machine.result(id: try #require(commit).id, now: start) { _ in
            KafkaError(.illegalGeneration, "old")
        }
        #expect(action.failed.first?.1.code == .staleMessage)
    }

    @Test
    func aCancelledWaiterLeavesTheCommitGoingOn() throws {
        var machine = machine()
        _ = machine.request(orders, 1, id: 1, waiter: "a", now: start)
        #expect(with(&machine) { $0.cancel(id: 1) } == "a")
        #expect(with(&machine) { $0.cancel(id: 1) } == nil)
        let commit = machine.send(isHeld: false, now: start)
        #expect(offsets(commit) == [0: 1])
        let action = try succeed(&machine, commit)
        #expect(action.done.isEmpty)
        #expect(action.committed.map(\.offset) == [1])
    }

    @Test
    func aWaiterIsNotKeptBeyondItsTime() throws {
        var machine = machine()
        _ = machine.request(orders, 1, id: 1, waiter: "a", now: start)
        let commit = machine.send(isHeld: false, now: start)
        #expect(machine.deadline(isHeld: false) == start + .seconds(30))
        #expect(with(&machine) { $0.expire(now: start + .seconds(29)) }.isEmpty)
        #expect(with(&machine) { $0.expire(now: start + .seconds(30)) }.map(\.waiter) == ["a"])
        #expect(machine.deadline(isHeld: false) == nil)
        #expect(try succeed(&machine, commit).done.isEmpty)
    }

    /// One was refused, one waits to be tried again, one has its answer still to come: each has its own error.
    @Test
    func whatIsKnownOfEachPartitionIsInTheTimeout() throws {
        var machine = machine()
        let third = PartitionEpoch(KafkaTopicPartition(topic: "orders", partition: 2), slot: 2)
        _ = machine.request([(orders, 2), (others, 2), (third, 2)], id: 7, waiter: "a", now: start)
        let merged = try #require(with(&machine) { $0.send(isHeld: false, now: start) })
        let refused = KafkaError(.topicAuthorizationFailed, "no")
        let passing = KafkaError(.coordinatorLoadInProgress, "loading").asRetriable()
        // Each alone, behind an answer that one of them has spoilt for all.
        _ = machine.result(id: merged.id, now: start) { _ in refused }
        var alone: [KafkaTopicPartition] = []
        while alone.count < 3 {
            let commit = try #require(with(&machine) { $0.send(isHeld: false, now: start) })
            alone.append(commit.offsets[0].epoch.topicPartition)
            guard alone.count < 3 else { break }
            let action = machine.result(id: commit.id, now: start) { _ in alone.count == 1 ? refused : passing }
            #expect(action.failed.isEmpty)
        }
        let expired = machine.expire(now: start + .seconds(30))
        #expect(expired.map(\.waiter) == ["a"])
        let errors = try #require(expired.first?.error.partitionErrors)
        #expect(errors[alone[0]]?.code == .topicAuthorizationFailed)
        #expect(errors[alone[1]]?.code == .timedOut)
        #expect((errors[alone[1]]?.underlyingError as? KafkaError)?.code == .coordinatorLoadInProgress)
        #expect(errors[alone[2]]?.code == .timedOut)
        #expect(errors.allSatisfy { $0.value.topicPartition == $0.key })
    }

    @Test
    func aRefusalBehindTheEndOfItsAssignmentIsKept() throws {
        var machine = machine()
        _ = machine.request(orders, 1, id: 1, waiter: "a", now: start)
        let commit = try #require(with(&machine) { $0.send(isHeld: false, now: start) })
        orders.fence()
        let action = machine.result(id: commit.id, now: start) { _ in KafkaError(.illegalGeneration, "passed") }
        let error = try #require(action.failed.first?.1)
        #expect(error.code == .staleMessage && error.topicPartition == orders.topicPartition)
        #expect((error.underlyingError as? KafkaError)?.code == .illegalGeneration)
    }

    @Test
    func anUnheardFailureIsReported() throws {
        var machine = machine()
        _ = machine.request(orders, 1, waiter: nil, now: start)
        let commit = try #require(with(&machine) { $0.send(isHeld: false, now: start) })
        let action = machine.result(id: commit.id, now: start) { _ in KafkaError(.groupAuthorizationFailed, "no") }
        #expect(action.unheard.map(\.code) == [.groupAuthorizationFailed])
        #expect(machine.isIdle)
    }

    @Test
    func anOldResultIsIgnored() throws {
        var machine = machine()
        _ = machine.request(orders, 1, id: 1, waiter: "a", now: start)
        let commit = try #require(with(&machine) { $0.send(isHeld: false, now: start) })
        let old = machine.result(id: commit.id + 1, now: start) { _ in nil }
        #expect(old.done.isEmpty)
        #expect(try succeed(&machine, commit).done == ["a"])
    }

    @Test
    func abandoningHandsOutEveryWaiter() {
        var machine = machine()
        _ = machine.request(orders, 1, id: 1, waiter: "a", now: start)
        _ = machine.send(isHeld: false, now: start)
        _ = machine.request(orders, 2, id: 2, waiter: "b", now: start)
        #expect(with(&machine) { $0.abandon() }.sorted() == ["a", "b"])
        #expect(with(&machine) { $0.abandon() }.isEmpty)
    }

    @Test
    func aNewRequestThatNobodyWaitsForHasItsWholeTime() throws {
        var machine = machine()
        _ = machine.request(orders, 1, waiter: nil, now: start)
        let first = machine.send(isHeld: false, now: start)?.id
        let loading = KafkaError(.timedOut, "no answer").asRetriable()
        _ = machine.result(id: try #require(first), now: start + .seconds(29)) { _ in loading }
        _ = machine.request(orders, 2, waiter: nil, now: start + .seconds(29))
        let second = machine.send(isHeld: false, now: start + .seconds(30))?.id
        let action = machine.result(id: try #require(second), now: start + .seconds(31)) { _ in loading }
        #expect(action.unheard.isEmpty, "it was asked for two seconds ago")
        #expect(!machine.isIdle)
    }
}
