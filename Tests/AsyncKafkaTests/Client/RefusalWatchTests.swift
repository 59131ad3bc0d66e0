import RdKafka
import Testing

@testable import AsyncKafka

struct RefusalWatchTests {
    static let start = ContinuousClock.now

    private func failure(
        _ broker: String,
        _ code: KafkaError.Code,
        _ verdict: ConnectionFailure.Verdict,
        _ stage: BrokerObserver.Stage
    ) -> ConnectionFailure {
        ConnectionFailure(broker: broker, verdict: verdict, stage: stage, error: KafkaError(code, "\(broker): no"))
    }

    private func refused(_ broker: String) -> ConnectionFailure {
        failure(broker, .authentication, .refused, .loggingIn)
    }

    private func unreachable(_ broker: String) -> ConnectionFailure {
        failure(broker, .transport, .unreachable, .connecting)
    }

    private func closed(_ broker: String) -> ConnectionFailure {
        failure(broker, .tlsExpected, .refusedIfNeverServed, .asking)
    }

    /// What the end of a connection looks like that librdkafka has given up, or that nothing can be told from.
    private func lost(
        _ broker: String,
        _ stage: BrokerObserver.Stage,
        _ code: KafkaError.Code = .transport
    ) -> ConnectionFailure {
        failure(broker, code, .unreachable, stage)
    }

    private func ending(_ broker: String, _ stage: BrokerObserver.Stage, after: Duration) -> BrokerObserver.Ending {
        BrokerObserver.Ending(broker: broker, stage: stage, began: Self.start + after)
    }

    private func makeWatch(
        limit: Duration? = .seconds(10),
        maxReconnectBackoff: Duration = .seconds(10)
    ) -> RefusalWatch {
        let refusal = limit.map { KafkaConnectionConfiguration.Refusal.fail(after: $0) } ?? .keepRetrying
        return RefusalWatch(refusal, maxReconnectBackoff: maxReconnectBackoff)
    }

    /// One that is refused is replaced, and the next one may be refused as well.
    @Test func anotherTokenDoesNotBeginTheTimeAnew() {
        var watch = makeWatch()
        watch.failed(refused("a:1"), now: Self.start)
        watch.allDown(now: Self.start)
        for second in [1, 5, 9] { watch.tokenCame(now: Self.start + .seconds(second)) }
        #expect(watch.deadline == Self.start + .seconds(10))
        #expect(with(&watch) { $0.expire(now: Self.start + .seconds(10)) }?.code == .authentication)
    }

    @Test func theFirstTokenEndsThatThereIsNone() {
        var watch = makeWatch()
        let none = failure(RefusalWatch.noToken, .tokenProviderFailed, .refused, .loggingIn)
        watch.allDown(now: Self.start)
        watch.failed(none, now: Self.start)
        #expect(watch.deadline == Self.start + .seconds(10))
        watch.tokenCame(now: Self.start + .seconds(9))
        #expect(watch.deadline == nil && watch.cause == nil)
        // Brokers have not said a word yet.
        watch.failed(refused("a:1"), now: Self.start + .seconds(9))
        #expect(watch.deadline == Self.start + .seconds(19))
    }

    @Test func whatWaitsFailsOnceAllBrokersHaveRefusedForLongEnough() throws {
        var watch = makeWatch()
        watch.failed(refused("a:1"), now: Self.start)
        #expect(watch.deadline == nil, "another one may take the client")
        watch.failed(refused("b:1"), now: Self.start)
        watch.allDown(now: Self.start)
        #expect(watch.isRefused)
        #expect(watch.deadline == Self.start + .seconds(10))
        watch.failed(refused("b:1"), now: Self.start + .seconds(5))
        #expect(watch.deadline == Self.start + .seconds(10), "counts from the first time")
        #expect(with(&watch) { $0.expire(now: Self.start + .seconds(9)) } == nil)
        let error = try #require(with(&watch) { $0.expire(now: Self.start + .seconds(10)) })
        #expect(error.code == .authentication)
        #expect(error.message.hasPrefix("b:1: no"))
        #expect(error.message.contains("connection.refusal"))
        // What comes later fails within the same time again, also if librdkafka keeps the same error to itself.
        #expect(watch.deadline == Self.start + .seconds(20))
        #expect(with(&watch) { $0.expire(now: Self.start + .seconds(20)) } != nil)
    }

    @Test func aBrokerThatCannotBeReachedMayTakeTheClient() {
        var watch = makeWatch()
        watch.failed(refused("a:1"), now: Self.start)
        watch.failed(unreachable("b:1"), now: Self.start)
        watch.allDown(now: Self.start)
        #expect(watch.deadline == nil)
        #expect(watch.cause?.code == .authentication, "the refusal is what can be mended")
        watch.failed(refused("b:1"), now: Self.start + .seconds(1))
        #expect(watch.deadline == Self.start + .seconds(11))
        watch.failed(unreachable("a:1"), now: Self.start + .seconds(2))
        watch.failed(unreachable("a:1"), now: Self.start + .seconds(3))
        #expect(watch.deadline == nil)
    }

