import RdKafka

/// The time of a call that C can only do by blocking.
///
/// C cannot be stopped, so it gets the time in slices: when nobody waits any more, there is no further one. The first takes 5 s at most,
/// and each of the others as long as all before it together, as a broker may need long for its answer.
struct BlockingTime: Sendable {
    let deadline: ContinuousClock.Instant
    /// Raised when nobody waits any more.
    let abandoned: Flag
    var shortestSlice = Duration.seconds(5)

    /// Calls `body` with the end of each slice, until it returns true, ends before its time, or the time is over.
    func use(_ body: (ContinuousClock.Instant) -> Bool) {
        let start = ContinuousClock.now
        while !abandoned.isRaised {
            let now = ContinuousClock.now
            guard now < deadline else { return }
            let end = min(deadline, now + max(shortestSlice, now - start))
            // C counts in milliseconds. Whoever gave up before has an answer.
            if body(end) || .now < end - .milliseconds(50) { return }
        }
    }

    /// Asks with the milliseconds of each slice, until there is an answer, or an error that comes before the time of the slice is over.
    func ask<Answer>(_ body: (Int32) -> Result<Answer, EngineError>) -> Result<Answer, KafkaError> {
        var result = Result<Answer, KafkaError>.failure(.unanswered)
        use { end in
            result = body(max((end - .now).clampedMilliseconds, 1)).asKafkaResult
            if case .success = result { return true }
            return false
        }
        return result
    }
}
