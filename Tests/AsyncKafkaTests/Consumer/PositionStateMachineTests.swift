import Testing

@testable import AsyncKafka

struct PositionStateMachineTests {
    typealias Machine = PositionStateMachine<String>

    private let orders = KafkaTopicPartition(topic: "orders", partition: 0)
    private let start = ContinuousClock.now

    private func epoch(_ slot: Int = 0) -> PartitionEpoch { PartitionEpoch(orders, slot: slot) }

    @Test
    func turnsAreTakenInTheOrderOfTheCalls() {
        var machine = Machine()
        let deadline = start + .seconds(1)
        #expect(with(&machine) { $0.takeTurn(id: 1, deadline: deadline, "a") } == "a")
        for (id, name) in [(2, "b"), (3, "c"), (4, "d")] as [(UInt64, String)] {
            #expect(with(&machine) { $0.takeTurn(id: id, deadline: deadline, name) } == nil)
        }
        #expect(with(&machine) { $0.cancelTurn(id: 3) } == "c")
        #expect(with(&machine) { $0.cancelTurn(id: 3) } == nil)
        #expect(with(&machine) { $0.passTurn() } == "b")
        #expect(machine.deadline == deadline)
        #expect(with(&machine) { $0.expireTurns(now: start) }.isEmpty)
        #expect(with(&machine) { $0.expireTurns(now: deadline) } == ["d"])
        #expect(with(&machine) { $0.passTurn() } == nil)
        #expect(with(&machine) { $0.takeTurn(id: 5, deadline: deadline, "e") } == "e")
    }

    @Test
    func aMoveIsTriedAgainUntilItArrives() {
        var machine = Machine()
        let epoch = epoch()
        machine.move(epoch, to: 7, now: start)
        #expect(machine.target(of: epoch) == 7)
        #expect(machine.due(now: start).map(\.target) == [7])
        machine.postpone(epoch, now: start)
        #expect(machine.due(now: start).isEmpty)
        #expect(machine.deadline == start + .milliseconds(2))
        machine.postpone(epoch, now: start + .milliseconds(2))
        #expect(machine.deadline == start + .milliseconds(6), "it waits longer each time")
        for _ in 0..<20 { machine.postpone(epoch, now: start) }
        #expect(machine.deadline == start + .milliseconds(256), "though not much longer")
        machine.arrived(epoch)
        #expect(machine.target(of: epoch) == nil)
        #expect(machine.deadline == nil)
    }

    @Test
    func theNewerMoveCounts() {
        var machine = Machine()
        let (first, second) = (epoch(), epoch(1))
        machine.move(first, to: 7, now: start)
        machine.move(second, to: 3, replacing: first, now: start)
        #expect(machine.target(of: first) == nil)
        machine.arrived(first)
        machine.postpone(first, now: start)
        #expect(machine.due(now: start).map(\.target) == [3])
    }

    @Test
    func whatHasStoppedIsRestarted() {
        var machine = Machine()
        let (first, second, third) = (epoch(), epoch(1), epoch(2))
        _ = machine.stop(first, at: 1, now: start)
        machine.move(second, to: 3, replacing: first, now: start)
        #expect(machine.due(now: start).map(\.mustRestart) == [true])
        machine.postpone(second, now: start)
        machine.move(third, to: 4, replacing: second, now: start)
        #expect(machine.due(now: start).map(\.mustRestart) == [true], "it still has to be")
        machine.arrived(third)
        machine.move(third, to: 5, now: start)
        #expect(machine.due(now: start).map(\.mustRestart) == [false], "it was")
    }

    @Test
    func aMoveUnderWayHearsOfTheStop() {
        var machine = Machine()
        let epoch = epoch()
        machine.move(epoch, to: 3, now: start)
        machine.postpone(epoch, now: start)
        _ = machine.stop(epoch, at: 3, now: start)
        #expect(machine.due(now: start).map(\.mustRestart) == [true], "at once")
    }

