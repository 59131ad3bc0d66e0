import Testing

@testable import AsyncKafka

struct DeliveryStateMachineTests {
    struct Message: DeliverableMessage, Equatable {
        let epoch: PartitionEpoch
        let offset: Int64

        static func == (left: Message, right: Message) -> Bool {
            left.epoch === right.epoch && left.offset == right.offset
        }
    }

    typealias Machine = DeliveryStateMachine<Message>

    private let orders = KafkaTopicPartition(topic: "orders", partition: 0)
    private let others = KafkaTopicPartition(topic: "orders", partition: 1)

    /// The offset that `next` gives, or what else it says.
    func next(
        _ machine: inout Machine,
        _ reader: UInt64,
        task: Int = 1,
        isCancelled: Bool = false
    ) -> String {
        switch machine.ask(reader: reader, task: task, isCancelled: isCancelled).step {
        case .deliver(let message): "\(message.epoch.topicPartition.partition)@\(message.offset)"
        case .fetch: "fetch"
        case .end: "end"
        case .failed(let error): "\(error.code)"
        }
    }

    func marks(_ machine: inout Machine) -> [Int: Int64] {
        Dictionary(uniqueKeysWithValues: machine.takeMarks().map { ($0.epoch.topicPartition.partition, $0.offset) })
    }

    private func machine(
        _ policy: Machine.Policy,
        _ offsets: Range<Int64> = 0..<5
    ) -> (machine: Machine, epoch: PartitionEpoch) {
        var machine = Machine(policy: policy)
        let epoch = machine.assign(orders)
        machine.append(offsets.map { Message(epoch: epoch, offset: $0) })
        return (machine, epoch)
    }

    @Test
    func askingForTheNextMessageMarksTheLastOne() {
        var (machine, _) = machine(.afterProcessing)
        let reader = machine.makeReader()
        #expect(next(&machine, reader) == "0@0")
        #expect(marks(&machine).isEmpty)
        #expect(next(&machine, reader) == "0@1")
        #expect(marks(&machine) == [0: 1])
        #expect(next(&machine, reader) == "0@2")
        #expect(marks(&machine) == [0: 2])
    }

