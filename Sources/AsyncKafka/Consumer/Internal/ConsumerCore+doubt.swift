import RdKafka

// Commits wait while it is not known whether librdkafka is about to join.
extension ConsumerCore {
    /// Milliseconds that each of the two requests may take.
    private static let proofTimeout: Int32 = 5000
    /// librdkafka waits for a coordinator within a request; what fails at once is not asked again at once.
    private static let proofInterval: Duration = .milliseconds(100)

    /// Finds out whether librdkafka is about to join, if a commit waits for that (see `JoinDoubt`).
    func proveThatNoJoinFollows(now: ContinuousClock.Instant) {
        guard let time = proofTime, time <= now, let proof = handle.join.proof,
            let partition = Self.proofPartition(of: Array(assigned.keys), after: lastProof)
        else { return }
        isProving = true
        lastProof = partition
        blockingCalls += 1
        let row = PartitionOffset(topic: partition.topic, partition: Int32(clamping: partition.partition))
        groupCalls.submit { [self] in
            let isProven = (0..<2).allSatisfy { _ in
                switch handle.committed([row], timeout: Self.proofTimeout) {
                case .success: true
                case .failure(let error): error.isCoordinatorsAnswer
                }
            }
            thread.submit { self.assumeIsolated { $0.proved(isProven ? proof.number : nil) } }
        }
    }

    /// Another one each time: where a transaction has offsets of a partition open, the coordinator's answer is that there is none yet.
    static func proofPartition(
        of partitions: [KafkaTopicPartition],
        after last: KafkaTopicPartition?
    ) -> KafkaTopicPartition? {
        guard let last else { return partitions.min() }
        return partitions.filter { last < $0 }.min() ?? partitions.min()
    }

    /// Commits are sent, or the next proof begun, at the end of the turn.
    ///
    /// - Parameter number: nil if there was no answer.
    private func proved(_ number: Int?) {
        isProving = false
        blockingCalls -= 1
        if let number { handle.join.prove(number) } else { nextProofAt = .now + Self.proofInterval }
    }

    /// When the thread has to look again.
    func proofDeadline(now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        proofTime.flatMap { $0 > now ? $0 : nil }
    }

    /// When the next proof can begin; nil if none is needed.
    private var proofTime: ContinuousClock.Instant? {
        guard !isProving, commits.isWaiting, !handle.join.isJoining, let proof = handle.join.proof else { return nil }
        return max(proof.notBefore ?? nextProofAt, nextProofAt)
    }
}

extension EngineError {
    /// Whether it came from the coordinator, and not from librdkafka or from a broker that is none now.
    var isCoordinatorsAnswer: Bool {
        code > 0 && !KafkaError.Code(rawValue: code).isOfMovingCoordinator
    }
}
