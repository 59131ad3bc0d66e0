import TestSupport
import Testing

@testable import AsyncKafka

/// Pause and resume, and batches, on the machine alone.
struct DeliveryStateMachinePauseTests {
    typealias Machine = DeliveryStateMachineTests.Machine
    typealias Message = DeliveryStateMachineTests.Message

    private let first = KafkaTopicPartition(topic: "orders", partition: 0)
    private let second = KafkaTopicPartition(topic: "orders", partition: 1)

    /// Two partitions whose messages alternate: 0@0 1@0 0@1 1@1 …
    private func machine(
        _ policy: Machine.Policy = .manual,
        _ count: Int64 = 3
    ) -> (machine: Machine, epochs: [PartitionEpoch]) {
        var machine = Machine(policy: policy)
        let epochs = [machine.assign(first), machine.assign(second)]
        machine.append(messages(epochs, 0..<count))
        return (machine, epochs)
    }

    private func messages(_ epochs: [PartitionEpoch], _ offsets: Range<Int64>) -> [Message] {
        offsets.flatMap { offset in epochs.map { Message(epoch: $0, offset: offset) } }
    }

    private func text(_ message: Message) -> String { "\(message.epoch.topicPartition.partition)@\(message.offset)" }

    /// What a loop gets until it has to fetch.
    private func read(_ machine: inout Machine, _ reader: UInt64, limit: Int = 100) -> [String] {
        var texts: [String] = []
        while texts.count < limit,
            case .deliver(let message) = machine.ask(reader: reader, task: 1, isCancelled: false).step
        {
            texts.append(text(message))
        }
        return texts
    }

    private func batch(
        _ machine: inout Machine,
        _ reader: UInt64,
        maxCount: Int = 100,
        minCount: Int = 1,
        isCancelled: Bool = false
    ) -> [String]? {
        let action = machine.nextBatch(
            reader: reader,
            task: 1,
            maxCount: maxCount,
            minCount: minCount,
            isCancelled: isCancelled
        )
        guard case .deliver(let messages) = action.step else { return nil }
        return messages.map(text)
    }

    private func marks(_ machine: inout Machine) -> [Int: Int64] {
        Dictionary(uniqueKeysWithValues: machine.takeMarks().map { ($0.epoch.topicPartition.partition, $0.offset) })
    }

    // MARK: Pause

    @Test
    func whatAPausedPartitionHoldsComesFirstAndInOrder() {
        var (machine, epochs) = machine()
        let reader = machine.makeReader()
        #expect(read(&machine, reader, limit: 1) == ["0@0"])
        machine.pause([first])
        #expect(read(&machine, reader) == ["1@0", "1@1", "1@2"])
        // librdkafka may still have some.
        #expect(with(&machine) { $0.append(messages(epochs, 3..<5)) })
        #expect(!with(&machine) { $0.append([Message(epoch: epochs[0], offset: 5)]) }, "there is nothing for the loop")
        #expect(read(&machine, reader, limit: 1) == ["1@3"])
        let result = machine.resume([first])
        #expect(result.resumed == [first])
        #expect(result.hasMore)
        #expect(read(&machine, reader) == ["0@1", "0@2", "0@3", "0@4", "0@5", "1@4"])
    }

    @Test
    func resumingChangesTheRevisionSoThatALoopDoesNotPark() {
        var (machine, _) = machine()
        let reader = machine.makeReader()
        machine.pause([first, second])
        let action = machine.ask(reader: reader, task: 1, isCancelled: false)
        guard case .fetch = action.step else {
            Issue.record("both are paused")
            return
        }
        #expect(action.revision == machine.revision)
        _ = machine.resume([second])
        #expect(action.revision != machine.revision)
        #expect(read(&machine, reader) == ["1@0", "1@1", "1@2"])
    }

    @Test
    func aPauseIsOfTheNameAndOutlivesTheAssignment() {
        var (machine, epochs) = machine()
        machine.pause([first])
        machine.fence(epochs)
        let again = machine.assign(first)
        machine.append([Message(epoch: again, offset: 0)])
        let reader = machine.makeReader()
        #expect(read(&machine, reader).isEmpty, "what was held is dropped, what is new is held")
        #expect(machine.paused == [first])
        #expect(with(&machine) { $0.resume([first, second]).resumed } == [first])
        #expect(read(&machine, reader) == ["0@0"])
    }

