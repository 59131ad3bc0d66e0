import Testing

@testable import AsyncKafka

struct ProcessingWatchdogTests {
    typealias Finding = ProcessingWatchdog.Finding

    private let start = ContinuousClock.Instant.now
    private let limit = Duration.seconds(10)

    private func at(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

    private func watching() -> ProcessingWatchdog {
        var watchdog = ProcessingWatchdog(limit: limit)
        watchdog.begin(now: start)
        return watchdog
    }

    @Test
    func anIdleConsumerHasNoTimer() {
        var watchdog = ProcessingWatchdog(limit: limit)
        #expect(watchdog.deadline == nil)
        #expect(!watchdog.isDue(now: at(100)))
        watchdog.begin(now: start)
        #expect(watchdog.deadline == at(10))
        watchdog.asked()
        #expect(watchdog.deadline == nil)
    }

    @Test
    func theLimitCountsFromTheLastDelivery() {
        var watchdog = watching()
        #expect(!watchdog.isDue(now: at(9)))
        #expect(watchdog.isDue(now: at(10)))
        #expect(!with(&watchdog) { $0.look(Finding(lastDelivery: at(4)), now: at(10)) }, "it has come on since")
        #expect(watchdog.deadline == at(14))
        #expect(with(&watchdog) { $0.look(Finding(lastDelivery: at(4)), now: at(14)) })
    }

    @Test
    func itActsOnceForEachDelivery() {
        var watchdog = watching()
        #expect(with(&watchdog) { $0.look(Finding(lastDelivery: at(0)), now: at(10)) })
        #expect(watchdog.deadline == at(20))
        #expect(!with(&watchdog) { $0.look(Finding(lastDelivery: at(0)), now: at(20)) })
        #expect(!with(&watchdog) { $0.look(Finding(lastDelivery: at(25)), now: at(30)) })
        #expect(with(&watchdog) { $0.look(Finding(lastDelivery: at(25)), now: at(35)) })
    }

    @Test
    func messagesThatNobodyAsksForCountFromTheirArrival() {
        var watchdog = watching()
        #expect(with(&watchdog) { $0.look(Finding(isWaiting: true), now: at(10)) })
        watchdog = watching()
        #expect(!with(&watchdog) { $0.look(Finding(), now: at(10)) }, "there is nothing to be done")
        #expect(watchdog.deadline == nil)
    }

    @Test
    func aLoopThatWaitsIsNotStuck() {
        var watchdog = watching()
        #expect(!with(&watchdog) { $0.look(Finding(isIdle: true, isWaiting: true, lastDelivery: at(0)), now: at(10)) })
        #expect(watchdog.deadline == nil)
    }

    @Test
    func whatIsPausedHasAllItsTimeWhenItGoesOn() {
        var watchdog = watching()
        #expect(!with(&watchdog) { $0.look(Finding(isPaused: true, lastDelivery: at(0)), now: at(10)) })
        #expect(watchdog.deadline == at(20))
        #expect(with(&watchdog) { $0.look(Finding(lastDelivery: at(0)), now: at(20)) })
    }
}
