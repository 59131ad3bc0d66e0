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

    private func ending(_ broker: String, _ stage: BrokerObserver.Stage, after: Duration) -> BrokerObserver.Ending {
        BrokerObserver.Ending(broker: broker, stage: stage, began: Self.start + after)
    }

    private func makeWatch(
        limit: Duration? = .seconds(10),
        maxReconnectBackoff: Duration = .seconds(10)
    ) -> RefusalWatch {
        RefusalWatch(limit: limit, maxReconnectBackoff: maxReconnectBackoff)
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
        #expect(watch.deadline == nil)
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
            watch.ended(ending, nil, now: Self.start + .seconds(seconds))
            #expect(watch.lastFailure == Self.start + .seconds(seconds))
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
        watch.ended(ending("a:1", .open, after: .seconds(1)), nil, now: Self.start + .seconds(60))
        watch.allDown(now: Self.start + .seconds(60))
        #expect(!watch.isRefused)
        #expect(watch.cause?.code == .transport)
    }

    /// It told nothing of its end, but it is not there: it does not refuse.
    @Test func aBrokerThatHasGoneWithoutAWordMayTakeTheClient() {
        var watch = makeWatch()
        watch.served()
        watch.failed(refused("a:1"), now: Self.start)
        watch.ended(ending("b:1", .open, after: .zero), nil, now: Self.start + .seconds(60))
        watch.allDown(now: Self.start + .seconds(60))
        #expect(!watch.isRefused)
    }
}
