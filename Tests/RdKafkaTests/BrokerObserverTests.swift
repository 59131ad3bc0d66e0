import Testing

@testable import RdKafka

struct BrokerObserverTests {
    private static let metadata: Int16 = 3
    private let observer = BrokerObserver()

    @Test
    func theFirstAnswerBehindALoginEndsAnOutage() {
        #expect(!observer.responseReceived(Self.metadata, hasFailed: false))
        #expect(!observer.isServed.isRaised)
        observer.arm()
        for handshake: Int16 in [17, 18, 36] { #expect(!observer.responseReceived(handshake, hasFailed: false)) }
        #expect(!observer.responseReceived(Self.metadata, hasFailed: true))
        #expect(!observer.isServed.isRaised)
        #expect(observer.responseReceived(Self.metadata, hasFailed: false))
        #expect(observer.isServed.take())
        #expect(!observer.responseReceived(Self.metadata, hasFailed: false))
    }

    @Test
    func whatIsHeldBackIsTakenOnce() {
        observer.throttled("a:1", milliseconds: 0)
        observer.throttled("a:1", milliseconds: 5)
        observer.throttled("b:1", milliseconds: 6)
        let expected = [
            BrokerObserver.Throttle(broker: "a:1", milliseconds: 5), .init(broker: "b:1", milliseconds: 6),
        ]
        #expect(observer.takeThrottles() == expected)
        #expect(observer.takeThrottles() == [])
    }
}
