import TestSupport
import Testing

@testable import AsyncKafka

/// Batches, pending deliveries that are awaited, contexts.
struct ProducerStateMachineBatchTests {
    typealias Machine = ProducerStateMachine<String, String, String, String>

    struct Unexpected: Error {}

    private func records(_ count: Int, bytes: Int = 1) -> ArraySlice<Machine.BatchRecord> {
        (0..<count).map { Machine.BatchRecord(bytes: bytes, payload: "\($0)") }[...]
    }

    private func tickets(_ machine: inout Machine, batch: Int, _ records: ArraySlice<Machine.BatchRecord>) throws
        -> [ProducerTicket]
    {
        guard case .granted(let tickets) = machine.reserve(records, batch: batch, context: nil) else {
            throw Unexpected()
        }
        return tickets
    }

    private func ticket(_ machine: inout Machine) throws -> ProducerTicket {
        guard case .granted(let ticket) = machine.reserve(bytes: 1) else { throw Unexpected() }
        return ticket
    }

    private func report(_ machine: inout Machine, _ tickets: [ProducerTicket], error: Int32 = 0) -> Machine.ReportAction
    {
        var action = Machine.ReportAction()
        for ticket in tickets { machine.report(ticket, DeliveryOutcome(error: error), into: &action) }
        machine.reportsEnd(&action)
        return action
    }

    private func isSettled(_ entry: BatchEntry) -> Bool {
        if case .settled = entry { return true }
        return false
    }

    @Test
    func aBatchIsResumedOnceAfterItsLastRecord() throws {
        var machine = Machine(maxRecords: 10, maxBytes: 100)
        let batch = machine.beginBatch()
        let tickets = try tickets(&machine, batch: batch, records(3))
        #expect(machine.producing == 3)
        machine.handedOver(3)
        #expect(machine.producing == 0)
        #expect(machine.awaited == 0, "nobody awaits it before all of it is handed over")
        #expect(report(&machine, [tickets[1]]).batches.isEmpty)
        guard case .parked = machine.park(batch: batch, isCancelled: false, receiver: "a") else { throw Unexpected() }
        #expect(machine.awaited == 2)
        #expect(report(&machine, [tickets[0]]).batches.isEmpty)
        #expect(report(&machine, [tickets[2]], error: -192).batches == ["a"])
        #expect(machine.awaited == 0)
        let entries = machine.end(batch: batch, pending: [:])
        #expect(entries.allSatisfy(isSettled))
        #expect(machine.isQuiet)
        #expect(machine.delivered == 2 && machine.failed == 1)
        #expect(machine.beginBatch() == batch, "its place is used again")
        #expect(machine.batches[batch].entries.isEmpty)
    }

    @Test
    func aBatchWhoseReportsWereFasterDoesNotWait() throws {
        var machine = Machine(maxRecords: 10, maxBytes: 100)
        let batch = machine.beginBatch()
        let tickets = try tickets(&machine, batch: batch, records(2))
        _ = report(&machine, tickets)
        #expect(!machine.isQuiet, "its sender still has to say that it has handed over")
        machine.handedOver(2)
        guard case .settled = machine.park(batch: batch, isCancelled: true, receiver: "a") else { throw Unexpected() }
        #expect(machine.isQuiet)
    }

    @Test
    func aBatchTakesWhatThereIsRoomForAndPassesNobody() throws {
        var machine = Machine(maxRecords: 3, maxBytes: 100)
        let single = try ticket(&machine)
        let batch = machine.beginBatch()
        let first = try tickets(&machine, batch: batch, records(5))
        #expect(first.count == 2)
        guard case .full = machine.reserve(records(3), batch: batch, context: nil) else { throw Unexpected() }
        guard case .full(let id) = machine.reserve(bytes: 1) else { throw Unexpected() }
        _ = machine.wait(id: id, bytes: 1, isCancelled: false, sender: "waiter")
        _ = machine.park(single, payload: nil, isCancelled: false, receiver: "single")
        #expect(report(&machine, [single]).grants.map(\.sender) == ["waiter"])
        guard case .full = machine.reserve(records(3), batch: batch, context: nil) else { throw Unexpected() }
    }

