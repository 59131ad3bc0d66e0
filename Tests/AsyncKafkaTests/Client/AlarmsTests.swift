import Testing

@testable import AsyncKafka

struct AlarmsTests {
    private let start = ContinuousClock.now

    @Test
    func eachIsReleasedOnceInItsTime() {
        var alarms = Alarms<String>()
        #expect(alarms.deadline == nil)
        let (late, early) = (with(&alarms) { $0.makeID() }, with(&alarms) { $0.makeID() })
        alarms.add(late, at: start + .seconds(2), "late")
        alarms.add(early, at: start + .seconds(1), "early")
        #expect(alarms.deadline == start + .seconds(1))
        #expect(with(&alarms) { $0.expire(now: start) } == [])
        #expect(with(&alarms) { $0.expire(now: start + .seconds(1)) } == ["early"])
        #expect(alarms.deadline == start + .seconds(2))
        #expect(with(&alarms) { $0.cancel(early) } == nil)
        #expect(with(&alarms) { $0.cancel(late) } == "late")
        #expect(alarms.deadline == nil)
        #expect(with(&alarms) { $0.expire(now: start + .seconds(3)) } == [])
    }

    @Test
    func theEndReleasesAll() {
        var alarms = Alarms<Int>()
        for number in 0..<3 {
            let id = with(&alarms) { $0.makeID() }
            alarms.add(id, at: start + .seconds(number), number)
        }
        #expect(with(&alarms) { $0.removeAll() }.sorted() == [0, 1, 2])
        #expect(alarms.deadline == nil)
    }
}
