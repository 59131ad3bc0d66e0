import RdKafka
import Testing

@testable import AsyncKafka

struct RebalanceStateMachineTests {
    typealias Machine = RebalanceStateMachine

    private let start = ContinuousClock.Instant.now
    private let epochs = (0..<2).map { PartitionEpoch(KafkaTopicPartition(topic: "orders", partition: $0), slot: $0) }
    private let all: Set<Machine.Hook> = [.assigned, .revoked, .lost]

    private func pending(
        _ kind: Machine.Pending.Kind,
        _ epochs: [PartitionEpoch]? = nil,
        isCooperative: Bool = false
    ) -> Machine.Pending {
        Machine.Pending(
            kind,
            rows: [],
            epochs: epochs ?? self.epochs,
            isCooperative: isCooperative,
            deadline: start + .seconds(10)
        )
    }

    /// What the machine says, in words.
    private func proceed(_ machine: inout Machine, _ change: (inout Machine.Situation) -> Void = { _ in }) -> String {
        var situation = Machine.Situation(now: start, hooks: all)
        change(&situation)
        return describe(machine.proceed(situation))
    }

    private func describe(_ action: Machine.Action) -> String {
        switch action {
        case .wait: "wait"
        case .call(let hook, let epochs, let id): "call \(hook) of \(epochs.count) as \(id)"
        case .commit(let epochs): "commit \(epochs.count)"
        case .answer(let pending, let overdue, let untold):
            "answer \(pending.isLost ? "lost " : "")\(pending.kind)"
                + (overdue.map { ", overdue \($0)" } ?? "") + (untold.isEmpty ? "" : ", untold \(untold.count)")
        }
    }

    @Test
    func nothingIsToBeDoneWithoutARebalance() {
        var machine = Machine()
        #expect(proceed(&machine) == "wait")
        #expect(machine.deadline == nil)
    }

    @Test
    func anAssignmentWaitsForItsHook() {
        var machine = Machine()
        #expect(with(&machine) { $0.begin(pending(.assign)) == nil })
        #expect(proceed(&machine) == "call assigned of 2 as 1")
        #expect(proceed(&machine) == "wait")
        #expect(with(&machine) { $0.returned(2) } == false)
        #expect(proceed(&machine) == "wait")
        #expect(with(&machine) { $0.returned(1) })
        #expect(proceed(&machine) == "answer assign")
        #expect(machine.pending == nil)
    }

    @Test
    func withoutHooksThereIsNothingToWaitFor() {
        var machine = Machine()
        _ = machine.begin(pending(.assign))
        #expect(proceed(&machine) { $0.hooks = [] } == "answer assign")
        _ = machine.begin(pending(.revoke))
        #expect(proceed(&machine) { $0.hooks = [] } == "commit 2")
        #expect(proceed(&machine) { $0.hooks = [] } == "answer revoke, untold 2")
    }

    @Test
    func anEmptyAssignmentCallsNoHook() {
        var machine = Machine()
        _ = machine.begin(pending(.assign, []))
        #expect(proceed(&machine) == "answer assign")
        _ = machine.begin(pending(.revoke, []))
        #expect(proceed(&machine) == "commit 0")
        #expect(proceed(&machine) == "answer revoke")
    }

    @Test
    func aRevokeIsDrainThenHookThenCommitThenAnswer() {
        var machine = Machine()
        _ = machine.begin(pending(.revoke))
        #expect(proceed(&machine) { $0.isHeld = true } == "wait")
        #expect(proceed(&machine) == "call revoked of 2 as 1")
        #expect(proceed(&machine) == "wait")
        _ = machine.returned(1)
        #expect(proceed(&machine) == "commit 2")
        #expect(proceed(&machine) { $0.isCommitting = true } == "wait")
        #expect(proceed(&machine) == "answer revoke")
    }

    @Test
    func aHookThatIsLateIsLeftAlone() {
        var machine = Machine()
        _ = machine.begin(pending(.revoke))
        #expect(proceed(&machine) == "call revoked of 2 as 1")
        #expect(proceed(&machine) { $0.now = start + .seconds(10) } == "answer revoke, overdue revoked")
        #expect(with(&machine) { $0.returned(1) } == false)
        _ = machine.begin(pending(.assign))
        #expect(proceed(&machine) == "call assigned of 2 as 2")
        #expect(proceed(&machine) { $0.now = start + .seconds(10) } == "answer assign, overdue assigned")
    }

    @Test
    func aMessageThatTakesAllTheTimeLeavesTheHookForLater() {
        var machine = Machine()
        _ = machine.begin(pending(.revoke))
        let last = proceed(&machine) {
            $0.isHeld = true
            $0.now = start + .seconds(10)
        }
        #expect(last == "answer revoke, untold 2")
    }

