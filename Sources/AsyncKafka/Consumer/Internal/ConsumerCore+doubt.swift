import RdKafka

// Commits wait while it is not known whether librdkafka is about to join.
extension ConsumerCore {
    /// Milliseconds that each of the two requests may take. Without an answer there is no coordinator to join either.
    private static let proofTimeout: Int32 = 5000

    /// Finds out whether a join follows the last heartbeat, if a commit waits for that (see `HeartbeatDoubt`).
    func proveThatNoJoinFollows(now: ContinuousClock.Instant) {
        guard !isProving, commits.isWaiting, !handle.join.isJoining, let proof = handle.join.proof,
            proof.notBefore ?? now <= now, let partition = assigned.keys.first
        else { return }
        isProving = true
        blockingCalls += 1
        let row = PartitionOffset(topic: partition.topic, partition: Int32(clamping: partition.partition))
        ownCalls.submit { [self] in
            for _ in 0..<2 { _ = handle.committed([row], timeout: Self.proofTimeout) }
            thread.submit { self.assumeIsolated { $0.proved(proof.heartbeat) } }
        }
    }

    /// Commits are sent at the end of the turn.
    private func proved(_ heartbeat: Int) {
        isProving = false
        blockingCalls -= 1
        handle.join.prove(heartbeat)
    }

    /// When the thread has to look again.
    func proofDeadline(now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        guard !isProving, commits.isWaiting, let time = handle.join.proof?.notBefore, time > now else { return nil }
        return time
    }
}