    /// An eager group's assignment is given anew with every partition that starts again, those that have stopped among them.
    @Test
    func aStopIsNewsOncePerEpochAndPlace() {
        var machine = Machine()
        let (first, second) = (epoch(), epoch(1))
        #expect(with(&machine) { $0.stop(first, at: 7, now: start) })
        #expect(!with(&machine) { $0.stop(first, at: 7, now: start) })
        #expect(with(&machine) { $0.stop(first, at: 8, now: start) })
        #expect(with(&machine) { $0.stop(second, at: 8, now: start) })
        machine.move(second, to: 3, now: start)
        machine.arrived(second)
        #expect(with(&machine) { $0.stop(second, at: 8, now: start) }, "it had gone on since")
    }

    @Test
    func whyASearchFailsIsNewsOncePerEpochAndCode() {
        var machine = Machine()
        let (first, second) = (epoch(), epoch(1))
        machine.search(.committed, for: first, isReset: false, now: start)
        #expect(with(&machine) { $0.isNews(.topicAuthorizationFailed, of: [first]) })
        #expect(!with(&machine) { $0.isNews(.topicAuthorizationFailed, of: [first]) })
        #expect(with(&machine) { $0.isNews(.groupAuthorizationFailed, of: [first]) })
        #expect(with(&machine) { $0.isNews(.groupAuthorizationFailed, of: [second]) })
        #expect(!with(&machine) { $0.isNews(.groupAuthorizationFailed, of: []) })
        machine.endSearches()
        #expect(!machine.isSearching(for: first))
        #expect(machine.deadline == nil)
    }

    @Test
    func aSearchIsRepeatedUntilItIsFoundOrEnded() {
        var machine = Machine()
        let epoch = epoch()
        machine.search(.beginning, for: epoch, isReset: true, now: start)
        #expect(machine.isSearching(for: epoch))
        let first = machine.beginSearch(now: start)
        #expect(first.map(\.isReset) == [true])
        #expect(machine.beginSearch(now: start).isEmpty, "one at a time")
        #expect(machine.deadline == nil)
        #expect(machine.endSearch(first, isFound: { _ in false }, now: start).isEmpty)
        #expect(machine.deadline == start + .milliseconds(100))
        let second = machine.beginSearch(now: start + .milliseconds(100))
        #expect(machine.endSearch(second, isFound: { _ in true }, now: start).count == 1)
        #expect(!machine.isSearching(for: epoch))
    }

    @Test
    func aMoveEndsASearch() {
        var machine = Machine()
        let epoch = epoch()
        machine.search(.beginning, for: epoch, isReset: false, now: start)
        let searches = machine.beginSearch(now: start)
        machine.move(epoch, to: 3, now: start)
        #expect(machine.endSearch(searches, isFound: { _ in true }, now: start).isEmpty, "it found too late")
        #expect(machine.target(of: epoch) == 3)
    }

    @Test
    func everythingEndsWithItsEpoch() {
        var machine = Machine()
        let (first, second) = (epoch(), epoch(1))
        machine.move(first, to: 3, now: start)
        machine.keepOnly { $0 === second }
        #expect(machine.deadline == nil)
        _ = machine.stop(first, at: 1, now: start)
        machine.keepOnly { $0 === second }
        machine.move(second, to: 3, replacing: first, now: start)
        #expect(machine.due(now: start).map(\.mustRestart) == [false])
    }

    @Test
    func whatWasSoughtBeforeIsTakenOnce() {
        var machine = Machine()
        machine.keep(.offset(1), for: orders)
        machine.keep(.offset(2), for: orders)
        #expect(with(&machine) { $0.takeSought(orders) } == .offset(2))
        #expect(with(&machine) { $0.takeSought(orders) } == nil)
    }

    @Test
    func aLookUpThatFailsBehindALossIsTheLoss() {
        let partitions = [1, 0].map { KafkaTopicPartition(topic: "orders", partition: $0) }
        let error = KafkaError(.notLeaderOrFollower, "not the leader").at(partitions[0])
        let loss = error.behindTheLoss(of: partitions)
        #expect(loss.code == .assignmentLost)
        #expect(loss.topicPartition == partitions[1])
        #expect((loss.underlyingError as? KafkaError)?.code == .notLeaderOrFollower)
        #expect(error.behindTheLoss(of: []).code == .notLeaderOrFollower)
        #expect(KafkaError.positionWaitCancelled.behindTheLoss(of: partitions).code == .cancelled)
        #expect(KafkaError.clientClosed.behindTheLoss(of: partitions).code == .clientClosed)
    }
}
