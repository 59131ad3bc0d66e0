import TestSupport
import Testing

/// The judge finds what it is there to find, on logs that are made up.
@Suite
struct ChurnCheckTests {
    typealias Place = ChurnEntry.Place
    typealias Violation = ChurnCheck.Violation

    /// A message that is worked on from `at` to `at + 5` and committed by `at + 9`.
    private func done(_ partition: Int, _ offset: Int64, at: UInt64, wasHeld: Bool = false) -> [ChurnEntry] {
        let place = Place(partition, offset)
        return [
            .start(place, at: at), .end(place, at: at + 5),
            .committed(place, from: at + 5, at: at + 9, wasHeld: wasHeld),
        ]
    }

    private let leaves = [ChurnEntry.closed(uncommitted: 0, hasLeft: true)]

    private func check(_ logs: [ChurnLog], ends: [Int: Int64]) -> ChurnCheck {
        ChurnCheck(Dictionary(uniqueKeysWithValues: logs.enumerated().map { ($0 + 1, $1) }), ends: ends)
    }

    /// A gives up partition 0, which B goes on with.
    private func handover(_ first: [ChurnEntry], _ second: [ChurnEntry], end: ChurnLog.End = .closed) -> [ChurnLog] {
        [
            ChurnLog(
                end: end,
                entries: [.assigned([0], at: 1)] + first + (end == .killed ? [] : [.revoked([0], at: 50)] + leaves)
            ),
            ChurnLog(end: .closed, entries: [.assigned([0], at: 60)] + second + leaves),
        ]
    }

    @Test
    func aGroupInOrderPasses() {
        let logs = handover(done(0, 0, at: 10) + done(0, 1, at: 20, wasHeld: true), done(0, 2, at: 70))
        let check = check(logs, ends: [0: 3])
        #expect(check.violations.isEmpty)
        #expect(check.figures.messages == 3)
        #expect(check.figures.heldCommits == 1)
        #expect(check.figures.duplicates == 0)
    }

    @Test
    func aMessageThatNobodyProcessesIsFound() {
        let logs = handover(done(0, 0, at: 10), done(0, 2, at: 70))
        #expect(check(logs, ends: [0: 3]).violations == [.unprocessed(Place(0, 1))])
    }

    @Test
    func aMessageThatIsBegunAndNeverDoneIsFound() {
        let logs = handover(done(0, 0, at: 10), [.start(Place(0, 1), at: 70)])
        #expect(check(logs, ends: [0: 2]).violations == [.unprocessed(Place(0, 1))])
    }

    @Test
    func aCommittedMessageThatComesAgainIsFound() {
        let logs = handover(done(0, 0, at: 10), done(0, 0, at: 70))
        #expect(check(logs, ends: [0: 1]).violations == [.duplicate(Place(0, 0), first: 1, again: 2)])
    }

    @Test(arguments: [ChurnLog.End.killed, .cancelled])
    func theMessageInHandOfAMemberThatEndsMayComeAgain(_ end: ChurnLog.End) {
        let inHand: [ChurnEntry] = [.start(Place(0, 1), at: 20), .end(Place(0, 1), at: 25)]
        let check = check(handover(done(0, 0, at: 10) + inHand, done(0, 1, at: 70), end: end), ends: [0: 2])
        #expect(check.violations.isEmpty)
        #expect(check.figures.duplicates == 1)
    }

    @Test
    func theMessageInHandOfAMemberThatClosesMustNotComeAgain() {
        let inHand: [ChurnEntry] = [.start(Place(0, 1), at: 20), .end(Place(0, 1), at: 25)]
        let logs = handover(done(0, 0, at: 10) + inHand, done(0, 1, at: 70))
        #expect(check(logs, ends: [0: 2]).violations == [.duplicate(Place(0, 1), first: 1, again: 2)])
    }

    @Test
    func onlyOneMessageOfAKilledMemberMayComeAgain() {
        let uncommitted: [ChurnEntry] = [.start(Place(0, 0), at: 10), .end(Place(0, 0), at: 15)]
        let inHand: [ChurnEntry] = [.start(Place(0, 1), at: 20), .end(Place(0, 1), at: 25)]
        let logs = handover(uncommitted + inHand, done(0, 0, at: 70) + done(0, 1, at: 80), end: .killed)
        #expect(check(logs, ends: [0: 2]).violations == [.duplicate(Place(0, 0), first: 1, again: 2)])
    }

