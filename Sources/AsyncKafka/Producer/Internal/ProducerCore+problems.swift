import RdKafka

typealias PartitionerFault = Partitioner.Fault

/// An error of the client as a whole, and when it came.
struct Problem: Sendable {
    let error: KafkaError
    let time: ContinuousClock.Instant

    /// Whether it can have held up a record that has just timed out.
    func isRecent(_ deliveryTimeout: Duration?, now: ContinuousClock.Instant) -> Bool {
        // librdkafka looks for timed-out records once a second.
        deliveryTimeout.map { now - time <= $0 + .seconds(2) } ?? true
    }

    /// Whether it can still last: librdkafka repeats one every 30 s.
    func isLasting(_ deliveryTimeout: Duration?, now: ContinuousClock.Instant) -> Bool {
        now - time <= .seconds(32) && isRecent(deliveryTimeout, now: now)
    }
}

/// What was known when a record's failure was reported: its sender may look at it much later, when other things have happened.
final class FailureCircumstances: Sendable, Equatable {
    let fatal: KafkaError?
    let refusal: KafkaError?
    let recentProblem: KafkaError?
    let lastingProblem: KafkaError?
    /// Whether the record belongs to a transaction whose producer goes on.
    let isInTransaction: Bool
    let hasGivenUp: Bool

    init(of core: ProducerCore) {
        fatal = core.fatalProblem.withLock { $0 }
        refusal = core.refusal.withLock { $0 } ?? core.purgeCause.withLock { $0 }
        recentProblem = core.recentProblem
        lastingProblem = core.lastingProblem
        isInTransaction = core.transactions != nil && !core.machine.withLock { $0.isClosed }
        hasGivenUp = core.hasGivenUp.isRaised
    }

    static func == (left: FailureCircumstances, right: FailureCircumstances) -> Bool { left === right }
}

// What is known about a record that failed, in sentences.
extension ProducerCore {
    /// The last problem with a broker, if it can have held up a record that has just timed out.
    nonisolated var recentProblem: KafkaError? {
        lastProblem.withLock { $0 }.flatMap { $0.isRecent(deliveryTimeout, now: .now) ? $0.error : nil }
    }

    /// The last problem with a broker, if it can still last.
    nonisolated var lastingProblem: KafkaError? {
        lastProblem.withLock { $0 }.flatMap { $0.isLasting(deliveryTimeout, now: .now) ? $0.error : nil }
    }

    /// Why records do not leave, as far as is known.
    nonisolated var hindrance: KafkaError? {
        let circumstances = FailureCircumstances(of: self)
        return circumstances.fatal ?? circumstances.refusal ?? circumstances.lastingProblem
    }

    nonisolated func outcome(
        of report: Event.DeliveryReport,
        _ circumstances: FailureCircumstances?
    ) -> DeliveryOutcome {
        var outcome = DeliveryOutcome(report)
        if report.error != 0 { outcome.circumstances = circumstances }
        outcome.partitionerFault = partitionerFault(report.error, report.opaque)
        return outcome
    }

    nonisolated func partitionerFault(_ code: Int32, _ opaque: UInt) -> PartitionerFault? {
        code == KafkaError.Code.unknownPartition.rawValue ? handle.takePartitionerFault(of: opaque) : nil
    }

    nonisolated func timeoutSentence(
        _ topic: String,
        _ outcome: DeliveryOutcome,
        _ circumstances: FailureCircumstances
    ) -> String {
        let sentence = "the record to \(topic) was not acknowledged within the delivery timeout"
        guard circumstances.recentProblem == nil else { return sentence }
        guard outcome.partition >= 0 else {
            return "\(sentence): the brokers did not say which partitions the topic has"
        }
        // librdkafka tries these again and keeps the broker's answer to itself.
        return """
            \(sentence), and no connection has failed meanwhile: the partition may have no leader, fewer replicas in sync than the \
            topic's min.insync.replicas, or brokers that are too slow
            """
    }

    /// One code for one cause, where librdkafka has several; nil: its own code says it.
    ///
    /// Records that wait when metadata says that there is no such topic fail with the broker's code, later ones with
    /// librdkafka's own (rdkafka_topic.c, `rd_kafka_topic_assign_uas`); so do names that Kafka does not allow. An answer to a record
    /// never comes through with that code: it is retried until metadata decides.
    nonisolated func topicCode(_ code: KafkaError.Code, _ topic: String) -> KafkaError.Code? {
        switch code {
        case .unknownTopic, .unknownTopicOrPartition, .invalidArgument:
            if !Self.isLegal(topic) { return .invalidTopic }
            return code == .unknownTopicOrPartition ? .unknownTopic : nil
        default:
            return nil
        }
    }

    /// `org.apache.kafka.common.internals.Topic`.
    private static func isLegal(_ topic: String) -> Bool {
        let areCharactersLegal = topic.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        return areCharactersLegal && 1...249 ~= topic.utf8.count && topic != "." && topic != ".."
    }

    nonisolated func sentence(_ error: KafkaError, _ topic: String, _ outcome: DeliveryOutcome) -> String {
        switch error.code {
        case .unknownPartition:
            if let fault = outcome.partitionerFault {
                return
                    "the partitioner gave \(fault.result) as the partition, but \(topic) has \(fault.partitionCount) partitions"
            }
            return outcome.partition >= 0
                ? "\(topic) has no partition \(outcome.partition)" : "\(topic) has no such partition"
        case .unknownTopic:
            return "the cluster has no topic \(topic), or does not show it to this client; create it, then send again"
        case .topicAuthorizationFailed:
            return "this client may not write to \(topic): grant it the operation WRITE"
        case .invalidTopic:
            return """
                "\(PropertyNames.printable(topic))" cannot be a topic's name: that is 1 to 249 letters, digits, dots, underscores \
                and hyphens
                """
        case .notEnoughReplicas, .notEnoughReplicasAfterAppend:
            return "\(topic) has fewer replicas in sync than its min.insync.replicas, also after the last retry"
        default:
            return "\(error.message) (topic \(topic))"
        }
    }
}