    @Test
    func aRecordOfABatchThatIsRefusedIsNotWaitedFor() throws {
        var machine = Machine(maxRecords: 3, maxBytes: 100)
        let batch = machine.beginBatch()
        let tickets = try tickets(&machine, batch: batch, records(2))
        _ = machine.refuse(tickets[0])
        machine.handedOver(1)
        #expect(machine.producing == 0)
        _ = machine.park(batch: batch, isCancelled: false, receiver: "a")
        #expect(report(&machine, [tickets[1]]).batches == ["a"])
        guard case .refused = machine.end(batch: batch, pending: [:])[0] else { throw Unexpected() }
    }

    @Test
    func aTicketThatWasWaitedForJoinsTheBatch() throws {
        var machine = Machine(maxRecords: 1, maxBytes: 100)
        let batch = machine.beginBatch()
        let ticket = try ticket(&machine)
        machine.join(batch, ticket, Machine.BatchRecord(bytes: 1, payload: "p"), context: 7)
        machine.handedOver(1)
        _ = machine.park(batch: batch, isCancelled: false, receiver: "a")
        let action = report(&machine, [ticket])
        #expect(action.batches == ["a"])
        #expect(action.contexts[ticket] as? Int == 7)
    }

    @Test
    func whatACancelledBatchLeavesBehindGoesOnAsPendingDeliveries() throws {
        var machine = Machine(maxRecords: 10, maxBytes: 100)
        let batch = machine.beginBatch()
        let tickets = try tickets(&machine, batch: batch, records(3))
        machine.handedOver(3)
        _ = machine.park(batch: batch, isCancelled: false, receiver: "a")
        _ = report(&machine, [tickets[0]])
        #expect(with(&machine) { $0.cancelPark(batch: batch) } == "a")
        #expect(with(&machine) { $0.cancelPark(batch: batch) } == nil)
        #expect(machine.awaited == 0)
        let left = machine.unsettled(batch: batch)
        #expect(left.map(\.index) == [1, 2])
        // One of them is faster than the end.
        #expect(report(&machine, [tickets[1]]).batches.isEmpty)
        let entries = machine.end(batch: batch, pending: [1: "one", 2: "two"])
        #expect(entries.map(isSettled) == [true, true, false])
        #expect(report(&machine, [tickets[2]]).pending.map(\.0) == ["two"])
        #expect(machine.isQuiet)
    }

    @Test
    func abandoningResumesABatch() throws {
        var machine = Machine(maxRecords: 10, maxBytes: 100)
        let batch = machine.beginBatch()
        _ = try tickets(&machine, batch: batch, records(2))
        machine.handedOver(2)
        _ = machine.park(batch: batch, isCancelled: false, receiver: "a")
        #expect(with(&machine) { $0.abandon() }.receivers == ["a"])
        #expect(machine.end(batch: batch, pending: [:]).allSatisfy(isSettled))
    }

    @Test
    func aBatchIsRefusedOnceTheProducerIsClosed() throws {
        var machine = Machine(maxRecords: 10, maxBytes: 100)
        _ = machine.close(.clientClosed)
        let batch = machine.beginBatch()
        guard case .refused(let error) = machine.reserve(records(2), batch: batch, context: nil) else {
            throw Unexpected()
        }
        #expect(error.code == .clientClosed)
    }

    // MARK: Pending deliveries

    @Test
    func aRecordThatNobodyAwaitsIsNotCountedAsAwaited() throws {
        var machine = Machine(maxRecords: 10, maxBytes: 100)
        let ticket = try ticket(&machine)
        #expect(with(&machine) { $0.keep(ticket, payload: "p", pending: "a") } == nil)
        #expect(machine.producing == 0)
        #expect(!machine.isAwaited)
        #expect(with(&machine) { $0.countAwaiting(ticket, by: 1) })
        #expect(with(&machine) { $0.countAwaiting(ticket, by: 1) })
        #expect(machine.awaited == 1, "one record, awaited twice")
        _ = machine.countAwaiting(ticket, by: -1)
        #expect(machine.isAwaited)
        _ = machine.countAwaiting(ticket, by: -1)
        #expect(!machine.isAwaited)
        // The end of a wait may be told before its beginning.
        _ = machine.countAwaiting(ticket, by: -1)
        #expect(machine.awaited == 0)
        _ = machine.countAwaiting(ticket, by: 1)
        #expect(machine.awaited == 0)
        _ = machine.countAwaiting(ticket, by: 1)
        #expect(report(&machine, [ticket]).pending.map(\.0) == ["a"])
        #expect(machine.awaited == 0)
        #expect(!with(&machine) { $0.countAwaiting(ticket, by: 1) })
        #expect(machine.isQuiet)
    }

