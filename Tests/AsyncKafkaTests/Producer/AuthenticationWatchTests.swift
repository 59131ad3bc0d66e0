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
        var watch = AuthenticationWatch(limit: .seconds(10))
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
        var watch = AuthenticationWatch(limit: .seconds(10))
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
        var watch = AuthenticationWatch(limit: .seconds(10))
        #expect(!with(&watch) { $0.delivered() })
        watch.failed(allDown, now: Self.start)
        watch.failed(refused("a:1/1"), now: Self.start)
        #expect(watch.deadline != nil)
        #expect(with(&watch) { $0.delivered() })
        #expect(watch.deadline == nil)
        watch.failed(refused("a:1/1"), now: Self.start)
        #expect(watch.deadline == nil, "the others may be up")
    }

    @Test func aProgramMayPreferToWait() {
        var watch = AuthenticationWatch(limit: nil)
        watch.failed(refused("a:1/1"), now: Self.start)
        watch.failed(allDown, now: Self.start)
        #expect(watch.deadline == nil)
        #expect(with(&watch) { $0.expire(now: Self.start + .seconds(1000)) } == nil)
    }

    @Test func noLimitIsNoBusyLoop() {
        var watch = AuthenticationWatch(limit: .zero)
        watch.failed(refused("a:1/1"), now: Self.start)
        watch.failed(allDown, now: Self.start)
        #expect(with(&watch) { $0.expire(now: Self.start) } != nil)
        #expect(watch.deadline.map { $0 > Self.start } == true)
    }

    @Test func otherErrorsChangeNothing() {
        var watch = AuthenticationWatch(limit: .seconds(10))
        watch.failed(KafkaError(.unknownTopic, "orders: unknown"), now: Self.start)
        watch.failed(refused("a:1/1"), now: Self.start)
        watch.failed(allDown, now: Self.start)
        #expect(watch.deadline != nil)
    }
}
