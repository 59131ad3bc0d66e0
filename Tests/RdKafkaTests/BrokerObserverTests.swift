import Testing

@testable import RdKafka

struct BrokerObserverTests {
    private static let metadata: Int16 = 3
    private let observer = BrokerObserver()
    private let start = ContinuousClock.now

    @Test
    func theFirstAnswerBehindALoginEndsAnOutage() {
        for handshake: Int16 in [17, 18, 36] { #expect(!observer.responseReceived(handshake, hasFailed: false)) }
        #expect(!observer.responseReceived(Self.metadata, hasFailed: true))
        #expect(!observer.isServed.isRaised)
        #expect(observer.responseReceived(Self.metadata, hasFailed: false), "the client is new")
        #expect(observer.isServed.take())
        #expect(!observer.responseReceived(Self.metadata, hasFailed: false))
        change(to: "TRY_CONNECT", "UP", "DOWN")
        observer.arm()
        #expect(!observer.isServed.isRaised)
        #expect(observer.responseReceived(Self.metadata, hasFailed: false))
        #expect(observer.isServed.take())
        #expect(!observer.responseReceived(Self.metadata, hasFailed: false))
    }

    /// The event that all brokers are down may come to the client's thread after the answer of one that is back.
    @Test
    func anAnswerBehindTheEndOfTheLastConnectionCountsThoughTheOutageIsHeardOfLater() {
        _ = observer.responseReceived(Self.metadata, hasFailed: false)
        _ = observer.isServed.take()
        change(to: "TRY_CONNECT", "UP", "DOWN")
        _ = observer.responseReceived(Self.metadata, hasFailed: false)
        #expect(!observer.isServed.isRaised)
        observer.arm()
        #expect(observer.isServed.take())
    }

    @Test
    func theLastConnectionToABrokerTellsWhenItCameHowFar() {
        #expect(observer.progress(to: "a:1").isEmpty)
        change(to: "TRY_CONNECT", "CONNECT", "SSL_HANDSHAKE", "APIVERSION_QUERY", "DOWN")
        #expect(observer.progress(to: "a:1").keys.max() == .asking)
        change(to: "TRY_CONNECT", "CONNECT")
        #expect(observer.progress(to: "a:1").keys.max() == .connecting)
        change(to: "UP")
        #expect(observer.progress(to: "a:1").keys.max() == .open)
        #expect(observer.addresses == ["a:1"])
    }

    @Test
    func theEndOfAConnectionTellsHowFarItHadCome() {
        change(to: "INIT", "TRY_CONNECT", "CONNECT", "SSL_HANDSHAKE", "APIVERSION_QUERY", "INIT", "DOWN", "INIT")
        #expect(observer.hasEnded.isRaised)
        #expect(observer.takeEndings().map(\.stage) == [.asking])
        #expect(observer.takeEndings() == [])
        let later = start + .seconds(1)
        change(to: "TRY_CONNECT", at: start)
        change(to: "CONNECT", at: later)
        change(to: "APIVERSION_QUERY", at: later + .seconds(1))
        change(to: "DOWN", at: later + .seconds(3))
        let ending = BrokerObserver.Ending(
            broker: "a:1",
            stage: .asking,
            began: later,
            reached: later + .seconds(1),
            ended: later + .seconds(3)
        )
        #expect(observer.takeEndings() == [ending])
        for state in ["TRY_CONNECT", "UP", "DOWN"] {
            #expect(!observer.connectionChanged(of: "GroupCoordinator", port: 1, to: state, now: start))
            #expect(!observer.connectionChanged(of: "", port: 0, to: state, now: start))
        }
    }

    /// It waits there for its turn, and newer librdkafkas may drop it.
    @Test
    func whatHasNotBeenTriedHasNotEnded() {
        for state in ["TRY_CONNECT", "DOWN"] {
            #expect(!observer.connectionChanged(of: "a", port: 1, to: state, now: start))
        }
        #expect(observer.takeEndings() == [])
    }

    @Test(arguments: [("a:1", "a:1"), ("::1:9092", "[::1]:9092"), ("[::1]:9092", "[::1]:9092"), ("a", "a")])
    func anAddressIsWrittenInOneWay(name: String, address: String) {
        #expect(BrokerObserver.address(name) == address)
    }

    @Test
    func twoConnectionsToOneAddressAreToldApart() {
        func change(_ thread: UInt, _ states: String...) {
            for state in states {
                _ = observer.connectionChanged(of: "a", port: 1, to: state, now: start, thread: thread)
            }
        }
        change(1, "TRY_CONNECT", "APIVERSION_QUERY", "UP")
        change(2, "TRY_CONNECT", "CONNECT", "SSL_HANDSHAKE")
        change(1, "DOWN")
        #expect(observer.takeEndings().map(\.stage) == [.open])
        change(1, "CONNECT", "UP")
        change(2, "DOWN")
        #expect(observer.takeEndings() == [], "another one is up")
    }

    private func change(to states: String..., at time: ContinuousClock.Instant? = nil) {
        for state in states {
            let wakes = observer.connectionChanged(of: "a", port: 1, to: state, now: time ?? start)
            #expect(wakes == (state == "DOWN"))
        }
    }

    @Test
    func noBrokerIsKnownOnceTheLastThreadOfOneHasEnded() {
        for name in [":0/internal", "ssl://:0/internal", "GroupCoordinator", "TxnCoordinator"] {
            observer.threadBegan(name)
            #expect(!observer.threadEnds(name))
        }
        #expect(observer.census == (0, 0))
        observer.threadBegan("localhost:9092/bootstrap")
        observer.threadBegan("ssl://localhost:9092/1")
        #expect(!observer.threadEnds("localhost:9092/bootstrap"))
        #expect(observer.census == (1, 2))
        #expect(observer.threadEnds("ssl://localhost:9092/1"), "the client's thread is to look")
        #expect(observer.census == (0, 2))
        observer.threadBegan("localhost:9092/bootstrap")
        #expect(observer.census == (1, 3))
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