    @Test
    func anEnqueuedRecordWhoseReportWasFasterHasItsOutcome() throws {
        var machine = Machine(maxRecords: 10, maxBytes: 100)
        let ticket = try ticket(&machine)
        _ = report(&machine, [ticket])
        #expect(with(&machine) { $0.keep(ticket, payload: "p", pending: "a") }?.isDelivered == true)
        #expect(!machine.isQuiet, "a close waits until it is told")
        machine.handedOver(1)
        #expect(machine.isQuiet)
    }

    // MARK: Contexts

    @Test
    func aContextComesWithItsOwnReportAlone() throws {
        var machine = Machine(maxRecords: 10, maxBytes: 100)
        let first = try ticket(&machine)
        machine.attach("context", to: first)
        _ = machine.refuse(first)
        let second = try ticket(&machine)
        #expect(second.slot == first.slot)
        #expect(report(&machine, [second]).contexts.isEmpty)
        _ = machine.park(second, payload: nil, isCancelled: false, receiver: "a")
        let third = try ticket(&machine)
        machine.attach("context", to: third)
        #expect(report(&machine, [third]).contexts[third] as? String == "context")
    }

    // MARK: Waiting for room

    @Test
    func sendersWhoseTimeHasPassedLeaveAndThoseBehindThemMoveUp() throws {
        var machine = Machine(maxRecords: 10, maxBytes: 100)
        let start = ContinuousClock.now
        guard case .granted = machine.reserve(bytes: 60) else { throw Unexpected() }
        for (name, bytes, second) in [("large", 60, 1), ("also large", 60, 2), ("small", 1, 3)] {
            guard case .full(let id) = machine.reserve(bytes: bytes) else { throw Unexpected() }
            let deadline = start + .seconds(second)
            _ = machine.wait(id: id, bytes: bytes, isCancelled: false, deadline: deadline, sender: name)
        }
        #expect(machine.firstWaitDeadline == start + .seconds(1))
        #expect(with(&machine) { $0.expireWaiters(now: start) }.senders.isEmpty)
        #expect(with(&machine) { $0.expireWaiters(now: start + .seconds(1)) }.senders == ["large"])
        #expect(machine.firstWaitDeadline == start + .seconds(2))
        let last = machine.expireWaiters(now: start + .seconds(2))
        #expect(last.senders == ["also large"])
        #expect(last.grants.map(\.sender) == ["small"])
        #expect(machine.firstWaitDeadline == nil)
        #expect(machine.isAwaited == false)
    }

    /// 100,000 senders and room for 1,000: whoever came first gets credits first, whatever leaves meanwhile.
    @Test
    func creditsAreFirstComeFirstServed() throws {
        let seed = UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        var random = SplitMix(state: seed)
        var machine = Machine(maxRecords: 1000, maxBytes: 100_000)
        var queued: [ProducerTicket] = []
        var waiting: [UInt64] = []
        var left: Set<Int> = []
        for number in 0..<100_000 {
            let bytes = Int.random(in: 0...100, using: &random)
            switch machine.reserve(bytes: bytes) {
            case .granted(let ticket):
                #expect(waiting.isEmpty, "seed \(seed): nobody passes a waiter")
                queued.append(ticket)
            case .full(let id):
                _ = machine.wait(id: id, bytes: bytes, isCancelled: false, sender: "\(number)")
                waiting.append(id)
            case .refused: throw Unexpected()
            }
        }
        let firstWaiting = 100_000 - waiting.count
        var served: [Int] = []
        var granted: [ProducerTicket] = []
        func take(_ grants: [Machine.Grant]) {
            for grant in grants {
                served.append(Int(grant.sender) ?? -1)
                granted.append(grant.ticket)
            }
        }
        while !queued.isEmpty {
            if Int.random(in: 0..<10, using: &random) == 0, let id = waiting.randomElement(using: &random) {
                if let cancelled = machine.cancelWait(id: id) {
                    left.insert(Int(cancelled.sender) ?? -1)
                    take(cancelled.grants)
                }
            }
            let batch = Array(queued.suffix(Int.random(in: 1...500, using: &random)))
            queued.removeLast(batch.count)
            take(report(&machine, batch).grants)
            // Outcomes come in any order.
            queued += granted
            granted = []
        }
        #expect(machine.waitingSenders == 0)
        #expect(served == (firstWaiting..<100_000).filter { !left.contains($0) }, "seed \(seed)")
    }
}