    @Test
    func theMessageInHandOfAPausedPartitionIsFinishedAndMarked() {
        var (machine, _) = machine(.afterProcessing)
        let reader = machine.makeReader()
        #expect(read(&machine, reader, limit: 1) == ["0@0"])
        machine.pause([first])
        #expect(read(&machine, reader, limit: 1) == ["1@0"])
        #expect(marks(&machine) == [0: 1])
    }

    @Test
    func theMessageInHandOfAPausedPartitionComesAgainAtResume() {
        var (machine, _) = machine(.afterProcessing)
        let loop = machine.makeReader()
        #expect(read(&machine, loop, limit: 1) == ["0@0"])
        machine.pause([first])
        _ = machine.releaseReader(loop)
        let next = machine.makeReader()
        #expect(read(&machine, next) == ["1@0", "1@1", "1@2"])
        _ = machine.resume([first])
        #expect(read(&machine, next) == ["0@0", "0@1", "0@2"])
    }

    @Test
    func aRevokeDropsWhatIsHeld() {
        var (machine, epochs) = machine()
        machine.pause([first])
        #expect(!with(&machine) { $0.drain([epochs[0]]) })
        machine.append([Message(epoch: epochs[0], offset: 3)])
        _ = machine.resume([first])
        let reader = machine.makeReader()
        #expect(read(&machine, reader) == ["1@0", "1@1", "1@2"])
    }

    @Test
    func pausingTwiceIsPausingOnceAndOthersAreLeftAlone() {
        var (machine, _) = machine()
        machine.pause([first])
        machine.pause([first])
        #expect(with(&machine) { $0.resume([second]).resumed }.isEmpty)
        let reader = machine.makeReader()
        #expect(read(&machine, reader) == ["1@0", "1@1", "1@2"])
        #expect(with(&machine) { $0.resume([first, first]).resumed } == [first])
        #expect(read(&machine, reader) == ["0@0", "0@1", "0@2"])
    }

    @Test
    func randomPausesLoseAndRepeatNothingAndKeepTheOrder() {
        for seed in UInt64(0)..<200 {
            var random = SplitMix(state: seed)
            var machine = Machine(policy: seed % 2 == 0 ? .manual : .afterProcessing)
            let partitions = (0..<4).map { KafkaTopicPartition(topic: "orders", partition: $0) }
            let epochs = partitions.map { machine.assign($0) }
            var appended: [Int64] = [0, 0, 0, 0]
            var read: [[Int64]] = [[], [], [], []]
            var loop = machine.makeReader()
            for _ in 0..<400 {
                switch Int.random(in: 0..<6, using: &random) {
                case 0:
                    let slot = Int.random(in: 0..<4, using: &random)
                    machine.append([Message(epoch: epochs[slot], offset: appended[slot])])
                    appended[slot] += 1
                case 1: machine.pause([partitions.randomElement(using: &random) ?? first])
                case 2: _ = machine.resume([partitions.randomElement(using: &random) ?? first])
                case 3:
                    guard
                        case .deliver(let batch) = machine.nextBatch(
                            reader: loop,
                            task: 1,
                            maxCount: 3,
                            isCancelled: false
                        ).step
                    else { continue }
                    for message in batch {
                        #expect(!machine.paused.contains(message.epoch.topicPartition))
                        read[message.epoch.topicPartition.partition].append(message.offset)
                    }
                case 4:
                    guard case .deliver(let message) = machine.ask(reader: loop, task: 1, isCancelled: false).step
                    else { continue }
                    #expect(!machine.paused.contains(message.epoch.topicPartition))
                    read[message.epoch.topicPartition.partition].append(message.offset)
                    _ = machine.mark(message)
                default:
                    for message in machine.batchInHand { _ = machine.mark(message) }
                    _ = machine.releaseReader(loop)
                    loop = machine.makeReader()
                }
            }
            _ = machine.resume(partitions)
            while case .deliver(let message) = machine.ask(reader: loop, task: 1, isCancelled: false).step {
                read[message.epoch.topicPartition.partition].append(message.offset)
            }
            #expect(read == appended.map { Array(0..<$0) }, "seed \(seed)")
        }
    }

