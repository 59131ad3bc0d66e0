import Testing

@testable import RdKafka

/// When commits wait for a proof that no join follows.
struct HeartbeatDoubtTests {
    private let start = ContinuousClock.now

    private func after(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }

    private func doubt() -> HeartbeatDoubt {
        var doubt = HeartbeatDoubt()
        doubt.isOn = true
        return doubt
    }

    @Test
    func anAnsweredHeartbeatIsADoubtUntilItIsProvenThatNoJoinFollows() throws {
        var doubt = doubt()
        #expect(!doubt.isInDoubt(now: start))
        doubt.heartbeatAnswered()
        #expect(doubt.isInDoubt(now: start))
        let proof = try #require(doubt.proof)
        #expect(proof.notBefore == nil)
        doubt.prove(proof.heartbeat)
        #expect(!doubt.isInDoubt(now: start))
        #expect(doubt.proof == nil)
    }

    @Test
    func aHeartbeatThatIsAnsweredWhileAnotherIsProvenIsADoubtOfItsOwn() throws {
        var doubt = doubt()
        doubt.heartbeatAnswered()
        let proof = try #require(doubt.proof)
        doubt.heartbeatAnswered()
        doubt.prove(proof.heartbeat)
        #expect(doubt.isInDoubt(now: start))
    }

    @Test
    func aJoinThatIsSentEndsTheDoubt() {
        var doubt = doubt()
        doubt.heartbeatAnswered()
        doubt.joinSent(now: start)
        #expect(!doubt.isInDoubt(now: after(5000)))
    }

    @Test
    func withinASecondOfTheLastJoinTheNextOneIsPutOffAndSoIsTheDoubt() throws {
        var doubt = doubt()
        doubt.joinSent(now: start)
        doubt.heartbeatAnswered()
        #expect(!doubt.isInDoubt(now: after(899)))
        #expect(doubt.isInDoubt(now: after(900)))
        #expect(try #require(doubt.proof).notBefore == after(1000))
        #expect(doubt.isInDoubt(now: after(5000)))
    }

    @Test
    func whereNothingIsFollowedThereIsNoDoubt() {
        var doubt = HeartbeatDoubt()
        doubt.heartbeatAnswered()
        #expect(!doubt.isInDoubt(now: start))
        #expect(doubt.proof == nil)
    }
}
