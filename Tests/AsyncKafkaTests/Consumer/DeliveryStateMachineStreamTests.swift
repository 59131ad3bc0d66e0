import TestSupport
import Testing

@testable import AsyncKafka

/// Partitions with streams of their own, on the machine alone.
struct DeliveryStateMachineStreamTests {
    typealias Machine = DeliveryStateMachineTests.Machine
    typealias Message = DeliveryStateMachineTests.Message

    private let names = (0..<4).map { KafkaTopicPartition(topic: "orders", partition: $0) }

    /// Partitions with messages 0, 1, 2.
    private func machine(
        _ policy: Machine.Policy = .manual,
        partitions: Int = 2,
        count: Int64 = 3
    ) -> (machine: Machine, epochs: [PartitionEpoch]) {
        var machine = Machine(policy: policy)
        let epochs = names[0..<partitions].map { machine.assign($0) }
        machine.offer(epochs)
        machine.append((0..<count).flatMap { offset in epochs.map { Message(epoch: $0, offset: offset) } })
        return (machine, epochs)
    }

    private func give(_ machine: inout Machine, _ loop: UInt64, isCancelled: Bool = false) -> (UInt64, String) {
        switch machine.nextPartition(loop: loop, isCancelled: isCancelled).step {
        case .deliver(let given): (given.stream, "\(given.topicPartition.partition)")
        case .fetch: (0, "fetch")
        case .end: (0, "end")
        case .failed(let error): (0, "\(error.code)")
        }
    }

    /// The streams of all partitions, in their order.
    private func streams(_ machine: inout Machine, _ loop: UInt64) -> [UInt64] {
        var streams: [UInt64] = []
        while case (let stream, let text) = give(&machine, loop), stream != 0 {
            #expect(text == "\(streams.count)")
            streams.append(stream)
        }
        return streams
    }

    private func text(_ step: Machine.ReadAction<Message>.Step) -> String {
        switch step {
        case .deliver(let message): "\(message.epoch.topicPartition.partition)@\(message.offset)"
        case .fetch: "fetch"
        case .end: "end"
        case .failed(let error): "\(error.code)"
        }
    }

    private func next(
        _ machine: inout Machine,
        _ stream: UInt64,
        _ reader: UInt64,
        task: Int = 1,
        isCancelled: Bool = false
    ) -> String {
        text(machine.next(stream: stream, reader: reader, task: task, isCancelled: isCancelled).step)
    }

    private func marks(_ machine: inout Machine) -> [Int: Int64] {
        Dictionary(uniqueKeysWithValues: machine.takeMarks().map { ($0.epoch.topicPartition.partition, $0.offset) })
    }

    // MARK: Giving

    @Test
    func eachAssignedPartitionIsGivenOnceInTheirOrder() {
        var (machine, epochs) = machine(partitions: 3)
        let early = machine.assign(names[3])
        let loop = machine.makeReader()
        #expect(streams(&machine, loop).count == 3)
        #expect(give(&machine, loop).1 == "fetch")
        let seen = machine.partitionRevision
        machine.offer([early])
        #expect(machine.partitionRevision != seen, "a loop that waits looks again")
        #expect(give(&machine, loop).1 == "3")
        // Taken away, and back.
        machine.fence([epochs[1]])
        #expect(give(&machine, loop).1 == "fetch")
        machine.offer([machine.assign(names[1])])
        #expect(give(&machine, loop).1 == "1")
    }

    @Test
    func aStreamThatNobodyHoldsIsGivenToTheNextLoopOnly() {
        var (machine, _) = machine(.afterProcessing)
        let loop = machine.makeReader()
        let all = streams(&machine, loop)
        let reader = machine.makeReader()
        #expect(next(&machine, all[0], reader) == "0@0")
        _ = machine.releaseReader(reader, ofStream: all[0])
        _ = machine.dropStream(all[0])
        #expect(give(&machine, loop).1 == "fetch")
        machine.releasePartitionLoop(loop)
        let second = machine.makeReader()
        let (stream, partition) = give(&machine, second)
        #expect(partition == "0")
        #expect(give(&machine, second).1 == "fetch", "the other one's stream lives")
        #expect(next(&machine, stream, machine.makeReader()) == "0@0", "it was not done with")
        #expect(next(&machine, all[0], reader) == "end")
    }

