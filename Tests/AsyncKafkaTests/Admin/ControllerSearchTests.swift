import Testing

@testable import AsyncKafka

struct ControllerSearchTests {
    private let start = ContinuousClock.Instant.now

    @Test
    func aControllerThatIsMissedIsAskedForAgainAndAgain() {
        var search = ControllerSearch()
        #expect(search.deadline == nil)
        #expect(with(&search) { !$0.proceed(isMissed: true, now: start) }, "librdkafka has just asked")
        for round in 1...3 {
            let time = start + ControllerSearch.pause * round
            #expect(search.deadline == time)
            #expect(with(&search) { !$0.proceed(isMissed: true, now: time - .milliseconds(1)) })
            #expect(with(&search) { $0.proceed(isMissed: true, now: time) })
            #expect(search.deadline == nil && with(&search) { !$0.proceed(isMissed: true, now: time) }, "one at a time")
            search.asked(now: time)
        }
    }

    @Test
    func nobodyIsAskedWhileNobodyWaitsOrOneIsKnown() {
        var search = ControllerSearch()
        _ = search.proceed(isMissed: true, now: start)
        #expect(with(&search) { !$0.proceed(isMissed: false, now: start + .seconds(5)) })
        #expect(search.deadline == nil)
        #expect(with(&search) { !$0.proceed(isMissed: true, now: start + .seconds(5)) }, "from the beginning")
    }
}
