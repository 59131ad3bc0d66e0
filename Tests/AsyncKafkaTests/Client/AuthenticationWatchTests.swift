import Testing

@testable import AsyncKafka

struct AuthenticationWatchTests {
    static let start = ContinuousClock.now

    private func refused(_ broker: String) -> KafkaError {
        KafkaError(.authentication, "sasl_plaintext://\(broker): SASL authentication error (after 3ms in state AUTH)")
    }

    private func unreachable(_ broker: String) -> KafkaError {
        KafkaError(.transport, "sasl_plaintext://\(broker): Connect failed (after 3ms in state CONNECT)")
    }

    private let allDown = KafkaError(.allBrokersDown, "2/2 brokers are down")

    @Test func recordsFailOnceAllBrokersHaveRefusedForLongEnough() throws {
        var watch = AuthenticationWatch(limit: .seconds(10), maxReconnectBackoff: .seconds(10))
        watch.failed(refused("a:1/1"), now: Self.start)
        #expect(watch.deadline == nil, "another one may take the credentials")
        watch.failed(refused("b:1/2"), now: Self.start)
        watch.failed(allDown, now: Self.start)
        #expect(watch.deadline == Self.start + .seconds(10))
        watch.failed(refused("b:1/2"), now: Self.start + .seconds(5))
        #expect(watch.deadline == Self.start + .seconds(10), "counts from the first time")
        #expect(with(&watch) { $0.expire(now: Self.start + .seconds(9)) } == nil)
        let error = try #require(with(&watch) { $0.expire(now: Self.start + .seconds(10)) })
        #expect(error.code == .authentication)
        #expect((error.underlyingError as? KafkaError)?.message.contains("SASL authentication error") == true)
        // What comes later fails within the same time again, also if librdkafka keeps the same error to itself.
        #expect(watch.deadline == Self.start + .seconds(20))
        #expect(with(&watch) { $0.expire(now: Self.start + .seconds(20)) } != nil)
    }

    @Test func aBrokerThatCannotBeReachedMayTakeThem() {
        var watch = AuthenticationWatch(limit: .seconds(10), maxReconnectBackoff: .seconds(10))
        watch.failed(refused("a:1/1"), now: Self.start)
        watch.failed(unreachable("b:1/2"), now: Self.start)
        watch.failed(allDown, now: Self.start)
        #expect(watch.deadline == nil)
        watch.failed(refused("b:1/2"), now: Self.start + .seconds(1))
        #expect(watch.deadline == Self.start + .seconds(11))
        watch.failed(unreachable("a:1/1"), now: Self.start + .seconds(2))
        #expect(watch.deadline == nil)
    }

    @Test func anAcknowledgedRecordEndsIt() {
        var watch = AuthenticationWatch(limit: .seconds(10), maxReconnectBackoff: .seconds(10))
        #expect(!with(&watch) { $0.delivered() })
        watch.failed(allDown, now: Self.start)
        watch.failed(refused("a:1/1"), now: Self.start)
        #expect(watch.deadline != nil)
        #expect(with(&watch) { $0.delivered() })
        #expect(watch.deadline == nil)
        watch.failed(refused("a:1/1"), now: Self.start)
        #expect(watch.deadline == nil, "the others may be up")
    }

    /// An idle producer whose credentials have become right acknowledges nothing, and librdkafka does not say that brokers are back.
    @Test func aTimeWithoutRefusalsEndsIt() {
        var watch = AuthenticationWatch(limit: .seconds(10), maxReconnectBackoff: .seconds(10))
        watch.failed(refused("a:1/1"), now: Self.start)
        watch.failed(allDown, now: Self.start)
        for seconds in stride(from: 10, through: 40, by: 10) {
            #expect(with(&watch) { $0.expire(now: Self.start + .seconds(seconds)) } != nil)
        }
        // librdkafka would have repeated it after 30 s, and 10 s at most until it tried again.
        #expect(with(&watch) { $0.expire(now: Self.start + .seconds(50)) } == nil)
        #expect(watch.deadline == nil, "no more ticks")
        // What else is said changes nothing.
        watch.failed(allDown, now: Self.start + .seconds(60))
        #expect(watch.deadline == nil)
        // A new refusal does: librdkafka does not say again that all are down.
        watch.failed(refused("a:1/1"), now: Self.start + .seconds(70))
        #expect(watch.deadline == Self.start + .seconds(80))
        #expect(with(&watch) { $0.expire(now: Self.start + .seconds(80)) } != nil)
    }

    @Test func refusalsThatGoOnKeepIt() {
        var watch = AuthenticationWatch(limit: .seconds(10), maxReconnectBackoff: .seconds(10))
        watch.failed(allDown, now: Self.start)
        for round in 0..<10 {
            watch.failed(refused("a:1/1"), now: Self.start + .seconds(40 * round))
            for seconds in stride(from: 10, through: 40, by: 10) {
                #expect(with(&watch) { $0.expire(now: Self.start + .seconds(40 * round + seconds)) } != nil)
            }
        }
    }

    @Test func theLongestWaitBetweenAttemptsCounts() {
        var watch = AuthenticationWatch(limit: .seconds(10), maxReconnectBackoff: .seconds(300))
        watch.failed(allDown, now: Self.start)
        watch.failed(refused("a:1/1"), now: Self.start)
        #expect(with(&watch) { $0.expire(now: Self.start + .seconds(339)) } != nil)
        #expect(with(&watch) { $0.expire(now: Self.start + .seconds(349)) } == nil)
        #expect(watch.deadline == nil)
    }

    @Test func aProgramMayPreferToWait() {
        var watch = AuthenticationWatch(limit: nil, maxReconnectBackoff: .seconds(10))
        watch.failed(refused("a:1/1"), now: Self.start)
        watch.failed(allDown, now: Self.start)
        #expect(watch.deadline == nil)
        #expect(with(&watch) { $0.expire(now: Self.start + .seconds(1000)) } == nil)
    }

    @Test func noLimitIsNoBusyLoop() {
        var watch = AuthenticationWatch(limit: .zero, maxReconnectBackoff: .seconds(10))
        watch.failed(refused("a:1/1"), now: Self.start)
        watch.failed(allDown, now: Self.start)
        #expect(with(&watch) { $0.expire(now: Self.start) } != nil)
        #expect(watch.deadline.map { $0 > Self.start } == true)
    }

    @Test func otherErrorsChangeNothing() {
        var watch = AuthenticationWatch(limit: .seconds(10), maxReconnectBackoff: .seconds(10))
        watch.failed(KafkaError(.unknownTopic, "orders: unknown"), now: Self.start)
        watch.failed(refused("a:1/1"), now: Self.start)
        watch.failed(allDown, now: Self.start)
        #expect(watch.deadline != nil)
    }
}
