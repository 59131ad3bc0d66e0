/// What was found out about one topic. A plain value: `checks` says what it means.
struct TopicFindings: DiagnosisFindings {
    let name: String
    let purpose: DiagnosisPlan.Purpose
    /// How many brokers the cluster has; nil if that is not known.
    let brokerCount: Int?
    var description = DiagnosisStep<KafkaTopicDescription>.pointless
    /// The value of `min.insync.replicas`.
    var minimum = DiagnosisStep<Int?>.pointless

    init(_ name: String, _ purpose: DiagnosisPlan.Purpose, brokerCount: Int?) {
        self.name = name
        self.purpose = purpose
        self.brokerCount = brokerCount
    }

    /// Nothing could be tried.
    mutating func leave(_ why: String) {
        description = .unfinished(why)
        minimum = .unfinished(why)
    }

    var isUnfinished: Bool { description.isUnfinished || minimum.isUnfinished }

    var subject: String { name }

    var checks: [KafkaDiagnosis.Check] {
        let others: [KafkaDiagnosis.Kind] = [.partitions, .leaders, .inSyncReplicas]
        switch description {
        case .done(let topic, let duration):
            return [
                check(.topic, .passed, "the topic is there", duration: duration), partitions(topic), leaders(topic),
                inSyncReplicas(topic),
            ]
        case .failed(let error, let duration):
            let isMissing = [.unknownTopicOrPartition, .unknownTopic].contains(error.code)
            let isAnswer = error.code.rawValue > 0 || isMissing
            let topic = check(
                .topic,
                isAnswer ? .failed : .unknown,
                error.message,
                advice: advice(about: error),
                duration: duration,
                error: error
            )
            return [topic] + others.map { check($0, .skipped, "the topic could not be described") }
        case .unfinished(let why):
            return [check(.topic, .unknown, why)] + others.map { check($0, .unknown, why) }
        case .pointless:
            return ([.topic] + others).map { check($0, .skipped, "the cluster could not be asked") }
        }
    }

    private func advice(about error: KafkaError) -> String? {
        switch error.code {
        case .unknownTopicOrPartition, .unknownTopic:
            "check the name, or make the topic: brokers may be set not to make topics by themselves"
        case .topicAuthorizationFailed:
            "grant the account DESCRIBE on the topic, which READ and WRITE include"
        case .invalidTopic: "a topic's name has letters, digits, `.`, `_` and `-`, 249 at most"
        case .leaderNotAvailable: "the topic may just have been made: try again; else look at the brokers"
        default: nil
        }
    }

    // MARK: Partitions

    private func partitions(_ topic: KafkaTopicDescription) -> KafkaDiagnosis.Check {
        let replicas = Set(topic.partitions.map(\.replicas.count)).sorted().map { "\($0)" }.joined(separator: " or ")
        let seen = "\(topic.partitions.count) partitions; replicas of each: \(replicas)"
        guard !topic.partitions.isEmpty else {
            return check(.partitions, .failed, "the topic has no partitions", advice: "make the topic again")
        }
        let lonely = topic.partitions.filter { $0.replicas.count == 1 }.map(\.number)
        if let brokerCount, brokerCount > 1, !lonely.isEmpty {
            return check(
                .partitions,
                .warning,
                "\(seen); \(Self.list(lonely)) on one broker alone",
                advice: "give the topic more replicas: without that broker these partitions cannot be read or written"
            )
        }
        return check(.partitions, .passed, seen)
    }

    private func leaders(_ topic: KafkaTopicDescription) -> KafkaDiagnosis.Check {
        let leaderless = topic.partitions.filter { $0.leader == nil }.map(\.number)
        guard !leaderless.isEmpty else { return check(.leaders, .passed, "each partition has a leader") }
        return check(
            .leaders,
            .failed,
            "without a leader: \(Self.list(leaderless))",
            advice: "start the brokers that have their replicas; until then nobody can read or write them"
        )
    }

    private func inSyncReplicas(_ topic: KafkaTopicDescription) -> KafkaDiagnosis.Check {
        let lagging = topic.partitions.filter { $0.inSyncReplicas.count < $0.replicas.count }.map(\.number)
        let state = lagging.isEmpty ? "all replicas are in sync" : "not all replicas in sync: \(Self.list(lagging))"
        guard let minimum = minimum.value.flatMap({ $0 }) else {
            let why =
                switch minimum {
                case .failed(let error, _): error.message
                case .unfinished(let why): why
                case .done, .pointless: "the broker does not tell"
                }
            let advice =
                minimum.error?.code == .topicAuthorizationFailed
                ? "grant the account DESCRIBE_CONFIGS on the topic to have it checked" : nil
            return check(
                .inSyncReplicas,
                lagging.isEmpty ? .unknown : .warning,
                "\(state); `min.insync.replicas` is not known: \(why)",
                advice: advice ?? (lagging.isEmpty ? nil : Self.laggingAdvice),
                error: minimum.error
            )
        }
        let seen = "\(state); `min.insync.replicas` is \(minimum)"
        let impossible = topic.partitions.filter { $0.replicas.count < minimum }.map(\.number)
        if !impossible.isEmpty {
            return check(
                .inSyncReplicas,
                shortage,
                "\(seen), more than there are replicas: \(Self.list(impossible))",
                advice: "lower `min.insync.replicas` or add replicas: records with acks=all are refused there for good"
            )
        }
        let short = topic.partitions.filter { $0.inSyncReplicas.count < minimum }.map(\.number)
        if !short.isEmpty {
            return check(
                .inSyncReplicas,
                shortage,
                "\(seen), more than are in sync: \(Self.list(short))",
                advice:
                    "look after the brokers that lag or are down: until then records with acks=all are refused there"
            )
        }
        if !lagging.isEmpty { return check(.inSyncReplicas, .warning, seen, advice: Self.laggingAdvice) }
        let tight = topic.partitions.contains { $0.replicas.count == minimum && minimum > 1 }
        guard !tight else {
            return check(
                .inSyncReplicas,
                .warning,
                "\(seen), as many as there are replicas",
                advice: "set it one lower: with each broker that restarts, records with acks=all are refused"
            )
        }
        return check(.inSyncReplicas, .passed, seen)
    }

    private static let laggingAdvice = "look after the brokers that lag or are down"

    /// Who does not ask for the acknowledgement of all replicas, or does not write, goes on.
    private var shortage: KafkaDiagnosis.Outcome {
        switch purpose {
        case .producing(acknowledgedByAll: false, _), .consuming: .warning
        case .producing, .administrating: .failed
        }
    }

    /// `partition 0`, `partitions 0, 1, 2 and 7 more`.
    private static func list(_ numbers: [Int]) -> String {
        let shown = numbers.prefix(8).map { "\($0)" }.joined(separator: ", ")
        let rest = numbers.count > 8 ? " and \(numbers.count - 8) more" : ""
        return (numbers.count == 1 ? "partition " : "partitions ") + shown + rest
    }
}
