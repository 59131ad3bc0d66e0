import Testing

@testable import AsyncKafka

struct HandoutStateMachineTests {
    typealias Message = DeliveryStateMachineTests.Message
    typealias Machine = HandoutStateMachine<Message>

    private let orders = PartitionEpoch(KafkaTopicPartition(topic: "orders", partition: 0), slot: 0)
    private let others = PartitionEpoch(KafkaTopicPartition(topic: "orders", partition: 1), slot: 1)

    private func messages(_ epoch: PartitionEpoch, _ offsets: Range<Int64>) -> [Message] {
        offsets.map { Message(epoch: epoch, offset: $0) }
    }

    private func text(_ offsets: [(epoch: PartitionEpoch, offset: Int64)]) -> [String] {
        offsets.map { "\($0.epoch.topicPartition.partition)@\($0.offset)" }.sorted()
    }

    @Test
    func messagesAreHandedOutWhenTheirCommitIsAcknowledged() {
        var machine = Machine(maxCount: 10)
        machine.hold(messages(orders, 3..<5) + messages(others, 0..<1))
        #expect(text(with(&machine) { $0.commit() }) == ["0@5", "1@1"])
        #expect(machine.isCommitting)
        #expect(with(&machine) { $0.commit() }.isEmpty, "one at a time")
        #expect(with(&machine) { $0.result { _ in false } }.map(\.offset) == [3, 4, 0])
        #expect(!machine.isCommitting && !machine.holdsMessages)
        #expect(with(&machine) { $0.commit() }.isEmpty)
    }

    @Test
    func whatFailedIsHeldForTheNextAttempt() {
        var machine = Machine(maxCount: 10)
        machine.hold(messages(orders, 3..<5) + messages(others, 0..<1))
        _ = machine.commit()
        #expect(with(&machine) { $0.result { $0 == orders.topicPartition } }.map(\.offset) == [0])
        #expect(machine.holdsMessages)
        #expect(text(with(&machine) { $0.commit() }) == ["0@5"])
        #expect(with(&machine) { $0.result { _ in false } }.map(\.offset) == [3, 4])
    }

    @Test
    func wherePartitionsAreReadApartWhatFailedWaitsUntilItIsAskedForAndHoldsUpNoOther() {
        var machine = Machine(maxCount: 10)
        machine.hold(messages(orders, 3..<5))
        #expect(text(with(&machine) { $0.commit(isRetrying: false) }) == ["0@5"])
        #expect(with(&machine) { $0.result { _ in true } }.isEmpty)
        #expect(with(&machine) { $0.commit(isRetrying: false) }.isEmpty)
        #expect(!machine.isCommitting)
        machine.hold(messages(others, 0..<1) + messages(orders, 5..<6))
        #expect(text(with(&machine) { $0.commit(isRetrying: false) }) == ["1@1"])
        #expect(with(&machine) { $0.result { _ in false } }.map(\.offset) == [0])
        machine.retry(orders.topicPartition)
        #expect(text(with(&machine) { $0.commit(isRetrying: false) }) == ["0@6"])
        #expect(with(&machine) { $0.result { _ in true } }.isEmpty)
        // A loop over all messages asks for all of them.
        #expect(text(with(&machine) { $0.commit() }) == ["0@6"])
        #expect(with(&machine) { $0.result { _ in false } }.map(\.offset) == [3, 4, 5])
    }

    @Test
    func whatWasTakenAwayIsNeitherCommittedNorHandedOut() {
        var machine = Machine(maxCount: 10)
        machine.hold(messages(orders, 3..<5) + messages(others, 0..<1))
        _ = machine.commit()
        orders.fence()
        #expect(with(&machine) { $0.fence([orders]) }.isEmpty)
        #expect(with(&machine) { $0.result { _ in false } }.map(\.offset) == [0])
        machine.hold(messages(others, 1..<2))
        others.fence()
        #expect(with(&machine) { $0.commit() }.isEmpty)
        #expect(!machine.isCommitting && !machine.holdsMessages)
    }