    @Test
    func aLoopThatWaitsIsWokenWhenAnEarlierOnesStreamIsLetGo() {
        var (machine, _) = machine(partitions: 2)
        let first = machine.makeReader()
        let all = streams(&machine, first)
        machine.releasePartitionLoop(first)
        let second = machine.makeReader()
        #expect(give(&machine, second).1 == "fetch")
        let seen = machine.partitionRevision
        #expect(with(&machine) { $0.dropStream(all[0]) })
        #expect(machine.partitionRevision != seen)
        #expect(give(&machine, second).1 == "0")
        machine.releasePartitionLoop(second)
        #expect(!with(&machine) { $0.dropStream(all[1]) }, "nobody waits")
    }

    @Test
    func aStreamOrALoopThatIsOverIsNotReadAnyMore() {
        var (machine, epochs) = machine(partitions: 1)
        let loop = machine.makeReader()
        let stream = streams(&machine, loop)[0]
        #expect(machine.isRead(byStream: stream) && machine.isRead(byPartitionLoop: loop))
        #expect(!machine.isRead(byPartitionLoop: machine.makeReader()))
        machine.fence(epochs)
        #expect(!machine.isRead(byStream: stream))
        machine.releasePartitionLoop(loop)
        #expect(!machine.isRead(byPartitionLoop: loop))
    }

    @Test
    func aSoughtPartitionThatNobodyReadsIsGivenAgain() {
        var (machine, epochs) = machine(partitions: 1)
        let loop = machine.makeReader()
        let all = streams(&machine, loop)
        _ = machine.dropStream(all[0])
        #expect(give(&machine, loop).1 == "fetch")
        _ = machine.replace(epochs[0])
        #expect(give(&machine, loop).1 == "0")
    }

    // MARK: One kind of loop

    @Test
    func streamsAndLoopsExcludeEachOther() {
        var (machine, _) = machine()
        let loop = machine.makeReader()
        let messages = machine.makeReader()
        let all = streams(&machine, loop)
        #expect(text(machine.ask(reader: messages, task: 1, isCancelled: false).step) == "alreadyIterating")
        let batch = machine.nextBatch(reader: messages, task: 1, maxCount: 3, isCancelled: false)
        if case .failed(let error) = batch.step {
            #expect(error.code == .alreadyIterating)
        } else {
            Issue.record("batches are a loop too")
        }
        #expect(give(&machine, machine.makeReader()).1 == "alreadyIterating", "a second loop over partitions")
        machine.releasePartitionLoop(loop)
        #expect(text(machine.ask(reader: messages, task: 1, isCancelled: false).step) == "alreadyIterating")
        for stream in all { _ = machine.dropStream(stream) }
        #expect(text(machine.ask(reader: messages, task: 1, isCancelled: false).step) == "0@0")
        #expect(give(&machine, loop).1 == "alreadyIterating")
        _ = machine.releaseReader(messages)
        #expect(give(&machine, machine.makeReader()).1 == "0")
    }

    @Test
    func oneLoopReadsAStreamAtATime() {
        var (machine, _) = machine()
        let stream = streams(&machine, machine.makeReader())[0]
        let (first, second) = (machine.makeReader(), machine.makeReader())
        #expect(next(&machine, stream, first) == "0@0")
        #expect(next(&machine, stream, second) == "alreadyIterating")
        _ = machine.releaseReader(first, ofStream: stream)
        #expect(next(&machine, stream, second) == "0@1")
    }

    @Test(arguments: [Machine.Policy.manual, .afterProcessing])
    func aLoopOverMessagesGoesOnWhereStreamsWereLeftAndTheOtherWayRound(_ policy: Machine.Policy) {
        var (machine, epochs) = machine(policy)
        let messages = machine.makeReader()
        #expect(text(machine.ask(reader: messages, task: 1, isCancelled: false).step) == "0@0")
        #expect(text(machine.ask(reader: messages, task: 1, isCancelled: false).step) == "1@0")
        _ = machine.releaseReader(messages)
        let loop = machine.makeReader()
        let all = streams(&machine, loop)
        let readers = all.map { _ in machine.makeReader() }
        #expect(next(&machine, all[0], readers[0]) == "0@1")
        #expect(next(&machine, all[1], readers[1]) == (policy == .manual ? "1@1" : "1@0"))
        for index in 0..<2 {
            _ = machine.releaseReader(readers[index], ofStream: all[index])
            _ = machine.dropStream(all[index])
        }
        machine.releasePartitionLoop(loop)
        // Behind what is there.
        machine.append([Message(epoch: epochs[0], offset: 3)])
        var rest: [String] = []
        let last = machine.makeReader()
        while case let step = text(machine.ask(reader: last, task: 1, isCancelled: false).step), step != "fetch" {
            rest.append(step)
        }
        #expect(rest.filter { $0.hasPrefix("0") } == (policy == .manual ? ["0@2", "0@3"] : ["0@1", "0@2", "0@3"]))
        #expect(rest.filter { $0.hasPrefix("1") } == (policy == .manual ? ["1@2"] : ["1@0", "1@1", "1@2"]))
    }

