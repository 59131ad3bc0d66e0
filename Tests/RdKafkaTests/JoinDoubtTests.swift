import Testing

@testable import RdKafka

/// When commits wait for a proof that no join follows.
struct JoinDoubtTests {
    private let start = ContinuousClock.now

    private func after(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }

    private func doubt() -> JoinDoubt {
        var doubt = JoinDoubt()
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
        doubt.prove(proof.number)
        #expect(!doubt.isInDoubt(now: start))
        #expect(doubt.proof == nil)
    }

    @Test
    func aHeartbeatThatIsAnsweredWhileAnotherIsProvenIsADoubtOfItsOwn() throws {
        var doubt = doubt()
        doubt.heartbeatAnswered()
        let proof = try #require(doubt.proof)
        doubt.heartbeatAnswered()
        doubt.prove(proof.number)
        #expect(doubt.isInDoubt(now: start))
    }

    @Test
    func aJoinThatIsSentEndsTheDoubt() {
        var doubt = doubt()
        doubt.heartbeatAnswered()
        doubt.joinSent(now: start)
        #expect(!doubt.isInDoubt(now: start))
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
    func withoutACoordinatorNoDoubtIsPutOff() throws {
        var doubt = doubt()
        doubt.joinSent(now: start)
        doubt.coordinatorGone()
        #expect(doubt.isInDoubt(now: after(1)))
        #expect(try #require(doubt.proof).notBefore == after(1000))
        doubt.joinSent(now: after(1500))
        doubt.heartbeatAnswered()
        #expect(!doubt.isInDoubt(now: after(1600)))
    }

    @Test
    func aCoordinatorThatIsGoneIsADoubtAlsoOfWhatWasProven() throws {
        var doubt = doubt()
        doubt.heartbeatAnswered()
        doubt.prove(try #require(doubt.proof).number)
        doubt.coordinatorGone()
        #expect(doubt.isInDoubt(now: start))
        let proof = try #require(doubt.proof)
        // It went again before the proof was there.
        doubt.coordinatorGone()
        doubt.prove(proof.number)
        #expect(doubt.isInDoubt(now: start))
    }

    @Test
    func aJoinThatGotNoAnswerIsFollowedByAnother() throws {
        var doubt = doubt()
        doubt.joinSent(now: start)
        doubt.joinFailed(now: after(300))
        #expect(doubt.isInDoubt(now: start))
        #expect(try #require(doubt.proof).notBefore == after(1300))
    }

    @Test
    func whereNothingIsFollowedThereIsNoDoubt() {
        var doubt = JoinDoubt()
        doubt.heartbeatAnswered()
        doubt.coordinatorGone()
        doubt.joinFailed(now: start)
        #expect(!doubt.isInDoubt(now: start))
        #expect(doubt.proof == nil)
    }
}