    @Test
    func aMessageWhoseCommitWasRefusedMayComeAgain() {
        let refused: [ChurnEntry] = [
            .start(Place(0, 0), at: 10), .end(Place(0, 0), at: 15),
            .refused(Place(0, 0), code: "staleMessage", from: 15, at: 16),
        ]
        let check = check(handover(refused, done(0, 0, at: 70)), ends: [0: 1])
        #expect(check.violations.isEmpty)
        #expect(check.figures.duplicates == 1)
        #expect(check.figures.refusedCommits == 1)
    }

    @Test
    func aLostAssignmentIsFound() {
        var logs = handover(done(0, 0, at: 10), done(0, 1, at: 70))
        logs[0].entries.insert(.lost([0], at: 49, .other), at: 4)
        #expect(check(logs, ends: [0: 2]).violations == [.lost(member: 1, partitions: [0])])
    }

    @Test
    func anAssignmentThatACommitCostWhichTheCoordinatorCutOffIsCounted() {
        var logs = handover(done(0, 0, at: 10), done(0, 1, at: 70))
        logs[0].entries.insert(.lost([0], at: 49, .cutOffCommit), at: 4)
        let check = check(logs, ends: [0: 2])
        #expect(check.violations.isEmpty)
        #expect(check.figures.cutOffs == 1)
    }

    @Test(arguments: [4, 5])
    func anAssignmentThatAFencedEpochCostIsCounted(at line: Int) {
        var logs = handover(done(0, 0, at: 10), done(0, 1, at: 70))
        logs[0].entries.insert(.lost([0], at: 49, .other), at: 4)
        logs[0].entries.insert(.fenced(at: 48), at: line)
        let check = check(logs, ends: [0: 2])
        #expect(check.violations.isEmpty)
        #expect(check.figures.fences == 1)
    }

    @Test
    func aFencedEpochAccountsForOneLossOfItsMember() {
        var logs = handover(done(0, 0, at: 10), done(0, 1, at: 70))
        let losses: [ChurnEntry] = [.lost([0], at: 48, .other), .lost([1], at: 49, .other)]
        logs[0].entries.insert(contentsOf: [.fenced(at: 47)] + losses, at: 4)
        logs[1].entries.insert(.lost([2], at: 90, .other), at: logs[1].entries.count - 1)
        let check = check(logs, ends: [0: 2])
        #expect(check.violations == [.lost(member: 1, partitions: [1]), .lost(member: 2, partitions: [2])])
        #expect(check.figures.fences == 1)
    }

    @Test
    func anAssignmentThatIsLostInSilenceIsAnEviction() {
        let silence: UInt64 = 6_000_000_000
        let logs = [
            ChurnLog(
                end: .closed,
                entries: [.assigned([0], at: 1)] + done(0, 0, at: 10) + [.lost([0], at: silence, .other)]
                    + [.assigned([0], at: silence + 10)] + done(0, 1, at: silence + 20) + leaves
            )
        ]
        let check = check(logs, ends: [0: 2])
        #expect(check.violations.isEmpty)
        #expect(check.figures.evictions == 1)
    }

    @Test
    func anAssignmentThatACommitCostIsNoEvictionHoweverLongTheJoin() {
        let silence: UInt64 = 6_000_000_000
        let logs = [
            ChurnLog(
                end: .closed,
                entries: [.assigned([0], at: 1)] + done(0, 0, at: 10) + [.lost([0], at: silence, .commit)] + leaves
            )
        ]
        let check = check(logs, ends: [0: 1])
        #expect(check.violations == [.lost(member: 1, partitions: [0])])
        #expect(check.figures.evictions == 0)
    }

    @Test
    func twoMembersThatWorkOnAPartitionAtOneTimeAreFound() {
        let logs = handover(done(0, 0, at: 10) + done(0, 1, at: 68), done(0, 2, at: 70))
        #expect(check(logs, ends: [0: 3]).violations == [.twoAtOnce(Place(0, 2), member: 2, other: 1)])
    }

