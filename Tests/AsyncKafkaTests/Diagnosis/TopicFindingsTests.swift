import Testing

@testable import AsyncKafka

/// What is made of what was found about a topic.
struct TopicFindingsTests {
    private static let producing = DiagnosisPlan.Purpose.producing(acknowledgedByAll: true, transactionalID: nil)

    private func partition(_ number: Int, leader: Int? = 1, replicas: [Int], inSync: [Int]? = nil)
        -> KafkaPartitionDescription
    {
        KafkaPartitionDescription(
            number: number,
            leader: leader,
            replicas: replicas,
            inSyncReplicas: inSync ?? replicas
        )
    }

    private func checks(
        _ partitions: [KafkaPartitionDescription],
        minimum: DiagnosisStep<Int?> = .done(2, .zero),
        brokers: Int = 3,
        _ purpose: DiagnosisPlan.Purpose = producing
    ) -> [KafkaDiagnosis.Check] {
        var findings = TopicFindings("orders", purpose, brokerCount: brokers)
        findings.description = .done(KafkaTopicDescription(name: "orders", partitions: partitions), .zero)
        findings.minimum = minimum
        return findings.checks
    }

    private func outcomes(_ checks: [KafkaDiagnosis.Check]) -> [String] { checks.map(\.outcome.description) }

    @Test
    func aSoundTopicPasses() {
        let checks = checks([
            partition(0, replicas: [1, 2, 3]), partition(1, leader: 2, replicas: [2, 3, 1]),
        ])
        #expect(checks.map(\.kind) == [.topic, .partitions, .leaders, .inSyncReplicas])
        #expect(outcomes(checks) == ["passed", "passed", "passed", "passed"])
        #expect(checks[1].seen.contains("2 partitions; replicas of each: 3"))
    }

    @Test
    func partitionsWithoutALeaderFail() {
        let checks = checks([
            partition(0, replicas: [1, 2, 3]), partition(1, leader: nil, replicas: [2, 3, 1], inSync: [2, 3, 1]),
        ])
        #expect(outcomes(checks) == ["passed", "passed", "failed", "passed"])
        #expect(checks[2].seen.contains("partition 1"))
    }

    @Test
    func tooFewReplicasInSyncFailWhoeverAsksForAllAcknowledgements() {
        let partitions = [partition(0, replicas: [1, 2, 3], inSync: [1])]
        let checks = checks(partitions)
        #expect(outcomes(checks) == ["passed", "passed", "passed", "failed"])
        #expect(checks[3].seen.contains("`min.insync.replicas` is 2, more than are in sync: partition 0"))
        let leader = DiagnosisPlan.Purpose.producing(acknowledgedByAll: false, transactionalID: nil)
        #expect(self.checks(partitions, leader)[3].outcome == .warning)
        #expect(self.checks(partitions, .consuming(group: nil))[3].outcome == .warning)
    }

    @Test
    func moreThanThereAreReplicasFailsForGood() {
        let check = checks([partition(0, replicas: [1])], brokers: 1)[3]
        #expect(check.outcome == .failed)
        #expect(check.advice?.contains("for good") == true)
    }

    @Test
    func whatMayFailTomorrowIsAWarning() {
        let lagging = checks([partition(0, replicas: [1, 2, 3], inSync: [1, 2])])
        #expect(outcomes(lagging) == ["passed", "passed", "passed", "warning"])
        let tight = checks([partition(0, replicas: [1, 2])])
        #expect(outcomes(tight) == ["passed", "passed", "passed", "warning"])
        let lonely = checks([partition(0, replicas: [1])], minimum: .done(1, .zero))
        #expect(outcomes(lonely) == ["passed", "warning", "passed", "passed"])
        // A cluster of one broker cannot have it otherwise.
        let single = checks([partition(0, replicas: [1])], minimum: .done(1, .zero), brokers: 1)
        #expect(outcomes(single) == ["passed", "passed", "passed", "passed"])
    }

    @Test
    func whatCannotBeSeenIsNotKnown() {
        let error = KafkaError(.topicAuthorizationFailed, "no")
        let check = checks([partition(0, replicas: [1, 2, 3])], minimum: .failed(error, .zero))[3]
        #expect(check.outcome == .unknown)
        #expect(check.advice?.contains("DESCRIBE_CONFIGS") == true)
        let silent = checks([partition(0, replicas: [1, 2, 3])], minimum: .unfinished("the time was over"))[3]
        #expect(silent.outcome == .unknown)
        #expect(silent.seen.contains("the time was over"))
    }

    @Test
    func aTopicThatIsNotThereFailsAndOneThatNobodyToldOfIsNotKnown() {
        var findings = TopicFindings("orders", Self.producing, brokerCount: 3)
        findings.description = .failed(KafkaError(.unknownTopicOrPartition, "not there"), .zero)
        #expect(outcomes(findings.checks) == ["failed", "skipped", "skipped", "skipped"])
        findings.description = .failed(KafkaError(.timedOut, "late"), .zero)
        #expect(outcomes(findings.checks) == ["unknown", "skipped", "skipped", "skipped"])
        findings.description = .unfinished("the task was cancelled")
        #expect(outcomes(findings.checks) == ["unknown", "unknown", "unknown", "unknown"])
        findings.description = .pointless
        #expect(outcomes(findings.checks) == ["skipped", "skipped", "skipped", "skipped"])
    }
}