    // MARK: Marks

    @Test
    func eachStreamMarksItsOwnMessageAndABreakMarksNothing() {
        var (machine, _) = machine(.afterProcessing)
        let all = streams(&machine, machine.makeReader())
        let readers = all.map { _ in machine.makeReader() }
        #expect(next(&machine, all[0], readers[0]) == "0@0")
        #expect(next(&machine, all[1], readers[1]) == "1@0")
        #expect(marks(&machine).isEmpty)
        #expect(next(&machine, all[0], readers[0]) == "0@1")
        #expect(marks(&machine) == [0: 1])
        _ = machine.releaseReader(readers[0], ofStream: all[0])
        #expect(marks(&machine) == [0: 1])
        let again = machine.makeReader()
        #expect(next(&machine, all[0], again) == "0@1")
        #expect(next(&machine, all[0], again, isCancelled: true) == "end")
        #expect(marks(&machine) == [0: 1], "a cancelled next marks nothing")
        #expect(next(&machine, all[0], machine.makeReader()) == "0@1")
    }

    // MARK: Revokes

    @Test
    func aRevokeWaitsForTheStreamsOfItsPartitionsAlone() {
        var (machine, epochs) = machine(.afterProcessing, partitions: 3)
        let all = streams(&machine, machine.makeReader())
        let readers = all.map { _ in machine.makeReader() }
        for index in 0..<3 { #expect(next(&machine, all[index], readers[index]) == "\(index)@0") }
        #expect(with(&machine) { $0.drain([epochs[0], epochs[1]]) })
        #expect(machine.isWaitingForRelease)
        let first = machine.next(stream: all[0], reader: readers[0], task: 1, isCancelled: false)
        #expect(first.wakesThread)
        #expect(text(first.step) == "end", "the stream is over")
        #expect(machine.isWaitingForRelease, "the other one holds its message")
        #expect(next(&machine, all[2], readers[2]) == "2@1", "the third is not concerned")
        #expect(machine.isWaitingForRelease)
        #expect(with(&machine) { $0.releaseReader(readers[1], ofStream: all[1]) })
        #expect(!machine.isWaitingForRelease)
        #expect(marks(&machine) == [0: 1, 2: 1])
        machine.fence([epochs[0], epochs[1]])
        #expect(next(&machine, all[1], readers[1]) == "end")
        #expect(next(&machine, all[2], readers[2]) == "2@2")
    }

    @Test
    func whoIsLateIsWaitedForNoMoreAndMarksNothing() {
        var (machine, epochs) = machine(.afterProcessing)
        let all = streams(&machine, machine.makeReader())
        let reader = machine.makeReader()
        #expect(next(&machine, all[0], reader) == "0@0")
        #expect(with(&machine) { $0.drain([epochs[0]]) })
        // The deadline.
        machine.fence([epochs[0]])
        #expect(!machine.isWaitingForRelease)
        #expect(next(&machine, all[0], reader) == "end")
        #expect(marks(&machine).isEmpty)
    }

    @Test
    func aSeekKeepsTheStreamAndNobodyWaitsForIt() {
        var (machine, epochs) = machine(.afterProcessing)
        let all = streams(&machine, machine.makeReader())
        let reader = machine.makeReader()
        #expect(next(&machine, all[0], reader) == "0@0")
        #expect(!with(&machine) { $0.drain([epochs[0]], isRevoke: false) })
        #expect(!machine.isWaitingForRelease)
        let action = machine.next(stream: all[0], reader: reader, task: 1, isCancelled: false)
        #expect(text(action.step) == "fetch", "nothing of the old position")
        #expect(marks(&machine) == [0: 1])
        let epoch = machine.replace(epochs[0])
        #expect(machine.hasNews(stream: all[0], seen: action.revision))
        machine.append([Message(epoch: epochs[0], offset: 1), Message(epoch: epoch, offset: 40)])
        #expect(next(&machine, all[0], reader) == "0@40")
        // A revoke that follows waits for the body, whatever its message.
        #expect(with(&machine) { $0.drain([epoch]) })
    }

    @Test
    func aBodyThatASeekHasOvertakenStillHoldsTheRevoke() {
        var (machine, epochs) = machine()
        let all = streams(&machine, machine.makeReader())
        #expect(next(&machine, all[0], machine.makeReader()) == "0@0")
        let epoch = machine.replace(epochs[0])
        #expect(with(&machine) { $0.drain([epoch]) })
    }

    @Test
    func closingWaitsForTheMessagesOfOtherTasks() {
        var (machine, _) = machine(.afterProcessing)
        let all = streams(&machine, machine.makeReader())
        let readers = all.map { _ in machine.makeReader() }
        for index in 0..<2 { _ = next(&machine, all[index], readers[index], task: index + 1) }
        #expect(with(&machine) { $0.close(task: 1) })
        #expect(machine.isWaitingForRelease)
        let action = machine.next(stream: all[1], reader: readers[1], task: 2, isCancelled: false)
        #expect(action.wakesThread)
        #expect(text(action.step) == "end")
        #expect(!machine.isWaitingForRelease, "the first one has called it")
        #expect(next(&machine, all[0], readers[0]) == "end")
        #expect(marks(&machine) == [0: 1, 1: 1])
    }

    @Test
    func aCloseWaitsForNobodyWhoHasCalledItToo() {
        var (machine, _) = machine(.afterProcessing, partitions: 3)
        let all = streams(&machine, machine.makeReader())
        for index in 0..<3 { _ = next(&machine, all[index], machine.makeReader(), task: index + 1) }
        #expect(with(&machine) { $0.close(task: 1) })
        machine.letGo(heldBy: 2)
        #expect(machine.isWaitingForRelease, "the third has not")
        machine.letGo(heldBy: 3)
        #expect(!machine.isWaitingForRelease)
    }

    // MARK: Failures

    @Test
    func aFailureIsThrownOnceByEachStreamAndByTheLoop() {
        var (machine, epochs) = machine()
        let loop = machine.makeReader()
        let all = streams(&machine, loop)
        let readers = all.map { _ in machine.makeReader() }
        #expect(next(&machine, all[0], readers[0]) == "0@0")
        machine.fail(KafkaError(.fatal, "over"))
        // Taken away behind it, it is told all the same.
        machine.fence([epochs[1]])
        #expect(give(&machine, loop).1 == "fatal")
        #expect(give(&machine, loop).1 == "end")
        for index in 0..<2 {
            #expect(next(&machine, all[index], readers[index]) == "fatal")
            #expect(next(&machine, all[index], readers[index]) == "end")
        }
    }

    @Test
    func aPartitionsProblemIsThrownByItsStreamBehindWhatIsThere() {
        var (machine, epochs) = machine(count: 1)
        let loop = machine.makeReader()
        let all = streams(&machine, loop)
        let readers = all.map { _ in machine.makeReader() }
        #expect(next(&machine, all[1], readers[1]) == "1@0")
        machine.tell(KafkaError(.autoOffsetReset, "no offset").at(names[1]))
        machine.interrupt(KafkaError(.timedOut, "no commit"), of: [names[1]])
        machine.append([Message(epoch: epochs[1], offset: 1)])
        #expect(next(&machine, all[1], readers[1]) == "1@1")
        #expect(next(&machine, all[1], readers[1]) == "autoOffsetReset")
        #expect(next(&machine, all[1], readers[1]) == "timedOut")
        #expect(next(&machine, all[1], readers[1]) == "fetch")
        #expect(next(&machine, all[0], readers[0]) == "0@0")
        #expect(next(&machine, all[0], readers[0]) == "fetch")
        #expect(give(&machine, loop).1 == "fetch")
    }

    // MARK: The watchdog

    @Test
    func whoIsStuckIsNotWaitedForAndIsKnownUntilItAsks() {
        var (machine, epochs) = machine()
        let all = streams(&machine, machine.makeReader())
        let readers = all.map { _ in machine.makeReader() }
        for index in 0..<2 { _ = next(&machine, all[index], readers[index]) }
        machine.letGo(of: epochs[0])
        #expect(with(&machine) { $0.drain(epochs) }, "the other one is waited for")
        #expect(with(&machine) { $0.releaseReader(readers[1], ofStream: all[1]) })
        #expect(!machine.isWaitingForRelease)
        machine.fence(epochs)
        #expect(machine.stuckStreams == [all[0]])
        let action = machine.next(stream: all[0], reader: readers[0], task: 1, isCancelled: false)
        #expect(action.wakesThread)
        #expect(text(action.step) == "end")
        #expect(machine.stuckStreams.isEmpty)
    }

    // MARK: At random

    /// What one partition's stream should give next, and how it is read.
    private struct Model {
        var epoch: PartitionEpoch?
        var isDraining = false
        var appended: Int64 = 0
        var next: Int64 = 0
        var stream: UInt64?
        var reader: UInt64?
        var delivered = 0
    }

    @Test
    func atRandomEachStreamGivesEverythingInOrderAndNothingThatIsOver() {
        for seed in UInt64(0)..<300 {
            var random = SplitMix(state: seed)
            var machine = Machine(policy: .manual)
            var models = names.map { _ in Model() }
            var loop: UInt64?
            var ended: [UInt64] = []

            func check(_ message: Message, _ index: Int) {
                #expect(message.epoch === models[index].epoch, "seed \(seed)")
                #expect(message.offset == models[index].next, "seed \(seed)")
                #expect(!models[index].isDraining, "seed \(seed)")
                #expect(!machine.paused.contains(names[index]), "seed \(seed)")
                models[index].next = message.offset + 1
                models[index].delivered += 1
            }

            for _ in 0..<600 {
                let index = Int.random(in: 0..<names.count, using: &random)
                switch Int.random(in: 0..<14, using: &random) {
                case 0 where models[index].epoch == nil:
                    let epoch = machine.assign(names[index])
                    machine.offer([epoch])
                    models[index].epoch = epoch
                    models[index].isDraining = false
                    let place = Int64.random(in: 0..<100, using: &random)
                    (models[index].appended, models[index].next) = (place, place)
                case 1...3:
                    guard let epoch = models[index].epoch else { continue }
                    let count = Int64.random(in: 1...3, using: &random)
                    machine.append((0..<count).map { Message(epoch: epoch, offset: models[index].appended + $0) })
                    if !models[index].isDraining { models[index].appended += count }
                case 4: machine.pause([names[index]])
                case 5: _ = machine.resume([names[index]])
                case 6:
                    guard let epoch = models[index].epoch, !models[index].isDraining else { continue }
                    let next = machine.replace(epoch)
                    models[index].epoch = next
                    let place = Int64.random(in: 0..<100, using: &random)
                    (models[index].appended, models[index].next) = (place, place)
                case 7:
                    guard let epoch = models[index].epoch else { continue }
                    if models[index].isDraining {
                        machine.fence([epoch])
                        models[index].epoch = nil
                        if let stream = models[index].stream { ended.append(stream) }
                        models[index].stream = nil
                        models[index].reader = nil
                    } else {
                        _ = machine.drain([epoch])
                        models[index].isDraining = true
                    }
                case 8:
                    // A loop over partitions, for as long as it is wanted.
                    let current = loop ?? machine.makeReader()
                    let step = machine.nextPartition(loop: current, isCancelled: false).step
                    loop = current
                    guard case .deliver(let given) = step else { continue }
                    let partition = given.topicPartition.partition
                    #expect(models[partition].stream == nil, "seed \(seed)")
                    models[partition].stream = given.stream
                case 9:
                    if let reader = models[index].reader, let stream = models[index].stream {
                        _ = machine.releaseReader(reader, ofStream: stream)
                        models[index].reader = nil
                        guard Bool.random(using: &random) else { continue }
                        _ = machine.dropStream(stream)
                        models[index].stream = nil
                    } else if Int.random(in: 0..<4, using: &random) == 0, let current = loop {
                        machine.releasePartitionLoop(current)
                        loop = nil
                    }
                case 10:
                    guard loop == nil, models.allSatisfy({ $0.stream == nil }) else { continue }
                    let reader = machine.makeReader()
                    for _ in 0..<5 {
                        let step = machine.ask(reader: reader, task: 1, isCancelled: false).step
                        guard case .deliver(let message) = step else { break }
                        check(message, message.epoch.topicPartition.partition)
                    }
                    _ = machine.releaseReader(reader)
                default:
                    guard let stream = models[index].stream else { continue }
                    let reader = models[index].reader ?? machine.makeReader()
                    models[index].reader = reader
                    switch machine.next(stream: stream, reader: reader, task: 1, isCancelled: false).step {
                    case .deliver(let message): check(message, index)
                    case .fetch:
                        let isEmpty = models[index].next == models[index].appended
                        #expect(isEmpty || machine.paused.contains(names[index]), "seed \(seed)")
                    case .end: #expect(models[index].isDraining, "seed \(seed)")
                    case .failed(let error): Issue.record(error, "seed \(seed)")
                    }
                }
            }
            for stream in ended { #expect(next(&machine, stream, machine.makeReader()) == "end", "seed \(seed)") }
            #expect(models.reduce(0) { $0 + $1.delivered } > 0, "seed \(seed)")
        }
    }
}
