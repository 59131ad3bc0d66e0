import RdKafka
import Testing

@testable import AsyncKafka

@Suite(.timeLimit(.minutes(1)))
struct BlockingTimeTests {
    private func time(_ duration: Duration, _ abandoned: Flag = Flag()) -> BlockingTime {
        BlockingTime(deadline: .now + duration, abandoned: abandoned, shortestSlice: .milliseconds(20))
    }

    /// As C does.
    private func block(until end: ContinuousClock.Instant) {
        while .now < end {}
    }

    @Test
    func whatNobodyWaitsForGetsNoFurtherSlice() {
        let abandoned = Flag()
        var slices = 0
        let time = time(.seconds(3600), abandoned)
        time.use { end in
            slices += 1
            block(until: end)
            if slices == 3 { abandoned.raise() }
            return false
        }
        #expect(slices == 3)
        time.use { _ in
            Issue.record("nobody waits")
            return true
        }
    }

    @Test
    func slicesGrowAndEndWithTheTime() {
        let time = time(.milliseconds(200))
        var ends: [ContinuousClock.Instant] = []
        time.use { end in
            ends.append(end)
            block(until: end)
            return false
        }
        let first = ends.first ?? time.deadline
        for (earlier, later) in zip(ends, ends.dropFirst()) {
            #expect(later <= time.deadline)
            // As long as all before it.
            #expect(later == time.deadline || later - earlier >= earlier - first + .milliseconds(20))
        }
    }

    @Test
    func anErrorBeforeTheTimeOfTheSliceIsOverIsTheAnswer() {
        var asked = 0
        let time = BlockingTime(deadline: .now + .seconds(3600), abandoned: Flag())
        let result: Result<Int, KafkaError> = time.ask { _ in
            asked += 1
            return .failure(EngineError(code: KafkaError.Code.topicAuthorizationFailed.rawValue))
        }
        #expect(result.error?.code == .topicAuthorizationFailed)
        #expect(asked == 1)
        let late: Result<Int, KafkaError> = BlockingTime(deadline: .now, abandoned: Flag()).ask { _ in .success(1) }
        #expect(late.error?.code == .timedOut)
    }
}
