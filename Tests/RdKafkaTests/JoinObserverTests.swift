import Testing

@testable import RdKafka

/// When commits are held.
struct JoinObserverTests {
    private static let offsetCommit: Int16 = 8
    private static let joinGroup: Int16 = 11
    private static let leaveGroup: Int16 = 13
    private static let syncGroup: Int16 = 14
    private static let heartbeat: Int16 = 12
    private static let consumerGroupHeartbeat: Int16 = 68

    private static let illegalGeneration: Int32 = 22

    private let observer = JoinObserver()

    @Test
    func aJoinLastsUntilTheRebalanceEventBehindItsSync() {
        #expect(!observer.isJoining)
        observer.requestSent(Self.joinGroup)
        #expect(observer.isJoining)
        #expect(observer.isSent)
        observer.responseReceived(Self.joinGroup, hasFailed: false)
        observer.responseReceived(Self.heartbeat, hasFailed: true)
        observer.responseReceived(Self.syncGroup, hasFailed: false)
        #expect(observer.isJoining, "the response may hold an error")
        observer.settle()
        #expect(!observer.isJoining)
    }

    @Test
    func aJoinThatFollowsAFailedSyncIsStillHeld() {
        observer.requestSent(Self.joinGroup)
        observer.responseReceived(Self.syncGroup, hasFailed: false)
        // It was an error: librdkafka joins again, before the event of an earlier rebalance is handled.
        observer.requestSent(Self.joinGroup)
        observer.settle()
        #expect(observer.isJoining)
    }

    @Test(arguments: [joinGroup, syncGroup])
    func aJoinWithoutAResponseEndsAndAnotherFollows(key: Int16) {
        observer.watchForJoins()
        observer.requestSent(Self.joinGroup)
        observer.responseReceived(key, hasFailed: true)
        #expect(!observer.isJoining)
        #expect(observer.isHolding(now: .now) == Engine.losesAssignments)
    }

    @Test
    func commitsAreHeldOnceTheCoordinatorIsGone() throws {
        observer.watchForJoins()
        observer.connectionChanged(of: "localhost", to: "DOWN")
        observer.connectionChanged(of: "GroupCoordinator", to: "UP")
        #expect(!observer.isHolding(now: .now))
        observer.connectionChanged(of: "GroupCoordinator", to: "DOWN")
        observer.connectionChanged(of: "GroupCoordinator", to: "UP")
        #expect(observer.isHolding(now: .now) == Engine.losesAssignments, "a join may be due")
        if let proof = observer.proof { observer.prove(proof.number) }
        #expect(!observer.isHolding(now: .now))
    }

    @Test
    func aCommitThatIsCutOffIsOvertakenByAJoin() {
        observer.responseReceived(Self.offsetCommit, hasFailed: false)
        observer.requestSent(Self.joinGroup)
        #expect(observer.commitsOutOfJoin == (0, 0))
        observer.responseReceived(Self.offsetCommit, hasFailed: true)
        observer.requestSent(Self.joinGroup)
        #expect(observer.commitsOutOfJoin == (0, 1))
        observer.commitEnded(code: Self.illegalGeneration)
        observer.requestSent(Self.joinGroup)
        #expect(observer.commitsOutOfJoin == (1, 1))
        observer.commitEnded(code: 0)
        #expect(observer.commitsOutOfJoin == (1, 1))
    }

    @Test
    func aCloseWithoutACoordinatorIsKnown() {
        let other = JoinObserver()
        for observer in [observer, other] { observer.connectionChanged(of: "GroupCoordinator", to: "UP") }
        other.connectionChanged(of: "GroupCoordinator", to: "DOWN")
        for observer in [observer, other] { observer.closeBegins() }
        #expect(!observer.hasClosedAlone)
        #expect(other.hasClosedAlone)
        observer.responseReceived(Self.leaveGroup, hasFailed: true)
        #expect(observer.hasClosedAlone)
    }

    @Test
    func anExpectedJoinIsNotSentYetAndNotEndedByAnOldEvent() {
        observer.joinIsExpected()
        #expect(observer.isJoining)
        #expect(!observer.isSent)
        observer.settle()
        #expect(observer.isJoining)
    }

    @Test
    func givingUpDoesNotTouchANewerJoin() throws {
        observer.joinIsExpected()
        let expected = try #require(observer.generation)
        observer.requestSent(Self.joinGroup)
        observer.giveUp(expected)
        #expect(observer.isJoining)
        observer.joinIsExpected()
        #expect(observer.isSent, "a join that was sent stays one")
        observer.giveUp(try #require(observer.generation))
        #expect(!observer.isJoining)
    }

    @Test
    func aLeaveIsKnownOnceItWasAnswered() {
        observer.responseReceived(Self.leaveGroup, hasFailed: true)
        #expect(!observer.hasLeft)
        observer.responseReceived(Self.leaveGroup, hasFailed: false)
        #expect(observer.hasLeft)
        observer.requestSent(Self.joinGroup)
        #expect(!observer.hasLeft)
    }

    @Test
    func aMemberOfTheConsumerProtocolLeavesByItsLastHeartbeat() {
        observer.requestSent(Self.consumerGroupHeartbeat)
        observer.responseReceived(Self.consumerGroupHeartbeat, hasFailed: false)
        #expect(!observer.hasLeft)
        observer.closeBegins()
        #expect(!observer.hasLeft)
        observer.requestSent(Self.consumerGroupHeartbeat)
        observer.responseReceived(Self.consumerGroupHeartbeat, hasFailed: true)
        #expect(!observer.hasLeft)
        observer.requestSent(Self.consumerGroupHeartbeat)
        observer.responseReceived(Self.consumerGroupHeartbeat, hasFailed: false)
        #expect(observer.hasLeft)
    }
}
