import TestSupport
import Testing

@testable import AsyncKafka

struct ProducerStateMachineTests {
    typealias Machine = ProducerStateMachine<String, String, String, String>

    private func ticket(_ machine: inout Machine, bytes: Int = 1) throws -> ProducerTicket {
        guard case .granted(let ticket) = machine.reserve(bytes: bytes) else {
            throw Unexpected()
        }
        return ticket
    }

    private func park(_ machine: inout Machine, _ ticket: ProducerTicket, _ name: String) -> String {
        switch machine.park(ticket, payload: nil, isCancelled: false, receiver: name) {
        case .parked: "parked"
        case .resume(let outcome): "resumed \(outcome.offset)"
        case .cancelled: "cancelled"
        }
    }

    private func waiter(_ machine: inout Machine, _ name: String, bytes: Int = 1) throws -> UInt64 {
        guard case .full(let id) = machine.reserve(bytes: bytes) else { throw Unexpected() }
        guard case .parked = machine.wait(id: id, bytes: bytes, isCancelled: false, sender: name) else {
            throw Unexpected()
        }
        return id
    }

    private func report(_ machine: inout Machine, _ tickets: ProducerTicket..., error: Int32 = 0)
        -> Machine.ReportAction
    {
        var action = Machine.ReportAction()
        for (index, ticket) in tickets.enumerated() {
            machine.report(ticket, DeliveryOutcome(error: error, offset: Int64(index)), into: &action)
        }
        machine.reportsEnd(&action)
        return action
    }

    struct Unexpected: Error {}

    @Test
    func aReportResumesTheReceiverOnce() throws {
        var machine = Machine(maxRecords: 10, maxBytes: 100)
        let ticket = try ticket(&machine)
        #expect(park(&machine, ticket, "a") == "parked")
        #expect(machine.awaited == 1)
        #expect(report(&machine, ticket).deliveries.map(\.0) == ["a"])
        #expect(report(&machine, ticket).deliveries.isEmpty)
        #expect(machine.isQuiet)
        #expect(machine.delivered == 1)
        #expect(machine.awaited == 0)
    }

    @Test
    func aReportBeforeTheReceiverWaitsForIt() throws {
        var machine = Machine(maxRecords: 10, maxBytes: 100)
        let ticket = try ticket(&machine)
        #expect(report(&machine, ticket).deliveries.isEmpty)
        #expect(machine.records == 0)
        #expect(!machine.isQuiet, "the sender still has to come for it")
        #expect(park(&machine, ticket, "a") == "resumed 0")
        #expect(machine.isQuiet)
    }

    @Test
    func sendersWaitInOrderAndNobodyPassesThem() throws {
        var machine = Machine(maxRecords: 1, maxBytes: 100)
        let first = try ticket(&machine)
        _ = park(&machine, first, "first")
        _ = try waiter(&machine, "a")
        _ = try waiter(&machine, "b")
        let action = report(&machine, first)
        #expect(action.grants.map(\.sender) == ["a"])
        // There is nobody in the queue but `a`, which has its credit; a newcomer still stands behind `b`.
        _ = try waiter(&machine, "c")
        let granted = try #require(action.grants.first)
        _ = park(&machine, granted.ticket, "a")
        #expect(report(&machine, granted.ticket).grants.map(\.sender) == ["b"])
    }

    @Test
    func bytesAreCredits() throws {
        var machine = Machine(maxRecords: 10, maxBytes: 100)
        let first = try ticket(&machine, bytes: 60)
        _ = park(&machine, first, "first")
        _ = try waiter(&machine, "large", bytes: 60)
        // Would fit, but does not pass.
        _ = try waiter(&machine, "small", bytes: 1)
        #expect(report(&machine, first).grants.map(\.sender) == ["large", "small"])
    }

    @Test
    func aRecordLargerThanAllCreditsGoesAlone() throws {
        var machine = Machine(maxRecords: 10, maxBytes: 100)
        let first = try ticket(&machine, bytes: 1)
        _ = park(&machine, first, "first")
        _ = try waiter(&machine, "huge", bytes: 1000)
        let action = report(&machine, first)
        #expect(action.grants.map(\.sender) == ["huge"])
        #expect(machine.bytes == 1000)
    }

