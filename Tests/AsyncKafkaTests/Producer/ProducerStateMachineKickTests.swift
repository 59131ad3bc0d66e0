import AsyncKafkaTesting
import RdKafka
import Testing

@testable import AsyncKafka

/// When the linger is lifted for records that are awaited.
@Suite(.timeLimit(.minutes(2)))
struct ProducerStateMachineKickTests {
    private typealias Machine = ProducerStateMachine<String, String, String, String>

    private struct Unexpected: Error {}

    private func ticket(_ machine: inout Machine) throws -> ProducerTicket {
        guard case .granted(let ticket) = machine.reserve(bytes: 1) else { throw Unexpected() }
        return ticket
    }

    private func park(_ machine: inout Machine, _ ticket: ProducerTicket) throws -> Machine.Kick {
        guard case .parked = machine.park(ticket, payload: nil, isCancelled: false, receiver: "") else {
            throw Unexpected()
        }
        return machine.kick(ticket)
    }

    /// Records that are awaited, each with its kick.
    private func send(_ count: Int, _ machine: inout Machine) throws -> [(ticket: ProducerTicket, kick: Machine.Kick)] {
        try (0..<count).map { _ in
            let ticket = try ticket(&machine)
            return (ticket, try park(&machine, ticket))
        }
    }

    private func report(_ tickets: some Sequence<ProducerTicket>, to machine: inout Machine) {
        var action = Machine.ReportAction()
        for ticket in tickets { machine.report(ticket, DeliveryOutcome(), into: &action) }
        machine.reportsEnd(&action)
    }

    private func machine() -> Machine { Machine(maxRecords: 1000, maxBytes: 1000) }

    @Test
    func aFewLeaveAtOnceAndACrowdWaitsForTheReportsOfTheLastKick() throws {
        var machine = machine()
        let first = try send(Machine.crowd, &machine)
        #expect(first.allSatisfy { $0.kick == .now })
        // What the last of them has kicked is the crowd from now on.
        let crowd = try send(100, &machine)
        #expect(crowd.allSatisfy { $0.kick == .later })
        report(first.prefix(Machine.crowd / 2).map(\.ticket), to: &machine)
        #expect(machine.kickBehindReports() == .later, "half of them are on their way")
        #expect(try send(1, &machine)[0].kick == .later)
        report(first.prefix(Machine.crowd * 3 / 4).map(\.ticket), to: &machine)
        #expect(machine.kickBehindReports() == .now)
        // It was for all that hold credits.
        #expect(machine.kickBehindReports() == .later)
        report(first.map(\.ticket) + crowd.prefix(30).map(\.ticket), to: &machine)
        #expect(machine.kickBehindReports() == .later, "71 of 117 are left")
        report(crowd.prefix(75).map(\.ticket), to: &machine)
        #expect(machine.kickBehindReports() == .now, "few are left that wait")
        report(crowd.map(\.ticket), to: &machine)
        #expect(machine.awaited == 1)
        #expect(try send(1, &machine)[0].kick == .now)
    }

    @Test
    func withoutAnybodyWhoWaitsNothingIsKicked() throws {
        var machine = machine()
        let sent = try send(3, &machine)
        report(sent.map(\.ticket), to: &machine)
        #expect(machine.kickBehindReports() == .none)
    }

    /// Its credits are among those that the last kick was for, but it may have come into the queue behind the flush.
    @Test
    func aRecordThatHadCreditsAtTheLastKickKicksForItself() throws {
        var machine = machine()
        let late = try ticket(&machine)
        _ = try send(Machine.crowd, &machine)
        #expect(try park(&machine, late) == .now)
        #expect(try send(1, &machine)[0].kick == .later, "that kick is the last one now")
    }

    @Test
    func whatIsRefusedIsNotWaitedFor() throws {
        var machine = machine()
        let refused = try (0..<400).map { _ in try ticket(&machine) }
        _ = try send(Machine.crowd, &machine)
        #expect(try send(1, &machine)[0].kick == .later)
        for ticket in refused { _ = machine.refuse(ticket) }
        #expect(machine.kickBehindReports() == .now, "most of the last kick's records are gone")
    }

    @Test
    func whoWaitsForRoomDoesNotWaitForTheReportsOfACrowd() throws {
        var machine = Machine(maxRecords: 200, maxBytes: 1000)
        let sent = try send(200, &machine)
        report(sent.prefix(1).map(\.ticket), to: &machine)
        #expect(machine.kickBehindReports() == .later)
        _ = try ticket(&machine)
        guard case .full(let id) = machine.reserve(bytes: 1),
            case .parked = machine.wait(id: id, bytes: 1, isCancelled: false, sender: "")
        else { throw Unexpected() }
        #expect(machine.kickBehindReports() == .now)
    }

    /// The reports that a crowd waits for may not come: here nobody leads one of the partitions.
    @Test
    func aCrowdThatGetsNoReportsHoldsUpNobody() async throws {
        try await withFaultyCluster(partitions: 2) { cluster in
            await BlockingThreads.shared.run { cluster.setLeader(of: "orders", partition: 0, to: nil) }
            var configuration = KafkaProducerConfiguration(bootstrapServers: cluster.servers)
            configuration.log = .none
            configuration.linger = .seconds(100)
            let producer = try KafkaProducer(configuration)
            let start = ContinuousClock.now
            // Until there is a connection the linger is lifted anyway.
            try await producer.send(KafkaRecord(topic: "orders", partition: 1, value: "first"))
            let crowd = (0..<3 * Machine.crowd).map { number in
                Task { try await producer.send(KafkaRecord(topic: "orders", partition: 0, value: "\(number)")) }
            }
            while producer.core.machine.withLock({ $0.awaited }) < crowd.count { await Task.yield() }
            for number in 1...10 {
                let sent = try await producer.send(KafkaRecord(topic: "orders", partition: 1, value: "\(number)"))
                #expect(sent.offset == Int64(number))
            }
            #expect(ContinuousClock.now - start < .seconds(50), "the linger is more than that")
            for task in crowd { task.cancel() }
            for task in crowd { _ = await task.result }
            #expect(await producer.close(timeout: .zero).unsent == crowd.count)
        }
    }
}