    @Test
    func whatIsNotHandedOutGoesBackOrIsTold() {
        var machine = Machine(maxCount: 10)
        machine.hold(messages(orders, 7..<9) + messages(others, 5..<6))
        _ = machine.commit()
        // Of the first some wait for a loop; those come before what is held.
        let back = machine.giveBack([orders, others], undelivered: [(orders, 4)])
        #expect(text(back) == ["0@4", "1@5"])
        machine.committed(orders, 9)
        machine.committed(orders, 4)
        #expect(with(&machine) { $0.fence([orders]) }.isEmpty, "it has gone back")
        let skipped = machine.fence([others])
        #expect(skipped.map(\.partition) == [others.topicPartition])
        #expect(skipped.map(\.offset) == [5])
        #expect(with(&machine) { $0.takeReturning() }.isEmpty)
    }

    @Test
    func theClientsOwnCommitsHaveNumbersOfTheirOwn() {
        var machine = Machine(maxCount: 1)
        let numbers = (0..<3).map { _ in machine.nextNumber() }
        #expect(Set(numbers).count == 3)
        #expect(numbers.allSatisfy { $0 > 1 << 63 })
    }

    @Test
    func aLoopThrowsAnInterruptionOnceItHasNothingElse() {
        var machine = DeliveryStateMachine<Message>(policy: .onDelivery)
        let epoch = machine.assign(orders.topicPartition)
        let first = machine.makeReader()
        machine.append(messages(epoch, 0..<1))
        func next(_ reader: UInt64) -> String {
            switch machine.next(reader: reader, task: 1, isCancelled: false).step {
            case .deliver(let message): "\(message.offset)"
            case .fetch: "fetch"
            case .end: "end"
            case .failed(let error): "\(error.code)"
            }
        }
        #expect(next(first) == "0")
        machine.append(messages(epoch, 1..<2))
        machine.interrupt(KafkaError(.timedOut, "no answer"))
        #expect(machine.interruption != nil)
        #expect(next(first) == "1")
        #expect(next(first) == "timedOut")
        #expect(next(first) == "fetch")
        #expect(machine.interruption == nil)
        // The next loop is not told about an attempt that was not its own, and goes on behind the message in hand.
        machine.interrupt(KafkaError(.timedOut, "no answer"))
        _ = machine.releaseReader(first)
        machine.append(messages(epoch, 2..<4))
        let second = machine.makeReader()
        #expect(next(second) == "2")
        #expect(machine.undelivered(of: [epoch]).map(\.offset) == [3])
    }

    /// A loop that begins while the revoke is still open must not commit again what has gone back.
    @Test
    func whatIsGivenBackGoesForwardNoMore() {
        var machine = Machine(maxCount: 10)
        machine.hold(messages(orders, 51..<100) + messages(others, 0..<1))
        _ = machine.commit()
        #expect(with(&machine) { $0.result { _ in true } }.isEmpty, "the broker has not answered")
        #expect(text(with(&machine) { $0.giveBack([orders], undelivered: []) }) == ["0@51"])
        machine.committed(orders, 51)
        #expect(text(with(&machine) { $0.commit() }) == ["1@1"])
        #expect(with(&machine) { $0.result { _ in false } }.map(\.offset) == [0])
        #expect(!machine.holdsMessages)
    }

    /// A close during a revoke gives everything back again, when the batch that came first is gone.
    @Test
    func thePlaceThatAPartitionGoesBackToIsTheFirstOneSaid() {
        var machine = Machine(maxCount: 10)
        machine.hold(messages(orders, 61..<100))
        _ = machine.commit()
        #expect(text(with(&machine) { $0.giveBack([orders], undelivered: [(orders, 51)]) }) == ["0@51"])
        #expect(with(&machine) { $0.giveBack([orders], undelivered: []) }.isEmpty)
        machine.committed(orders, 61)
        #expect(with(&machine) { $0.takeReturning() } == [orders.topicPartition: 51], "61 was not it")
    }
}
