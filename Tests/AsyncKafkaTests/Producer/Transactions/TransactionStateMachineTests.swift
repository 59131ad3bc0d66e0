import Testing

@testable import AsyncKafka

@Suite struct TransactionStateMachineTests {
    typealias Machine = TransactionStateMachine<Int>

    let done = TransactionEnd(debt: .none)
    let begun = TransactionEnd(debt: .begun)
    let failure = KafkaError(.timedOut, "no broker")
    let fatal = KafkaError(.fenced, "another producer").asFatal()

    /// A machine whose first transaction is open, held by waiter 1.
    func open() throws -> Machine {
        var machine = Machine()
        guard case .prepare(.initialise) = machine.begin(id: 1, isCancelled: false, waiter: 1) else {
            throw Unexpected()
        }
        #expect(with(&machine) { $0.prepared(begun) }.granted == 1)
        return machine
    }

    struct Unexpected: Error {}

    @Test func theFirstTransactionInitialisesAndTheNextDoesNot() throws {
        var machine = try open()
        #expect(!machine.isQuiet)
        let action = machine.ended(done)
        #expect(action.granted == nil && action.prepare == nil)
        #expect(machine.isQuiet)
        guard case .prepare(.none) = machine.begin(id: 2, isCancelled: false, waiter: 2) else {
            throw Unexpected()
        }
    }

    @Test func waitersHaveTheirTurnsInOrder() throws {
        var machine = try open()
        for id in 2...4 {
            guard case .parked = machine.begin(id: UInt64(id), isCancelled: false, waiter: id) else {
                throw Unexpected()
            }
        }
        for id in 2...4 {
            #expect(with(&machine) { $0.ended(done) }.prepare?.debt == TransactionDebt.none)
            #expect(with(&machine) { $0.prepared(begun) }.granted == id)
        }
    }

    @Test func aCancelledWaiterLeavesAndTheOthersMoveUp() throws {
        var machine = try open()
        _ = machine.begin(id: 2, isCancelled: false, waiter: 2)
        _ = machine.begin(id: 3, isCancelled: false, waiter: 3)
        #expect(with(&machine) { $0.cancel(id: 2) } == 2)
        #expect(with(&machine) { $0.cancel(id: 2) } == nil)
        _ = machine.ended(done)
        #expect(with(&machine) { $0.prepared(begun) }.granted == 3)
    }

    @Test func aTransactionBegunForACancelledTaskIsTakenByTheNext() throws {
        var machine = Machine()
        _ = machine.begin(id: 1, isCancelled: false, waiter: 1)
        #expect(with(&machine) { $0.cancel(id: 1) } == 1)
        let action = machine.prepared(begun)
        #expect(action.granted == nil && action.prepare == nil)
        guard case .granted = machine.begin(id: 2, isCancelled: false, waiter: 2) else { throw Unexpected() }
    }

    @Test func whoIsCancelledBeforeItAsksGetsNothing() throws {
        var machine = Machine()
        guard case .refused(let error) = machine.begin(id: 1, isCancelled: true, waiter: 1) else { throw Unexpected() }
        #expect(error.code == .cancelled)
        #expect(machine.isQuiet)
    }

    @Test func aFailedPreparationIsToldToItsOwnWaiterAlone() throws {
        var machine = Machine()
        _ = machine.begin(id: 1, isCancelled: false, waiter: 1)
        _ = machine.begin(id: 2, isCancelled: false, waiter: 2)
        let action = machine.prepared(TransactionEnd(debt: .initialise, error: failure))
        #expect(action.refused.map(\.0) == [1])
        #expect(action.prepare?.debt == .initialise)
        #expect(with(&machine) { $0.prepared(begun) }.granted == 2)
    }

    @Test func aPreparationThatFailedForACancelledTaskIsMadeAgainForTheNext() throws {
        var machine = Machine()
        _ = machine.begin(id: 1, isCancelled: false, waiter: 1)
        _ = machine.begin(id: 2, isCancelled: false, waiter: 2)
        _ = machine.cancel(id: 1)
        let action = machine.prepared(TransactionEnd(debt: .initialise, error: failure))
        #expect(action.refused.isEmpty)
        #expect(action.prepare?.debt == .initialise)
    }

    @Test(arguments: [TransactionDebt.commit, .abort])
    func whatATransactionLeavesIsDoneBeforeTheNext(debt: TransactionDebt) throws {
        var machine = try open()
        _ = machine.begin(id: 2, isCancelled: false, waiter: 2)
        #expect(with(&machine) { $0.ended(TransactionEnd(debt: debt, error: failure)) }.prepare?.debt == debt)
    }

    @Test func aFatalErrorFailsWhoWaitsAndWhoComes() throws {
        var machine = try open()
        _ = machine.begin(id: 2, isCancelled: false, waiter: 2)
        _ = machine.begin(id: 3, isCancelled: false, waiter: 3)
        let action = machine.ended(TransactionEnd(debt: .none, error: fatal))
        #expect(action.refused.map(\.0) == [2, 3])
        #expect(action.refused.allSatisfy { $0.1.code == .fenced })
        #expect(action.prepare == nil)
        guard case .refused(let error) = machine.begin(id: 4, isCancelled: false, waiter: 4) else {
            throw Unexpected()
        }
        #expect(error.isFatal)
    }

