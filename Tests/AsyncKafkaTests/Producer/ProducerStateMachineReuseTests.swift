import TestSupport
import Testing

@testable import AsyncKafka

/// A pending delivery that nobody holds any more when its record is delivered stands for another record.
struct ProducerStateMachineReuseTests {
    private typealias Machine = ProducerStateMachine<String, String, Stand, String>

    private final class Stand: Reusable {
        static func isUnused(_ value: inout Stand?) -> Bool { isKnownUniquelyReferenced(&value) }
    }

    private struct Unexpected: Error {}

    private func ticket(_ machine: inout Machine) throws -> ProducerTicket {
        guard case .granted(let ticket) = machine.reserve(bytes: 1) else { throw Unexpected() }
        return ticket
    }

    private func report(_ machine: inout Machine, _ ticket: ProducerTicket, error: Int32 = 0) -> [Stand] {
        var action = Machine.ReportAction()
        machine.report(ticket, DeliveryOutcome(error: error), into: &action)
        return action.pending.map(\.0)
    }

    @Test
    func oneThatNobodyHoldsStandsForTheNextRecord() throws {
        var machine = Machine(maxRecords: 10, maxBytes: 100)
        let ticket = try ticket(&machine)
        _ = machine.keep(ticket, payload: nil, pending: Stand())
        #expect(report(&machine, ticket).isEmpty, "there is nobody to be told")
        #expect(machine.takeSpare() != nil)
        #expect(machine.takeSpare() == nil, "handed out once")
        #expect(machine.isQuiet)
    }

    @Test
    func oneThatSomebodyHoldsHasItsOutcome() throws {
        var machine = Machine(maxRecords: 10, maxBytes: 100)
        let ticket = try ticket(&machine)
        let held = Stand()
        _ = machine.keep(ticket, payload: nil, pending: held)
        #expect(report(&machine, ticket).map { $0 === held } == [true])
        #expect(machine.takeSpare() == nil)
    }

    @Test
    func aFailureIsToldThoughNobodyHoldsIt() throws {
        var machine = Machine(maxRecords: 10, maxBytes: 100)
        let ticket = try ticket(&machine)
        _ = machine.keep(ticket, payload: nil, pending: Stand())
        #expect(report(&machine, ticket, error: 1).count == 1, "it is logged, and counted by the close")
        #expect(machine.takeSpare() == nil)
    }

    @Test
    func soManyAreKept() throws {
        let count = Machine.spareLimit + 1
        var machine = Machine(maxRecords: count, maxBytes: count)
        for _ in 0..<count {
            let ticket = try ticket(&machine)
            _ = machine.keep(ticket, payload: nil, pending: Stand())
            _ = report(&machine, ticket)
        }
        var taken = 0
        while machine.takeSpare() != nil { taken += 1 }
        #expect(taken == Machine.spareLimit)
    }

    /// They hold the client.
    @Test
    func noneIsKeptBeyondTheEnd() throws {
        var machine = Machine(maxRecords: 10, maxBytes: 100)
        let ticket = try ticket(&machine)
        weak var stand: Stand?
        do {
            let made = Stand()
            stand = made
            _ = machine.keep(ticket, payload: nil, pending: made)
        }
        _ = report(&machine, ticket)
        #expect(stand != nil)
        _ = machine.abandon()
        #expect(stand == nil)
    }
}

/// What stands for a delivery in the machine's other tests is held by somebody always.
extension String: Reusable {
    static func isUnused(_ value: inout String?) -> Bool { false }
}