    @Test
    func underManualNothingIsMarked() {
        var (machine, epoch) = machine(.manual)
        let reader = machine.makeReader()
        for offset in 0..<5 { #expect(next(&machine, reader) == "0@\(offset)") }
        #expect(next(&machine, reader) == "fetch")
        #expect(marks(&machine).isEmpty)
        #expect(with(&machine) { $0.mark(Message(epoch: epoch, offset: 3)) } == true)
        #expect(marks(&machine) == [0: 4])
    }

    @Test
    func onlyTheFirstNewMarkWakesTheThread() {
        var (machine, epoch) = machine(.afterProcessing)
        #expect(with(&machine) { $0.mark(Message(epoch: epoch, offset: 0)) } == true)
        #expect(with(&machine) { $0.mark(Message(epoch: epoch, offset: 1)) } == false)
        _ = marks(&machine)
        #expect(with(&machine) { $0.mark(Message(epoch: epoch, offset: 2)) } == true)
        #expect(with(&machine) { $0.mark(Message(epoch: epoch, offset: 1)) } == false, "marks do not go back")
        #expect(marks(&machine) == [0: 3])
    }

    @Test
    func acknowledgedMarksAreNotTakenAgain() {
        var (machine, epoch) = machine(.afterProcessing)
        _ = machine.mark(Message(epoch: epoch, offset: 4))
        #expect(marks(&machine) == [0: 5])
        #expect(marks(&machine) == [0: 5], "until they are acknowledged")
        machine.committed(epoch, 5)
        #expect(marks(&machine).isEmpty)
    }

    @Test
    func aBreakUnderAfterProcessingBringsTheMessageInHandAgain() {
        var (machine, _) = machine(.afterProcessing)
        let first = machine.makeReader()
        #expect(next(&machine, first) == "0@0")
        #expect(next(&machine, first) == "0@1")
        _ = machine.releaseReader(first)
        let second = machine.makeReader()
        #expect(next(&machine, second) == "0@1")
        #expect(next(&machine, second) == "0@2")
        #expect(marks(&machine) == [0: 2])
    }

    @Test(arguments: [true, false])
    func aMarkedOrCommittedMessageDoesNotComeAgain(isMarked: Bool) {
        var (machine, epoch) = machine(.afterProcessing)
        let first = machine.makeReader()
        #expect(next(&machine, first) == "0@0")
        if isMarked {
            _ = machine.mark(Message(epoch: epoch, offset: 0))
        } else {
            machine.committed(epoch, 1)
        }
        _ = machine.releaseReader(first)
        let second = machine.makeReader()
        #expect(next(&machine, second) == "0@1")
    }

    @Test
    func aBreakUnderManualGoesOnBehindTheMessage() {
        var (machine, _) = machine(.manual)
        for offset in 0..<5 {
            let reader = machine.makeReader()
            #expect(next(&machine, reader) == "0@\(offset)")
            _ = machine.releaseReader(reader)
        }
    }

    @Test
    func aCancelledNextMarksAndLosesNothing() {
        var (machine, _) = machine(.afterProcessing)
        let first = machine.makeReader()
        #expect(next(&machine, first) == "0@0")
        #expect(next(&machine, first, isCancelled: true) == "end")
        #expect(marks(&machine).isEmpty)
        _ = machine.releaseReader(first)
        let second = machine.makeReader()
        #expect(next(&machine, second, isCancelled: true) == "end")
        _ = machine.releaseReader(second)
        let third = machine.makeReader()
        #expect(next(&machine, third) == "0@0")
    }

    @Test
    func aSecondLoopBesideTheFirstThrows() {
        var (machine, _) = machine(.manual)
        let first = machine.makeReader()
        let second = machine.makeReader()
        #expect(next(&machine, first) == "0@0")
        #expect(next(&machine, second) == "alreadyIterating")
        #expect(next(&machine, first) == "0@1")
        _ = machine.releaseReader(first)
        #expect(next(&machine, second) == "0@2")
    }

    @Test
    func aFencedEpochIsNeitherDeliveredNorMarked() {
        var (machine, epoch) = machine(.afterProcessing)
        let reader = machine.makeReader()
        #expect(next(&machine, reader) == "0@0")
        machine.fence([epoch])
        #expect(!epoch.isCurrent)
        #expect(next(&machine, reader) == "fetch")
        #expect(marks(&machine).isEmpty)
        #expect(with(&machine) { $0.mark(Message(epoch: epoch, offset: 3)) } == nil)
        // The slot is used again; the old epoch still means nothing.
        let new = machine.assign(others)
        #expect(new.slot == epoch.slot)
        #expect(with(&machine) { $0.mark(Message(epoch: epoch, offset: 3)) } == nil)
        machine.committed(epoch, 100)
        _ = machine.mark(Message(epoch: new, offset: 0))
        #expect(marks(&machine) == [1: 1])
    }

    @Test
    func aMessageOfAnotherConsumerIsNotOurs() {
        var other = Machine(policy: .manual)
        for number in 0..<5 { _ = other.assign(KafkaTopicPartition(topic: "orders", partition: number)) }
        let foreign = other.assign(orders)
        var (machine, _) = machine(.manual)
        #expect(foreign.isCurrent)
        #expect(with(&machine) { $0.mark(Message(epoch: foreign, offset: 3)) } == nil)
        machine.committed(foreign, 3)
        #expect(!with(&machine) { $0.drain([foreign]) })
        #expect(marks(&machine).isEmpty)
    }

    @Test
    func aRevokeWaitsForTheMessageInHandOnly() {
        var (machine, epoch) = machine(.afterProcessing)
        let other = machine.assign(others)
        machine.append([Message(epoch: other, offset: 7)])
        let reader = machine.makeReader()
        #expect(next(&machine, reader) == "0@0")
        #expect(!with(&machine) { $0.drain([other]) }, "the message in hand is of another partition")
        #expect(with(&machine) { $0.drain([epoch]) })
        #expect(machine.isWaitingForRelease)
        let action = machine.ask(reader: reader, task: 1, isCancelled: false)
        #expect(action.wakesThread)
        #expect(!machine.isWaitingForRelease)
        guard case .fetch = action.step else {
            Issue.record("what is drained is not delivered")
            return
        }
        #expect(marks(&machine) == [0: 1], "finished before the fence")
    }

    @Test
    func theEndOfALoopReleasesTheMessageInHand() {
        var (machine, epoch) = machine(.afterProcessing)
        let reader = machine.makeReader()
        #expect(next(&machine, reader) == "0@0")
        #expect(with(&machine) { $0.drain([epoch]) })
        #expect(with(&machine) { $0.releaseReader(reader) })
        #expect(!machine.isWaitingForRelease)
        #expect(!with(&machine) { $0.drain([epoch]) }, "nobody works on it")
    }

    @Test
    func closingWaitsForAnotherTasksMessageOnly() {
        var (first, _) = machine(.afterProcessing)
        let reader = first.makeReader()
        #expect(next(&first, reader, task: 1) == "0@0")
        #expect(with(&first) { $0.close(task: 2) })
        #expect(with(&first) { $0.next(reader: reader, task: 1, isCancelled: false) }.wakesThread)
        #expect(marks(&first) == [0: 1])

        var (second, _) = machine(.afterProcessing)
        let body = second.makeReader()
        #expect(next(&second, body, task: 1) == "0@0")
        #expect(!with(&second) { $0.close(task: 1) }, "called from within the body")
        #expect(next(&second, body, task: 1) == "end")
    }

    @Test
    func aFailureIsThrownOnce() {
        var (machine, _) = machine(.manual)
        let reader = machine.makeReader()
        machine.fail(KafkaError(.groupAuthorizationFailed, "no"))
        #expect(next(&machine, reader) == "groupAuthorizationFailed")
        #expect(next(&machine, reader) == "end")
    }
}

// MARK: Batches

extension DeliveryStateMachineTests {
    /// The offsets that `nextBatch` gives, or what else it says.
    private func nextBatch(
        _ machine: inout Machine,
        _ reader: UInt64,
        maxCount: Int = 3,
        isCancelled: Bool = false
    ) -> String {
        let action = machine.nextBatch(reader: reader, task: 1, maxCount: maxCount, isCancelled: isCancelled)
        return switch action.step {
        case .deliver(let messages):
            messages.map { "\($0.epoch.topicPartition.partition)@\($0.offset)" }.joined(separator: " ")
        case .fetch: "fetch"
        case .end: "end"
        case .failed(let error): "\(error.code)"
        }
    }