    /// `localhost` is `::1` and `127.0.0.1`, and librdkafka tries them in turn.
    @Test func anotherAddressOfTheSameNameDoesNotPutOffARefusal() throws {
        var watch = makeWatch()
        watch.allDown(now: Self.start)
        for seconds in 0..<10 {
            let now = Self.start + .seconds(seconds)
            watch.failed(seconds.isMultiple(of: 2) ? refused("a:1") : unreachable("a:1"), now: now)
            #expect(watch.deadline == Self.start + .seconds(10))
        }
        #expect(watch.lastRefusal == Self.start + .seconds(8), "nothing but a refusal renews it")
        #expect(try #require(with(&watch) { $0.expire(now: Self.start + .seconds(10)) }).code == .authentication)
    }

    /// Newer librdkafkas replace brokers by those that the cluster names, and tell nobody.
    @Test func aBrokerThatNobodyTriesAnyMoreIsNone() {
        var watch = makeWatch()
        watch.allDown(now: Self.start)
        watch.failed(unreachable("old:1"), now: Self.start)
        for seconds in stride(from: 0, through: 40, by: 10) {
            watch.failed(refused("a:1"), now: Self.start + .seconds(seconds))
            #expect(!watch.isRefused)
        }
        watch.failed(refused("a:1"), now: Self.start + .seconds(50))
        #expect(watch.isRefused)
        #expect(watch.deadline == Self.start + .seconds(60))
    }

    @Test func anAttemptMayTakeAsLongAsItsLimit() {
        var watch = RefusalWatch(.fail, maxReconnectBackoff: .seconds(10), setupTimeout: .seconds(300))
        watch.allDown(now: Self.start)
        watch.failed(unreachable("b:1"), now: Self.start)
        watch.failed(refused("a:1"), now: Self.start + .seconds(300))
        #expect(!watch.isRefused, "the next attempt is under way")
    }

    /// A port that is forwarded to a broker that has yet to start looks like this too.
    @Test func closedConnectionsAloneHaveALimitOfTheirOwn() {
        var watch = RefusalWatch(.fail, maxReconnectBackoff: .seconds(10))
        watch.allDown(now: Self.start)
        watch.failed(closed("a:1"), now: Self.start)
        #expect(watch.isRefused, "which `connect` tells")
        #expect(watch.deadline == Self.start + .seconds(60))
        watch.failed(refused("b:1"), now: Self.start + .seconds(1))
        #expect(watch.deadline == Self.start + .seconds(60))
        watch.failed(refused("a:1"), now: Self.start + .seconds(2))
        #expect(watch.deadline == Self.start + .seconds(12))
    }

    @Test func aBrokerThatServesTheClientEndsIt() {
        var watch = makeWatch()
        #expect(!watch.isServed)
        watch.allDown(now: Self.start)
        watch.failed(refused("a:1"), now: Self.start)
        #expect(watch.deadline != nil)
        #expect(with(&watch) { $0.served() })
        #expect(watch.isServed)
        #expect(watch.deadline == nil)
        #expect(!with(&watch) { $0.served() })
        watch.failed(refused("a:1"), now: Self.start)
        #expect(watch.deadline == nil, "the others may be up")
        watch.allDown(now: Self.start)
        #expect(!watch.isServed)
        #expect(watch.deadline != nil)
    }

    /// Nobody asks any more: an attempt would have been seen.
    @Test func aTimeWithoutRefusalsEndsIt() {
        var watch = makeWatch()
        watch.failed(refused("a:1"), now: Self.start)
        watch.allDown(now: Self.start)
        for seconds in stride(from: 10, through: 40, by: 10) {
            #expect(with(&watch) { $0.expire(now: Self.start + .seconds(seconds)) } != nil)
        }
        #expect(with(&watch) { $0.expire(now: Self.start + .seconds(50)) } == nil)
        #expect(watch.deadline == nil, "no more ticks")
        // What else is said changes nothing.
        watch.allDown(now: Self.start + .seconds(60))
        #expect(watch.deadline == nil)
        // A new refusal does: librdkafka does not say again that all are down.
        watch.failed(refused("a:1"), now: Self.start + .seconds(70))
        #expect(watch.deadline == Self.start + .seconds(80))
        #expect(with(&watch) { $0.expire(now: Self.start + .seconds(80)) } != nil)
    }

