import Testing

@testable import RdKafka

struct FetchPaceTests {
    /// What was left at the drains that wake, of a queue that holds 100,000 messages or 64 MiB at most.
    private func woken(_ lengths: [Int], size: Int = 100) -> [Int] {
        var pace = FetchPace(count: 100_000, bytes: 64 << 20)
        var woken: [Int] = []
        for (before, left) in zip(lengths, lengths.dropFirst()) {
            let taken = max(0, before - left)
            if pace.drained(before, taken: taken, bytes: taken * size, left: left) { woken.append(left) }
        }
        return woken
    }

    @Test
    func halfOfAFullQueueWakesOnce() {
        #expect(woken(Array(stride(from: 100_000, through: 0, by: -1000))) == [50_000])
        #expect(woken(Array(stride(from: 99_000, through: 0, by: -1000)), size: 50) == [])
    }

    @Test
    func whatFillsTheQueueAgainCountsAnew() {
        #expect(woken([100_000, 50_000, 120_000, 61_000, 60_000, 59_000, 0]) == [50_000, 60_000])
    }

    @Test
    func aClientThatKeepsUpWakesNobody() {
        #expect(woken([10, 0, 0, 50_000, 3, 0, 1, 0]) == [])
    }

    /// An eighth of 64 MiB is 8,389 messages of 1,000 bytes.
    @Test
    func bytesCountAsWell() {
        #expect(woken([9000, 4500, 0], size: 1000) == [4500])
        #expect(woken([8000, 0], size: 1000) == [])
        #expect(woken([70_000, 35_000, 17_000, 8000, 4000], size: 1000) == [35_000, 17_000, 8000])
        #expect(woken([1, 0], size: 70_000_000) == [0])
    }

    @Test
    func nothingButTombstonesIsCounted() {
        #expect(woken([99_999, 0], size: 0) == [])
        #expect(woken([100_000, 0], size: 0) == [0])
    }

    /// Messages of a partition that is not read any more are dropped by a drain that hands out none.
    @Test
    func whatIsDroppedIsGoneToo() {
        var pace = FetchPace(count: 100_000, bytes: 64 << 20)
        let wakes = [0, 100_000, 0].map { before in pace.drained(before, taken: 0, bytes: 0, left: 0) }
        #expect(wakes == [false, true, false])
    }

    /// Those that came while it was drained.
    @Test
    func theMostIsNeverLessThanWhatWasTaken() {
        var pace = FetchPace(count: 1, bytes: 64 << 20)
        let wakes = pace.drained(0, taken: 1, bytes: 10, left: 0)
        #expect(wakes)
    }

    @Test
    func librdkafkaIsWokenWhereItDoesNotLookByItself() throws {
        let plain = try consumer([:])
        let looksByItself = Configuration.propertyNames.contains("fetch.queue.backoff.ms")
        #expect((plain.fetchPace == nil) == looksByItself)
        plain.wakeFetchers()
        plain.destroy()

        let producer = try Handle(.producer, Configuration())
        #expect(producer.fetchPace == nil)
        producer.destroy()
    }

    @Test
    func theCredentialsOfALoginStayAsTheyAre() throws {
        for mechanism in ["PLAIN", "SCRAM-SHA-256"] {
            let handle = try consumer([
                "security.protocol": "sasl_plaintext", "sasl.mechanisms": mechanism,
                "sasl.username": "alice", "sasl.password": "alice-secret",
            ])
            #expect(handle.fetchPace == nil)
            handle.wakeFetchers()
            #expect(handle.value(of: "sasl.username") == "alice")
            handle.destroy()
        }
    }

    /// Without brokers, and so without connections.
    private func consumer(_ properties: [String: String]) throws -> Handle {
        let configuration = Configuration()
        for (name, value) in properties { #expect(configuration.set(name, value) == .ok) }
        #expect(configuration.set("group.id", "group") == .ok)
        return try Handle(.consumer, configuration)
    }
}
