import TestSupport
import Testing

@testable import AsyncKafka

@Suite struct LogLimiterTests {
    private let start = ContinuousClock.now

    private func limiter(burst: Int = 3, linesPerSecond: Int = 2, waiting: Int = 5) -> LogLimiter {
        LogLimiter(LogLimiter.Limits(burst: burst, linesPerSecond: linesPerSecond, waiting: waiting), now: start)
    }

    @Test func aBurstGoesThroughAndTheRestIsCounted() {
        var limiter = limiter()
        for _ in 0..<3 { #expect(limiter.admit(now: start) == .write(dropped: 0)) }
        for _ in 0..<4 { #expect(limiter.admit(now: start) == .drop) }
        #expect(limiter.admit(now: start.advanced(by: .milliseconds(499))) == .drop)
        #expect(limiter.admit(now: start.advanced(by: .milliseconds(500))) == .write(dropped: 5))
        #expect(limiter.admit(now: start.advanced(by: .milliseconds(500))) == .drop)
    }

    @Test func aLongRestAllowsOneBurst() {
        var limiter = limiter()
        let later = start.advanced(by: .seconds(1_000_000))
        for _ in 0..<3 { #expect(limiter.admit(now: later) == .write(dropped: 0)) }
        #expect(limiter.admit(now: later) == .drop)
    }

    @Test func timeThatGoesBackChangesNothing() {
        var limiter = limiter(burst: 1)
        #expect(limiter.admit(now: start.advanced(by: .seconds(-5))) == .write(dropped: 0))
        #expect(limiter.admit(now: start.advanced(by: .seconds(-5))) == .drop)
        #expect(limiter.admit(now: start.advanced(by: .milliseconds(500))) == .write(dropped: 1))
    }

    @Test func whatFindsNoRoomIsReportedWhenAllIsWritten() {
        var limiter = limiter(burst: 100, waiting: 2)
        #expect(limiter.admit(now: start) == .write(dropped: 0))
        #expect(limiter.admit(now: start) == .write(dropped: 0))
        for _ in 0..<7 { #expect(limiter.admit(now: start) == .drop) }
        #expect(limiter.written() == 0)
        #expect(limiter.written() == 7)
        #expect(limiter.admit(now: start) == .write(dropped: 0))
        #expect(limiter.written() == 0)
    }

    @Test func aRateLimitIsNotReportedByEachWrittenLine() {
        var limiter = limiter(burst: 1)
        #expect(limiter.admit(now: start) == .write(dropped: 0))
        #expect(limiter.admit(now: start) == .drop)
        #expect(limiter.written() == 0)
        #expect(limiter.finish() == 1)
        #expect(limiter.finish() == 0)
    }

    @Test func everyLineIsEitherWrittenOrCounted() {
        let seed = UInt64.random(in: .min ... .max)
        print("everyLineIsEitherWrittenOrCounted: seed \(seed)")
        var random = SplitMix(state: seed)
        var limiter = limiter(burst: 10, linesPerSecond: 50, waiting: 8)
        var now = start
        var counts = (lines: 0, written: 0, dropped: 0, waiting: 0)
        for _ in 0..<10_000 {
            if counts.waiting > 0, Bool.random(using: &random) {
                counts.waiting -= 1
                counts.dropped += limiter.written()
                continue
            }
            now = now.advanced(by: .milliseconds(Int.random(in: 0..<20, using: &random)))
            counts.lines += 1
            guard case .write(let dropped) = limiter.admit(now: now) else { continue }
            counts.written += 1
            counts.waiting += 1
            counts.dropped += dropped
            #expect(counts.waiting <= 8)
        }
        #expect(counts.lines == counts.written + counts.dropped + limiter.finish())
    }
}