    @Test
    func aCancelledWaiterLeavesAndThoseBehindItMoveUp() throws {
        var machine = Machine(maxRecords: 10, maxBytes: 100)
        let first = try ticket(&machine, bytes: 60)
        _ = park(&machine, first, "first")
        let large = try waiter(&machine, "large", bytes: 60)
        _ = try waiter(&machine, "small", bytes: 1)
        let cancelled = try #require(with(&machine) { $0.cancelWait(id: large) })
        #expect(cancelled.sender == "large")
        #expect(cancelled.grants.map(\.sender) == ["small"])
        #expect(with(&machine) { $0.cancelWait(id: large) } == nil)
        #expect(machine.waitingSenders == 0)
    }

    @Test
    func aSenderCancelledBeforeItWaitsIsNotSent() throws {
        var machine = Machine(maxRecords: 1, maxBytes: 100)
        _ = try ticket(&machine)
        guard case .full(let id) = machine.reserve(bytes: 1) else { throw Unexpected() }
        guard case .refused(let error) = machine.wait(id: id, bytes: 1, isCancelled: true, sender: "a") else {
            throw Unexpected()
        }
        #expect(error.code == .cancelled)
        #expect(error.persistence == .notPersisted)
        #expect(machine.waitingSenders == 0)
    }

    @Test
    func aRefusedRecordGivesItsCreditsBack() throws {
        var machine = Machine(maxRecords: 1, maxBytes: 100)
        let first = try ticket(&machine)
        _ = try waiter(&machine, "a")
        #expect(with(&machine) { $0.refuse(first) }.grants.map(\.sender) == ["a"])
        #expect(machine.records == 1)
        #expect(machine.failed == 0)
    }

    @Test
    func aCancelledReceiverIsReplacedByThePendingDelivery() throws {
        var machine = Machine(maxRecords: 10, maxBytes: 100)
        let ticket = try ticket(&machine)
        _ = park(&machine, ticket, "a")
        #expect(with(&machine) { $0.cancelPark(ticket, pending: "p") } == "a")
        #expect(with(&machine) { $0.cancelPark(ticket, pending: "p") } == nil)
        let action = report(&machine, ticket)
        #expect(action.deliveries.isEmpty)
        #expect(action.pending.map(\.0) == ["p"])
        #expect(machine.isQuiet)
    }

    @Test
    func cancelledBeforeItWaitsAndReportedMeanwhileIsAnOutcome() throws {
        var machine = Machine(maxRecords: 10, maxBytes: 100)
        let ticket = try ticket(&machine)
        guard case .cancelled = machine.park(ticket, payload: nil, isCancelled: true, receiver: "a") else {
            throw Unexpected()
        }
        _ = report(&machine, ticket)
        #expect(with(&machine) { $0.keep(ticket, pending: "p") }?.isDelivered == true)
        #expect(!machine.isQuiet, "a close waits until it is told")
        machine.handedOver(1)
        #expect(machine.isQuiet)
    }

    @Test
    func cancelledBeforeItWaitsIsKeptForThePendingDelivery() throws {
        var machine = Machine(maxRecords: 10, maxBytes: 100)
        let ticket = try ticket(&machine)
        _ = machine.park(ticket, payload: nil, isCancelled: true, receiver: "a")
        #expect(machine.producing == 1, "the handle stays until it is kept")
        #expect(with(&machine) { $0.keep(ticket, pending: "p") } == nil)
        #expect(machine.producing == 0)
        #expect(report(&machine, ticket).pending.map(\.0) == ["p"])
    }

    @Test
    func aLateReportOfAReusedSlotIsIgnored() throws {
        var machine = Machine(maxRecords: 10, maxBytes: 100)
        let old = try ticket(&machine)
        _ = park(&machine, old, "old")
        _ = report(&machine, old)
        let new = try ticket(&machine)
        #expect(new.slot == old.slot)
        _ = park(&machine, new, "new")
        #expect(report(&machine, old).deliveries.isEmpty)
        #expect(report(&machine, new).deliveries.map(\.0) == ["new"])
    }