    @Test func aFatalErrorOfThePreparationFailsAll() throws {
        var machine = Machine()
        _ = machine.begin(id: 1, isCancelled: false, waiter: 1)
        _ = machine.begin(id: 2, isCancelled: false, waiter: 2)
        #expect(
            with(&machine) { $0.prepared(TransactionEnd(debt: .none, error: fatal)) }.refused.map(\.0) == [1, 2]
        )
    }

    @Test func theHandleStaysWhileACallRuns() throws {
        var machine = try open()
        #expect(with(&machine) { $0.call() })
        #expect(with(&machine) { $0.stop() } == false)
        machine.called()
        #expect(with(&machine) { $0.stop() })
        #expect(with(&machine) { $0.call() } == false)
    }

    @Test func aStoppedMachineRefusesAndEndsNothing() throws {
        var machine = try open()
        #expect(with(&machine) { $0.stop() })
        #expect(with(&machine) { $0.ended(done) }.prepare == nil)
        guard case .refused(let error) = machine.begin(id: 2, isCancelled: false, waiter: 2) else {
            throw Unexpected()
        }
        #expect(error.code == .clientClosed)
    }

    @Test func closeRefusesWhoWaitsAndLetsTheOpenTransactionEnd() throws {
        var machine = try open()
        _ = machine.begin(id: 2, isCancelled: false, waiter: 2)
        let (refused, settle) = machine.close(.clientClosed, deadline: .now)
        #expect(refused == [2])
        #expect(settle == nil)
        #expect(!machine.isQuiet)
        #expect(with(&machine) { $0.call() })
        machine.called()
        #expect(with(&machine) { $0.ended(done) }.prepare == nil)
        #expect(machine.isQuiet)
    }

    @Test(arguments: [TransactionDebt.commit, .abort])
    func closeSettlesWhatIsLeft(debt: TransactionDebt) throws {
        var machine = try open()
        _ = machine.ended(TransactionEnd(debt: debt, error: failure))
        #expect(with(&machine) { $0.close(.clientClosed, deadline: .now) }.settle == debt)
        #expect(!machine.isQuiet)
        #expect(with(&machine) { $0.stop() } == false)
        machine.settled(done)
        #expect(machine.isQuiet)
        #expect(with(&machine) { $0.stop() })
    }

    @Test(arguments: [TransactionDebt.commit, .abort])
    func whatATransactionLeavesWhileItIsClosedIsSettled(debt: TransactionDebt) throws {
        var machine = try open()
        #expect(with(&machine) { $0.close(.clientClosed, deadline: .now) }.settle == nil)
        #expect(with(&machine) { $0.ended(TransactionEnd(debt: debt, error: failure)) }.settle == debt)
        #expect(!machine.isOver)
        machine.settled(done)
        #expect(machine.isOver)
    }

    @Test func aCloseDoesNotWaitForAnIDThatNobodyNeeds() throws {
        var machine = Machine()
        _ = machine.begin(id: 1, isCancelled: false, waiter: 1)
        #expect(!machine.isOver)
        _ = machine.cancel(id: 1)
        #expect(machine.isOver)
        // But the call uses the handle.
        #expect(!machine.isQuiet)
        #expect(with(&machine) { $0.stop() } == false)
    }

    @Test func noCallBeginsOnceTheHandleIsToGo() throws {
        var machine = try open()
        #expect(with(&machine) { $0.call() })
        #expect(with(&machine) { $0.stop() } == false)
        machine.called()
        #expect(with(&machine) { $0.call() } == false)
    }

    @Test func whatATransactionBecameIsNotToldToTheNext() throws {
        var machine = try open()
        let unknown = KafkaError(.transactionOutcomeUnknown, "who knows").asFatal()
        _ = machine.ended(TransactionEnd(debt: .none, error: unknown))
        guard case .refused(let error) = machine.begin(id: 2, isCancelled: false, waiter: 2) else {
            throw Unexpected()
        }
        #expect(error.code == .fatal)
    }

    @Test func aPreparationHasTheTimeOfItsOwnWaiter() throws {
        var machine = try open()
        _ = machine.begin(id: 7, isCancelled: false, waiter: 7)
        #expect(with(&machine) { $0.ended(done) }.prepare?.id == 7)
    }

    @Test func closeWhileAPreparationRunsLeavesNobodyWaiting() throws {
        var machine = Machine()
        _ = machine.begin(id: 1, isCancelled: false, waiter: 1)
        #expect(with(&machine) { $0.close(.clientClosed, deadline: .now) }.refused == [1])
        let action = machine.prepared(begun)
        #expect(action.granted == nil && action.refused.isEmpty && action.prepare == nil)
        #expect(machine.isQuiet)
    }
}