    @Test
    func aMessageThatIsDeliveredBehindTheFenceIsFound() {
        // Both do one after the other, so that they never work at one time.
        let logs = handover(done(0, 0, at: 10) + done(0, 2, at: 80), done(0, 1, at: 70) + done(0, 3, at: 90))
        #expect(
            check(logs, ends: [0: 4]).violations
                == [.behindTheFence(partition: 0, member: 1), .behindTheFence(partition: 0, member: 2)]
        )
    }

    @Test
    func aMessageOfAPartitionThatWasGivenUpIsFound() {
        var logs = handover(done(0, 0, at: 10), done(0, 2, at: 70))
        logs[0].entries.insert(contentsOf: done(0, 1, at: 55), at: logs[0].entries.count - 1)
        #expect(check(logs, ends: [0: 3]).violations == [.behindTheFence(partition: 0, member: 1)])
        // That it was given again is written late.
        logs[0].entries.insert(.assigned([0], at: 65), at: logs[0].entries.count - 1)
        #expect(check(logs, ends: [0: 3]).violations.isEmpty)
    }

    @Test
    func aPartitionThatComesBackIsNoMessageBehindTheFence() {
        var logs = handover(done(0, 0, at: 10) + [.assigned([0], at: 79)] + done(0, 2, at: 80), done(0, 1, at: 70))
        logs[1].entries.insert(.revoked([0], at: 78), at: 4)
        #expect(check(logs, ends: [0: 3]).violations.isEmpty)
    }

    @Test
    func messagesOutOfOrderAreFound() {
        let logs = handover(done(0, 1, at: 10) + done(0, 0, at: 20), done(0, 2, at: 70))
        #expect(
            check(logs, ends: [0: 3]).violations
                == [.outOfOrder(Place(0, 0), member: 1), .commitWentBack(Place(0, 0), member: 1, behind: 1)]
        )
    }

    @Test
    func aCommitBehindAHigherOneIsFoundOnlyIfThatWasAcknowledgedBefore() {
        let place = Place(0, 0)
        let late: [ChurnEntry] = [
            .start(place, at: 10), .end(place, at: 15), .committed(place, from: 15, at: 90, wasHeld: false),
        ]
        #expect(check(handover(late, done(0, 1, at: 70)), ends: [0: 2]).violations.isEmpty)
        let later: [ChurnEntry] = [
            .start(place, at: 10), .end(place, at: 15), .committed(place, from: 85, at: 90, wasHeld: false),
        ]
        #expect(
            check(handover(later, done(0, 1, at: 70)), ends: [0: 2]).violations
                == [.commitWentBack(place, member: 1, behind: 1)]
        )
    }

    @Test(arguments: [
        [], [ChurnEntry.closed(uncommitted: 1, hasLeft: true)], [.closed(uncommitted: 1, hasLeft: false)],
    ])
    func aMemberThatDoesNotLeaveInOrderIsFound(_ end: [ChurnEntry]) {
        let entries = [.assigned([0], at: 1)] + done(0, 0, at: 10) + end
        let violations = check([ChurnLog(end: .closed, entries: entries)], ends: [0: 1]).violations
        #expect(violations == [.badEnd(member: 1, last: entries.last.map { "\($0)" } ?? "")])
    }

    @Test
    func aLeaveThatTheGroupDoesNotHearOfIsCounted() {
        let entries = [.assigned([0], at: 1)] + done(0, 0, at: 10) + [ChurnEntry.closed(uncommitted: 0, hasLeft: false)]
        let result = check([ChurnLog(end: .closed, entries: entries)], ends: [0: 1])
        #expect(result.violations.isEmpty)
        #expect(result.figures.unheardLeaves == 1)
        let alone =
            [.assigned([0], at: 1)] + done(0, 0, at: 10) + [
                ChurnEntry.closed(uncommitted: 0, hasLeft: false, isAlone: true)
            ]
        let other = check([ChurnLog(end: .closed, entries: alone)], ends: [0: 1])
        #expect(other.violations.isEmpty)
        #expect(other.figures.unheardLeaves == 0)
        #expect(other.figures.leavesInOutage == 1)
    }

    @Test
    func linesAreReadAsTheyWereWritten() {
        let entries =
            done(3, 17, at: 1_000_000_000_000, wasHeld: true) + [
                .refused(Place(1, 2), code: "staleMessage", from: 3, at: 4), .assigned([], at: 5),
                .assigned([0, 11], at: 6), .revoked([4], at: 7), .lost([1, 2, 3], at: 8, .commit),
                .lost([], at: 9, .other), .fenced(at: 10),
                .closed(uncommitted: 2, hasLeft: false, isAlone: true),
            ]
        for entry in entries { #expect(ChurnEntry(Array("\(entry)".utf8)) == entry) }
        // Killed while it wrote.
        for line in ["", "start 1 2", "committed 1 2 3 4", "lost 8", "lost 8 1,2", "closed"] {
            #expect(ChurnEntry(Array(line.utf8)) == nil)
        }
    }
}