    @Test
    func aTicketTravelsAsAnOpaqueThatIsNeverZero() {
        let ticket = ProducerTicket(slot: 0, generation: 1)
        #expect(ticket.opaque != 0)
        #expect(ProducerTicket(opaque: ticket.opaque) == ticket)
        let large = ProducerTicket(slot: .max, generation: .max)
        #expect(ProducerTicket(opaque: large.opaque) == large)
    }

    @Test
    func aFlushWaitsForItsOwnRecordsOnly() throws {
        var machine = Machine(maxRecords: 10, maxBytes: 100)
        let first = try ticket(&machine)
        let second = try ticket(&machine)
        guard case .wait(let id) = machine.flush() else { throw Unexpected() }
        let third = try ticket(&machine)
        for (ticket, name) in [(first, "1"), (second, "2"), (third, "3")] { _ = park(&machine, ticket, name) }
        #expect(report(&machine, third).flushed.isEmpty)
        #expect(report(&machine, first).flushed.isEmpty)
        #expect(machine.isFlushing(id: id))
        #expect(report(&machine, second).flushed == [id])
        #expect(!machine.isFlushing(id: id))
    }

    @Test
    func aFlushThatRunsOutOfTimeSaysWhatIsLeft() throws {
        var machine = Machine(maxRecords: 10, maxBytes: 100)
        let first = try ticket(&machine)
        _ = try ticket(&machine)
        guard case .wait(let id) = machine.flush() else { throw Unexpected() }
        _ = park(&machine, first, "1")
        _ = report(&machine, first)
        #expect(with(&machine) { $0.endFlush(id: id) } == 1)
        #expect(with(&machine) { $0.endFlush(id: id) } == nil)
    }

    @Test
    func aFlushOfNothingIsDone() {
        var machine = Machine(maxRecords: 10, maxBytes: 100)
        guard case .done = machine.flush() else {
            Issue.record("nothing to wait for")
            return
        }
    }

    @Test
    func closingFailsWaitersAndRefusesNewcomersButKeepsWhatIsQueued() throws {
        var machine = Machine(maxRecords: 1, maxBytes: 100)
        let first = try ticket(&machine)
        _ = try waiter(&machine, "a")
        _ = try waiter(&machine, "b")
        #expect(with(&machine) { $0.close(.clientClosed) } == ["a", "b"])
        guard case .refused(let error) = machine.reserve(bytes: 1) else { throw Unexpected() }
        #expect(error.code == .clientClosed)
        #expect(!machine.isSettledWhileClosed)
        _ = park(&machine, first, "first")
        #expect(machine.isSettledWhileClosed)
        #expect(report(&machine, first).deliveries.map(\.0) == ["first"])
        #expect(machine.isQuiet)
    }

    @Test
    func aRecordIsHurriedWhileOthersWaitForItToLeave() throws {
        var machine = Machine(maxRecords: 2, maxBytes: 100)
        let first = try ticket(&machine)
        let second = try ticket(&machine)
        #expect(!machine.isHurried)
        _ = try waiter(&machine, "a")
        #expect(machine.isHurried, "for its room")
        _ = machine.keep(first, payload: nil, pending: "first")
        let granted = try #require(report(&machine, first).grants.first)
        #expect(!machine.isHurried)
        guard case .wait = machine.flush() else { throw Unexpected() }
        #expect(machine.isHurried, "for the flush, also of a record that is not handed over yet")
        _ = machine.keep(second, payload: nil, pending: "second")
        _ = report(&machine, second)
        #expect(machine.isHurried)
        _ = machine.keep(granted.ticket, payload: nil, pending: "granted")
        _ = report(&machine, granted.ticket)
        #expect(!machine.isHurried)
        _ = machine.close(.clientClosed)
        #expect(machine.isHurried, "for the end")
    }