    /// librdkafka before 2.12 tells an identical refusal every 30 s, newer ones may not at all.
    @Test func attemptsThatEndInTheSameWayKeepIt() {
        var watch = makeWatch()
        watch.allDown(now: Self.start)
        watch.failed(refused("a:1"), now: Self.start)
        for seconds in stride(from: 10, through: 400, by: 10) {
            let ending = ending("a:1", .loggingIn, after: .seconds(seconds - 1))
            watch.ended(ending, lost("a:1", .loggingIn), now: Self.start + .seconds(seconds))
            #expect(watch.lastRefusal == Self.start + .seconds(seconds))
            #expect(with(&watch) { $0.expire(now: Self.start + .seconds(seconds)) } != nil)
        }
    }

    @Test func theLongestWaitBetweenAttemptsCounts() {
        var watch = makeWatch(maxReconnectBackoff: .seconds(300))
        watch.allDown(now: Self.start)
        watch.failed(refused("a:1"), now: Self.start)
        #expect(with(&watch) { $0.expire(now: Self.start + .seconds(339)) } != nil)
        #expect(with(&watch) { $0.expire(now: Self.start + .seconds(349)) } == nil)
        #expect(watch.deadline == nil)
    }

    @Test func aProgramMayPreferToWait() {
        var watch = makeWatch(limit: nil)
        watch.failed(refused("a:1"), now: Self.start)
        watch.allDown(now: Self.start)
        #expect(watch.isRefused, "which `connect` tells")
        #expect(watch.deadline == nil)
        #expect(with(&watch) { $0.expire(now: Self.start + .seconds(1000)) } == nil)
    }

    @Test func noLimitIsNoBusyLoop() {
        var watch = makeWatch(limit: .zero)
        watch.failed(refused("a:1"), now: Self.start)
        watch.allDown(now: Self.start)
        #expect(with(&watch) { $0.expire(now: Self.start) } != nil)
        #expect(watch.deadline.map { $0 > Self.start } == true)
    }

    // MARK: Connections that end without a word

    @Test func aConnectionThatIsClosedWithoutAWordIsARefusalUntilABrokerHasServedTheClient() {
        var watch = makeWatch()
        watch.ended(ending("a:1", .asking, after: .zero), closed("a:1"), now: Self.start + .seconds(1))
        watch.allDown(now: Self.start + .seconds(1))
        #expect(watch.isRefused)
        #expect(watch.cause?.code == .tlsExpected)
        watch.served()
        watch.ended(ending("a:1", .asking, after: .seconds(2)), closed("a:1"), now: Self.start + .seconds(3))
        watch.allDown(now: Self.start + .seconds(3))
        #expect(!watch.isRefused, "it speaks the same protocol, but is going down")
        watch.failed(closed("a:1"), now: Self.start + .seconds(4))
        #expect(!watch.isRefused)
    }

    @Test func whatLibrdkafkaSaysOfAnAttemptCountsMoreThanItsEnd() {
        var watch = makeWatch()
        watch.failed(refused("a:1"), now: Self.start + .seconds(1))
        watch.ended(ending("a:1", .open, after: .zero), closed("a:1"), now: Self.start + .seconds(1))
        #expect(watch.cause?.code == .authentication)
        watch.ended(ending("b:1", .asking, after: .zero), closed("b:1"), now: Self.start + .seconds(1))
        watch.failed(failure("b:1", .clientCertificateMissing, .refused, .asking), now: Self.start + .seconds(2))
        #expect(watch.cause?.code == .clientCertificateMissing)
    }

    /// A broker that refused once may have taken the client since, which nobody tells while another one serves it.
    @Test func whoeverCameFartherWasNotRefused() {
        var watch = makeWatch()
        watch.served()
        watch.failed(refused("a:1"), now: Self.start)
        watch.ended(ending("a:1", .open, after: .seconds(1)), lost("a:1", .open), now: Self.start + .seconds(60))
        watch.allDown(now: Self.start + .seconds(60))
        #expect(!watch.isRefused)
        #expect(watch.cause?.code == .transport)
    }

    /// It told nothing of its end, but it is not there: it does not refuse.
    @Test func aBrokerThatHasGoneWithoutAWordMayTakeTheClient() {
        var watch = makeWatch()
        watch.served()
        watch.failed(refused("a:1"), now: Self.start)
        watch.ended(ending("b:1", .open, after: .zero), lost("b:1", .open), now: Self.start + .seconds(60))
        watch.failed(refused("a:1"), now: Self.start + .seconds(60))
        watch.allDown(now: Self.start + .seconds(60))
        #expect(watch.isRefused, "it may have been closed for want of use, or be replaced")
        let next = ending("b:1", .connecting, after: .seconds(60))
        watch.ended(next, lost("b:1", .connecting), now: Self.start + .seconds(61))
        #expect(!watch.isRefused)
        #expect(watch.deadline == nil)
    }

