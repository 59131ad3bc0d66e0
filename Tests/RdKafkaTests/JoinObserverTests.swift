import Testing

@testable import RdKafka

/// When commits are held.
struct JoinObserverTests {
    private static let joinGroup: Int16 = 11
    private static let leaveGroup: Int16 = 13
    private static let syncGroup: Int16 = 14
    private static let heartbeat: Int16 = 12
    private static let consumerGroupHeartbeat: Int16 = 68

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
    func aRequestWithoutAResponseEndsTheJoin(key: Int16) {
        observer.requestSent(Self.joinGroup)
        observer.responseReceived(key, hasFailed: true)
        #expect(!observer.isJoining)
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
