import Testing

@testable import AsyncKafka

struct MissingTopicsTests {
    private let start = ContinuousClock.now

    @Test
    func nothingMissingArmsNoTimer() {
        var missing = MissingTopics()
        #expect(missing.deadline == nil)
        #expect(missing.begin(now: start) == [])
        missing.add("^orders.*", now: start)
        #expect(missing.deadline == nil, "a pattern is not looked for by name")
    }

    @Test
    func whatIsMissingIsLookedForEverMoreSeldomUntilItIsThere() {
        var missing = MissingTopics()
        missing.add("orders", now: start)
        missing.add("invoices", now: start)
        var now = start
        var waits: [Duration] = []
        for _ in 0..<7 {
            guard let deadline = missing.deadline else {
                Issue.record("nobody looks any more")
                return
            }
            #expect(missing.begin(now: deadline - .milliseconds(1)) == [])
            #expect(missing.begin(now: deadline) == ["invoices", "orders"])
            #expect(missing.deadline == nil, "one look-up at a time")
            #expect(missing.begin(now: deadline) == [])
            waits.append(deadline - now)
            now = deadline
            missing.end(found: [], now: now)
        }
        #expect(waits == [0.5, 1, 2, 4, 8, 10, 10].map { .milliseconds(Int($0 * 1000)) })
        #expect(missing.begin(now: now + .seconds(10)) == ["invoices", "orders"])
        missing.end(found: ["orders", "others"], now: now)
        #expect(missing.topics == ["invoices"])
        #expect(missing.begin(now: now + .seconds(10)) == ["invoices"])
        missing.end(found: ["invoices"], now: now)
        #expect(missing.deadline == nil)
    }

    @Test
    func whatIsMissingAnewIsLookedForSoon() {
        var missing = MissingTopics()
        missing.add("orders", now: start)
        for _ in 0..<5 {
            missing.end(found: [], now: start)
        }
        missing.add("orders", now: start)
        #expect(missing.deadline == start + .seconds(10), "told twice")
        missing.add("invoices", now: start)
        #expect(missing.deadline == start + .milliseconds(500))
    }

    @Test
    func anotherSubscriptionKeepsWhatItStillWants() {
        var missing = MissingTopics()
        missing.add("orders", now: start)
        missing.add("invoices", now: start)
        #expect(missing.only(["orders", "customers"]).topics == ["orders"])
        #expect(missing.only(["customers"]).deadline == nil)
    }
}