    // MARK: Batches

    @Test
    func askingForTheNextBatchMarksTheWholeLastOne() {
        var (machine, _) = machine(.afterProcessing)
        let reader = machine.makeReader()
        #expect(batch(&machine, reader, maxCount: 3) == ["0@0", "1@0", "0@1"])
        #expect(marks(&machine).isEmpty)
        #expect(batch(&machine, reader, maxCount: 3) == ["1@1", "0@2", "1@2"])
        #expect(marks(&machine) == [0: 2, 1: 1])
        #expect(batch(&machine, reader) == nil)
        #expect(marks(&machine) == [0: 3, 1: 3])
    }

    @Test(arguments: [Machine.Policy.manual, .afterProcessing])
    func whatOfABatchIsNeitherMarkedNorCommittedComesAgain(_ policy: Machine.Policy) {
        var (machine, epochs) = machine(policy)
        let reader = machine.makeReader()
        #expect(batch(&machine, reader, maxCount: 5) == ["0@0", "1@0", "0@1", "1@1", "0@2"])
        _ = machine.mark(Message(epoch: epochs[0], offset: 1))
        _ = machine.releaseReader(reader)
        // After the loop as well.
        machine.committed(epochs[1], 1)
        #expect(batch(&machine, machine.makeReader()) == ["1@1", "0@2", "1@2"])
    }

    @Test
    func aCancelledNextMarksNothingOfTheBatch() {
        var (machine, _) = machine(.afterProcessing)
        let reader = machine.makeReader()
        #expect(batch(&machine, reader, maxCount: 2) == ["0@0", "1@0"])
        #expect(batch(&machine, reader, isCancelled: true) == nil)
        #expect(marks(&machine).isEmpty)
        #expect(batch(&machine, machine.makeReader()) == ["0@0", "1@0", "0@1", "1@1", "0@2", "1@2"])
    }

    @Test
    func aBatchThatIsToBeFullTakesNothingBefore() {
        var (machine, epochs) = machine()
        let reader = machine.makeReader()
        let action = machine.nextBatch(reader: reader, task: 1, maxCount: 8, minCount: 8, isCancelled: false)
        guard case .fetch = action.step else {
            Issue.record("it is not full")
            return
        }
        #expect(action.available == 6)
        machine.append([Message(epoch: epochs[0], offset: 3)])
        machine.pause([second])
        #expect(batch(&machine, reader, maxCount: 5, minCount: 5) == nil, "four are left")
        #expect(batch(&machine, reader, maxCount: 5, minCount: 1) == ["0@0", "0@1", "0@2", "0@3"])
        _ = machine.resume([second])
        #expect(batch(&machine, reader, maxCount: 3, minCount: 3) == ["1@0", "1@1", "1@2"])
    }

    @Test
    func aBatchLoopGetsTheMessageThatALoopOverMessagesLeft() {
        var (machine, _) = machine(.afterProcessing)
        let loop = machine.makeReader()
        #expect(read(&machine, loop, limit: 2) == ["0@0", "1@0"])
        _ = machine.releaseReader(loop)
        #expect(batch(&machine, machine.makeReader(), maxCount: 2) == ["1@0", "0@1"])
        #expect(marks(&machine) == [0: 1])
    }

    @Test
    func aRevokedPartitionIsNotCountedAsThere() {
        var (machine, epochs) = machine()
        let reader = machine.makeReader()
        _ = machine.drain([epochs[0]])
        let action = machine.nextBatch(reader: reader, task: 1, maxCount: 8, minCount: 8, isCancelled: false)
        #expect(action.available == 3)
        machine.fence(epochs)
        let second = machine.nextBatch(reader: reader, task: 1, maxCount: 8, minCount: 8, isCancelled: false)
        #expect(second.available == 0)
    }
}