    @Test
    func batchesTakeWhatIsThereUpToTheirLimit() {
        var (machine, _) = machine(.manual)
        let reader = machine.makeReader()
        #expect(nextBatch(&machine, reader) == "0@0 0@1 0@2")
        #expect(nextBatch(&machine, reader) == "0@3 0@4")
        #expect(nextBatch(&machine, reader) == "fetch")
        #expect(marks(&machine).isEmpty)
    }

    @Test
    func aBatchThatWasNotFinishedComesAgainBeforeTheRest() {
        var (machine, epoch) = machine(.manual)
        let reader = machine.makeReader()
        #expect(nextBatch(&machine, reader) == "0@0 0@1 0@2")
        machine.append([Message(epoch: epoch, offset: 5)])
        #expect(with(&machine) { $0.releaseReader(reader) } == false)
        let next = machine.makeReader()
        #expect(nextBatch(&machine, next, maxCount: 10) == "0@0 0@1 0@2 0@3 0@4 0@5")
    }

    @Test
    func aLoopOverMessagesGetsABatchThatWasGivenBack() {
        var (machine, _) = machine(.manual)
        let reader = machine.makeReader()
        #expect(nextBatch(&machine, reader) == "0@0 0@1 0@2")
        _ = machine.releaseReader(reader)
        let loop = machine.makeReader()
        for offset in 0..<5 { #expect(next(&machine, loop) == "0@\(offset)") }
    }

    @Test
    func aRevokeWaitsForTheBatchThatHoldsAMessageOfThePartition() {
        var (machine, epoch) = machine(.manual, 0..<1)
        let other = machine.assign(others)
        machine.append([Message(epoch: other, offset: 0), Message(epoch: other, offset: 1)])
        let reader = machine.makeReader()
        #expect(nextBatch(&machine, reader, maxCount: 2) == "0@0 1@0")
        #expect(with(&machine) { $0.drain([epoch]) })
        #expect(machine.isWaitingForRelease)
        // Finished, and nothing more of the partition.
        #expect(nextBatch(&machine, reader) == "1@1")
        #expect(!machine.isWaitingForRelease)
        machine.fence([epoch])
    }

    @Test
    func aRevokeOfOtherPartitionsDoesNotWaitForABatch() {
        var (machine, _) = machine(.manual)
        let other = machine.assign(others)
        let reader = machine.makeReader()
        #expect(nextBatch(&machine, reader) == "0@0 0@1 0@2")
        #expect(with(&machine) { $0.drain([other]) } == false)
    }

    @Test
    func whatIsGivenBackOfAnEndedEpochIsNotDelivered() {
        var (machine, epoch) = machine(.manual, 0..<2)
        let other = machine.assign(others)
        machine.append([Message(epoch: other, offset: 0)])
        let reader = machine.makeReader()
        #expect(nextBatch(&machine, reader) == "0@0 0@1 1@0")
        machine.fence([epoch])
        _ = machine.releaseReader(reader)
        #expect(nextBatch(&machine, machine.makeReader()) == "1@0")
    }

    @Test
    func aCancelledReaderGetsNoBatchAndTheLastOneComesAgainUnlessItIsCommitted() {
        var (machine, epoch) = machine(.manual)
        let reader = machine.makeReader()
        #expect(nextBatch(&machine, reader) == "0@0 0@1 0@2")
        #expect(nextBatch(&machine, reader, isCancelled: true) == "end")
        _ = machine.releaseReader(reader)
        let next = machine.makeReader()
        #expect(nextBatch(&machine, next) == "0@0 0@1 0@2")
        machine.committed(epoch, 3)
        #expect(nextBatch(&machine, next, isCancelled: true) == "end")
        #expect(nextBatch(&machine, machine.makeReader()) == "0@3 0@4")
    }

    @Test
    func closeEndsBatches() {
        var (machine, _) = machine(.manual)
        let reader = machine.makeReader()
        #expect(nextBatch(&machine, reader) == "0@0 0@1 0@2")
        #expect(with(&machine) { $0.close(task: 2) })
        #expect(nextBatch(&machine, reader) == "end")
        _ = machine.releaseReader(reader)
        #expect(nextBatch(&machine, machine.makeReader()) == "end")
    }

    @Test
    func aFailureEndsBatchesOnce() {
        var (machine, _) = machine(.manual)
        let reader = machine.makeReader()
        machine.fail(KafkaError(.fatal, "over"))
        #expect(nextBatch(&machine, reader) == "fatal")
        #expect(nextBatch(&machine, reader) == "end")
    }

    @Test
    func batchesAndLoopsExcludeEachOther() {
        var (machine, _) = machine(.manual)
        let loop = machine.makeReader()
        let reader = machine.makeReader()
        #expect(next(&machine, loop) == "0@0")
        #expect(nextBatch(&machine, reader) == "alreadyIterating")
        _ = machine.releaseReader(loop)
        #expect(nextBatch(&machine, reader) == "0@1 0@2 0@3")
        #expect(next(&machine, loop) == "alreadyIterating")
    }

    @Test
    func aHandlerThatWasGivenUpHoldsUpNoOtherPartition() {
        var (machine, epoch) = machine(.manual)
        let other = machine.assign(others)
        let reader = machine.makeReader()
        #expect(next(&machine, reader) == "0@0")
        #expect(with(&machine) { $0.drain([epoch]) })
        #expect(machine.isWaitingForRelease)
        // The deadline: its handler still works.
        machine.fence([epoch])
        #expect(!with(&machine) { $0.drain([other]) })
        #expect(!machine.isWaitingForRelease)
    }

    @Test
    func marksWhoseCommitHasFailedAreDueAgain() {
        var (machine, _) = machine(.afterProcessing)
        let reader = machine.makeReader()
        _ = next(&machine, reader)
        _ = next(&machine, reader)
        #expect(marks(&machine) == [0: 1])
        #expect(!machine.hasNewMarks)
        machine.marksAreLeft()
        #expect(machine.hasNewMarks)
        #expect(marks(&machine) == [0: 1])
    }

    // MARK: What is made ready

    @Test
    func thereIsRoomOnceALoopBeginsWithABatch() {
        var (machine, epoch) = machine(.manual, 0..<2)
        #expect(!machine.hasRoom, "nobody reads")
        let reader = machine.makeReader()
        #expect(machine.ask(reader: reader, task: 1, isCancelled: false).hasRoom)
        #expect(machine.hasRoom)
        machine.append((2..<4).map { Message(epoch: epoch, offset: $0) })
        #expect(!machine.hasRoom)
        #expect(!machine.ask(reader: reader, task: 1, isCancelled: false).hasRoom)
        #expect(!machine.hasRoom, "the next batch is not touched")
        #expect(machine.ask(reader: reader, task: 1, isCancelled: false).hasRoom)
        #expect(machine.hasRoom)
        #expect(!machine.ask(reader: reader, task: 1, isCancelled: false).hasRoom, "said once")
        _ = machine.releaseReader(reader)
        #expect(!machine.hasRoom)
    }

    @Test
    func thereIsRoomOnceABatchIsTaken() {
        var (machine, epoch) = machine(.manual, 0..<3)
        let reader = machine.makeReader()
        #expect(nextBatch(&machine, reader) == "0@0 0@1 0@2")
        #expect(machine.hasRoom)
        machine.append((3..<6).map { Message(epoch: epoch, offset: $0) })
        #expect(!machine.hasRoom, "one is in hand, and one is ready")
        #expect(machine.nextBatch(reader: reader, task: 1, maxCount: 3, isCancelled: false).hasRoom)
        #expect(machine.hasRoom)
    }

    @Test
    func whatIsToBeThrownDoesNotWaitForWhatIsMadeReady() {
        var (machine, _) = machine(.manual, 0..<2)
        let reader = machine.makeReader()
        #expect(next(&machine, reader) == "0@0")
        #expect(machine.hasRoom)
        machine.tell(KafkaError(.autoOffsetReset, "gone"))
        #expect(!machine.hasRoom)
        #expect(next(&machine, reader) == "0@1")
        guard case .failed = machine.ask(reader: reader, task: 1, isCancelled: false).step else {
            Issue.record("nothing is thrown")
            return
        }
        #expect(machine.hasRoom)
    }

    @Test
    func notMoreIsMadeReadyThanABatch() {
        var (machine, epoch) = machine(.manual, 0..<4)
        let reader = machine.makeReader()
        #expect(next(&machine, reader) == "0@0")
        #expect(machine.hasRoom(behind: 3))
        // Gathers what was there.
        machine.append((4..<8).map { Message(epoch: epoch, offset: $0) })
        machine.pause([epoch.topicPartition])
        _ = machine.resume([epoch.topicPartition])
        #expect(next(&machine, reader) == "0@1")
        #expect(!machine.hasRoom(behind: 3))
        #expect(machine.hasRoom(behind: 6))
    }

    @Test
    func nothingIsMadeReadyThatIsCommittedBefore() {
        var (machine, _) = machine(.onDelivery)
        let reader = machine.makeReader()
        #expect(next(&machine, reader) == "0@0")
        #expect(!machine.hasRoom)
    }

    @Test
    func nothingIsMadeReadyForAConsumerThatIsClosed() {
        var (machine, _) = machine(.manual)
        let reader = machine.makeReader()
        #expect(next(&machine, reader) == "0@0")
        #expect(machine.hasRoom)
        _ = machine.close(task: 1)
        #expect(!machine.hasRoom)
    }

    @Test
    func theMessageInHandIsKnownWhateverBecomesOfTheRest() {
        let changes: [(inout Machine, PartitionEpoch) -> Void] = [
            { machine, epoch in machine.append([Message(epoch: epoch, offset: 5)]) },
            { machine, _ in machine.pause([KafkaTopicPartition(topic: "orders", partition: 0)]) },
            { machine, epoch in _ = machine.drain([epoch], isRevoke: false) },
            { machine, epoch in
                machine.pause([epoch.topicPartition])
                _ = machine.resume([epoch.topicPartition])
            },
        ]
        for change in changes {
            var (machine, epoch) = machine(.afterProcessing)
            _ = machine.mark(Message(epoch: epoch, offset: 0))
            let reader = machine.makeReader()
            for offset in 0..<3 { #expect(next(&machine, reader) == "0@\(offset)") }
            change(&machine, epoch)
            #expect(machine.inHand == Message(epoch: epoch, offset: 2))
            #expect(machine.partitionsInHand == [orders])
            _ = next(&machine, reader)
            #expect(marks(&machine) == [0: 3])
        }
    }

    @Test
    func aPartitionThatGoesIsWhereItsLoopWas() {
        var (machine, epoch) = machine(.manual)
        let reader = machine.makeReader()
        #expect(next(&machine, reader) == "0@0")
        #expect(machine.nextUndelivered(of: epoch) == 1)
        _ = machine.drain([epoch])
        #expect(next(&machine, reader) == "fetch")
        #expect(machine.nextUndelivered(of: epoch) == 1, "what was drained and not delivered is still to be read")
        machine.fence([epoch])
        #expect(machine.nextUndelivered(of: epoch) == nil)
    }

    @Test
    func aClosedConsumerIsWhereItsLoopWas() {
        var (machine, epoch) = machine(.manual)
        let reader = machine.makeReader()
        #expect(next(&machine, reader) == "0@0")
        _ = machine.drain([epoch], isRevoke: false)
        #expect(machine.nextUndelivered(of: epoch) == 1)
        _ = machine.close(task: 2)
        #expect(machine.nextUndelivered(of: epoch) == 1)
    }
}

extension DeliveryStateMachine {
    /// A loop's question, as an iterator asks it.
    mutating func ask(reader: UInt64, task: Int, isCancelled: Bool) -> ReadAction<Message> {
        if !isCancelled, let message = takeNext(reader: reader, task: task) {
            return ReadAction(step: .deliver(message))
        }
        return next(reader: reader, task: task, isCancelled: isCancelled)
    }
}