    @Test
    func whatIsLostCommitsNothing() {
        var machine = Machine()
        _ = machine.begin(pending(.revoke))
        let first = proceed(&machine) {
            $0.isLost = true
            $0.isHeld = true
        }
        #expect(first == "call lost of 2 as 1", "nobody waits for the message in hand")
        _ = machine.returned(1)
        #expect(proceed(&machine) == "answer lost revoke")
    }

    @Test
    func aLossAfterTheHookIsSeenBeforeTheCommit() {
        var machine = Machine()
        _ = machine.begin(pending(.revoke))
        #expect(proceed(&machine) == "call revoked of 2 as 1")
        _ = machine.returned(1)
        #expect(proceed(&machine) { $0.isLost = true } == "answer lost revoke")

        _ = machine.begin(pending(.revoke))
        #expect(proceed(&machine) == "call revoked of 2 as 2")
        #expect(proceed(&machine) { $0.isLost = true } == "answer lost revoke", "while it runs as well")
    }

    @Test
    func anEagerAssignmentThatIsLostBeforeItsAnswerIsNotRead() {
        var machine = Machine()
        _ = machine.begin(pending(.assign))
        #expect(proceed(&machine) == "call assigned of 2 as 1")
        #expect(proceed(&machine) { $0.isLost = true } == "call lost of 2 as 2")
        #expect(with(&machine) { $0.returned(1) } == false)
        _ = machine.returned(2)
        #expect(proceed(&machine) == "answer lost revoke")
    }

    @Test
    func aCooperativeOneIsRevokedAsLostNext() {
        var machine = Machine()
        _ = machine.begin(pending(.assign, isCooperative: true))
        #expect(proceed(&machine) == "call assigned of 2 as 1")
        #expect(proceed(&machine) { $0.isLost = true } == "answer lost assign")
        _ = machine.begin(pending(.revoke, isCooperative: true))
        #expect(proceed(&machine) == "call lost of 2 as 2", "librdkafka has forgotten it by then")
    }

    @Test
    func aRevokeAnswersTheAssignmentBeforeIt() {
        var machine = Machine()
        _ = machine.begin(pending(.assign))
        #expect(proceed(&machine) == "call assigned of 2 as 1")
        let unanswered = machine.begin(pending(.revoke))
        #expect(unanswered?.kind == .assign)
        #expect(proceed(&machine) == "call revoked of 2 as 2")
    }

    @Test
    func aCloseTellsTheHookOnce() {
        var machine = Machine()
        #expect(describe(machine.proceedClose(epochs, isLost: false, hooks: all)) == "call revoked of 2 as 1")
        #expect(describe(machine.proceedClose(epochs, isLost: false, hooks: all)) == "wait")
        _ = machine.returned(1)
        #expect(describe(machine.proceedClose(epochs, isLost: false, hooks: all)) == "commit 0")
        _ = machine.begin(pending(.revoke))
        #expect(proceed(&machine) { $0.isLeaving = true } == "answer revoke")
    }

    @Test
    func aRevokeWithinTheCloseTellsOfTheRest() {
        var machine = Machine()
        #expect(describe(machine.proceedClose([epochs[0]], isLost: false, hooks: all)) == "call revoked of 1 as 1")
        _ = machine.begin(pending(.revoke))
        #expect(proceed(&machine) == "wait", "one hook at a time")
        _ = machine.returned(1)
        #expect(proceed(&machine) == "call revoked of 1 as 2")
    }

    @Test
    func aClosingConsumerDoesNotWaitForTheHookOfAnAssignment() {
        var machine = Machine()
        _ = machine.begin(pending(.assign))
        #expect(proceed(&machine) == "call assigned of 2 as 1")
        #expect(proceed(&machine) { $0.isClosing = true } == "answer assign")
        #expect(describe(machine.proceedClose(epochs, isLost: false, hooks: all)) == "call revoked of 2 as 2")

        var other = Machine()
        _ = other.begin(pending(.assign))
        #expect(proceed(&other) { $0.isClosing = true } == "answer assign")
        #expect(describe(other.proceedClose(epochs, isLost: false, hooks: all)) == "commit 0", "no hook knows of them")
    }

    @Test
    func ofWhatComesWhileTheConsumerLeavesNoHookIsToldTheEnd() {
        var machine = Machine()
        _ = machine.begin(pending(.assign))
        #expect(proceed(&machine) { $0.isLeaving = true } == "answer assign")
        _ = machine.begin(pending(.revoke))
        #expect(proceed(&machine) { $0.isLeaving = true } == "answer revoke")

        var other = Machine()
        _ = other.begin(pending(.assign))
        #expect(describe(other.cutShort()) == "answer assign")
        _ = other.begin(pending(.revoke))
        #expect(proceed(&other) { $0.isLeaving = true } == "answer revoke")
    }

    @Test
    func whatIsOpenAtTheEndIsAnsweredAtOnce() {
        var machine = Machine()
        #expect(describe(machine.cutShort()) == "wait")
        _ = machine.begin(pending(.revoke))
        #expect(describe(machine.cutShort()) == "answer revoke, untold 2")
        #expect(machine.pending == nil)
    }
}