    @Test
    func aCallThatUsesTheHandleIsNoRecord() {
        var machine = Machine(maxRecords: 1, maxBytes: 100)
        machine.beginCall()
        machine.beginCall()
        #expect(machine.isQuiet)
        _ = machine.close(.clientClosed)
        #expect(machine.isSettledWhileClosed)
        #expect(!with(&machine) { $0.endCall() })
        #expect(with(&machine) { $0.endCall() }, "the last one")
        #expect(machine.calls == 0)
    }

    @Test
    func abandoningHandsOutWhoeverStillWaits() throws {
        var machine = Machine(maxRecords: 10, maxBytes: 100)
        let first = try ticket(&machine)
        let second = try ticket(&machine)
        _ = park(&machine, first, "1")
        _ = park(&machine, second, "2")
        _ = machine.cancelPark(second, pending: "p")
        guard case .wait(let id) = machine.flush() else { throw Unexpected() }
        let left = machine.abandon()
        #expect(left.receivers == ["1"])
        #expect(left.pending == ["p"])
        #expect(left.flushes == [id])
        #expect(machine.isQuiet)
    }

    /// Random transitions against a model: whoever waits is handed out once, credits never go below zero or above the limit.
    @Test
    func randomTransitionsKeepTheInvariants() throws {
        let seed = UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        var random = SplitMix(state: seed)
        var machine = Machine(maxRecords: 8, maxBytes: 100)
        var parked: [ProducerTicket: String] = [:]
        var reserved: [ProducerTicket] = []
        var waiters: [(id: UInt64, name: String)] = []
        var granted: [String] = []
        var resumed: Set<String> = []
        for step in 0..<20_000 {
            let name = "\(step)"
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1:
                let bytes = Int.random(in: 0...40, using: &random)
                switch machine.reserve(bytes: bytes) {
                case .granted(let ticket):
                    #expect(waiters.isEmpty, "seed \(seed): nobody passes a waiter")
                    reserved.append(ticket)
                case .full(let id):
                    if case .parked = machine.wait(id: id, bytes: bytes, isCancelled: false, sender: name) {
                        waiters.append((id, name))
                    } else {
                        Issue.record("seed \(seed): there was no room a moment ago")
                    }
                case .refused: Issue.record("seed \(seed): open")
                }
            case 2:
                guard let ticket = reserved.popLast() else { continue }
                if case .parked = machine.park(ticket, payload: nil, isCancelled: false, receiver: name) {
                    parked[ticket] = name
                }
            case 3:
                guard let ticket = reserved.popLast() else { continue }
                let grants = machine.refuse(ticket).grants
                granted += grants.map(\.sender)
                reserved += grants.map(\.ticket)
                waiters.removeFirst(grants.count)
            case 4:
                guard let (ticket, name) = parked.randomElement(using: &random) else { continue }
                parked[ticket] = nil
                let action = report(&machine, ticket)
                #expect(action.deliveries.map(\.0) == [name], "seed \(seed)")
                #expect(resumed.insert(name).inserted, "seed \(seed): resumed once")
                #expect(action.grants.map(\.sender) == waiters.prefix(action.grants.count).map(\.name), "seed \(seed)")
                reserved += action.grants.map(\.ticket)
                waiters.removeFirst(action.grants.count)
            default:
                guard let index = waiters.indices.randomElement(using: &random) else { continue }
                let waiter = waiters.remove(at: index)
                let cancelled = try #require(with(&machine) { $0.cancelWait(id: waiter.id) })
                #expect(cancelled.sender == waiter.name, "seed \(seed)")
                reserved += cancelled.grants.map(\.ticket)
                waiters.removeFirst(cancelled.grants.count)
            }
            #expect(machine.records == reserved.count + parked.count, "seed \(seed)")
            #expect(machine.producing == reserved.count, "seed \(seed)")
            #expect(machine.waitingSenders == waiters.count, "seed \(seed)")
            #expect(machine.records <= 8 && machine.bytes <= 100, "seed \(seed)")
        }
    }
}