    /// Newer librdkafkas tell no more than that the attempt is over.
    @Test func aBrokerThatCannotBeReachedWithoutAWordMayTakeTheClient() {
        var watch = makeWatch()
        watch.failed(refused("a:1"), now: Self.start)
        watch.ended(ending("b:1", .connecting, after: .zero), lost("b:1", .connecting), now: Self.start + .seconds(1))
        watch.allDown(now: Self.start + .seconds(1))
        #expect(!watch.isRefused)
        #expect(watch.deadline == nil)
        watch.failed(refused("b:1"), now: Self.start + .seconds(2))
        #expect(watch.isRefused)
    }

    @Test func attemptsThatDoNotReachTheBrokerDoNotKeepARefusal() {
        var watch = makeWatch()
        watch.allDown(now: Self.start)
        watch.failed(refused("a:1"), now: Self.start)
        for seconds in [2, 4] {
            let ending = ending("a:1", .connecting, after: .seconds(seconds - 1))
            watch.ended(ending, lost("a:1", .connecting), now: Self.start + .seconds(seconds))
            #expect(watch.lastRefusal == Self.start)
        }
        #expect(!watch.isRefused)
        #expect(watch.deadline == nil)
        #expect(watch.cause?.code == .transport)
    }

    /// An older librdkafka tells it twice, then keeps it to itself.
    @Test func aBrokerThatDoesNotAnswerStaysOneThatDoesNot() {
        var watch = makeWatch()
        watch.allDown(now: Self.start)
        watch.failed(lost("a:1", .asking, .timedOut), now: Self.start + .seconds(10))
        for seconds in [20, 30, 200] {
            let ending = ending("a:1", .asking, after: .seconds(seconds - 9))
            watch.ended(ending, closed("a:1"), now: Self.start + .seconds(seconds))
            #expect(!watch.isRefused, "what it does not tell is what it has told")
            #expect(watch.cause?.code == .timedOut)
        }
    }

    /// Newer ones tell neither, so that the end counts for itself.
    @Test func aBrokerThatDidNotAnswerMayRefuseLater() {
        var watch = makeWatch()
        watch.allDown(now: Self.start)
        let silent = lost("a:1", .asking, .timedOut)
        watch.ended(ending("a:1", .asking, after: .zero), silent, now: Self.start + .seconds(10))
        #expect(!watch.isRefused)
        watch.ended(ending("a:1", .asking, after: .seconds(11)), closed("a:1"), now: Self.start + .seconds(12))
        #expect(watch.isRefused)
        watch.ended(ending("a:1", .asking, after: .seconds(13)), silent, now: Self.start + .seconds(23))
        #expect(!watch.isRefused)
        watch.failed(failure("a:1", .clientCertificateMissing, .refused, .asking), now: Self.start + .seconds(24))
        watch.ended(ending("a:1", .asking, after: .seconds(25)), silent, now: Self.start + .seconds(35))
        #expect(!watch.isRefused, "it does not answer any more")
    }

    @Test func whatLibrdkafkaDoesNotTellIsToldInItsPlaceButNotMoreOften() {
        var watch = makeWatch()
        func news(_ stage: BrokerObserver.Stage, _ failure: ConnectionFailure, at seconds: Int) -> Bool? {
            let ending = ending("a:1", stage, after: .seconds(seconds))
            return with(&watch) { $0.ended(ending, failure, now: Self.start + .seconds(seconds + 1)) }?.isNews
        }
        #expect(news(.asking, closed("a:1"), at: 0) == true)
        #expect(news(.asking, closed("a:1"), at: 10) == false)
        #expect(news(.asking, closed("a:1"), at: 30) == true)
        #expect(news(.asking, lost("a:1", .asking, .timedOut), at: 32) == true)
        watch.failed(refused("a:1"), now: Self.start + .seconds(40))
        #expect(news(.loggingIn, lost("a:1", .loggingIn), at: 35) == nil)
        #expect(news(.loggingIn, lost("a:1", .loggingIn), at: 41) == false)
    }

    @Test func whoeverComesLessFarThanARefusalIsNotTheSameOnceMore() {
        var watch = makeWatch()
        watch.allDown(now: Self.start)
        watch.failed(refused("a:1"), now: Self.start)
        watch.ended(ending("a:1", .asking, after: .seconds(1)), closed("a:1"), now: Self.start + .seconds(2))
        #expect(watch.cause?.code == .authentication, "it had come to the login, so it speaks the same protocol")
        #expect(watch.isRefused)
        watch.served()
        watch.allDown(now: Self.start + .seconds(3))
        watch.failed(refused("a:1"), now: Self.start + .seconds(3))
        watch.ended(ending("a:1", .asking, after: .seconds(4)), closed("a:1"), now: Self.start + .seconds(5))
        #expect(!watch.isRefused)
        #expect(watch.cause?.code == .transport)
    }
}
