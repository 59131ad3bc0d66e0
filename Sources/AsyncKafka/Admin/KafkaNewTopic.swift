import RdKafka

/// A topic that is to be made.
///
/// ```swift
/// KafkaNewTopic(name: "orders", partitions: 6, replicationFactor: 3, configuration: ["cleanup.policy": "compact"])
/// ```
public struct KafkaNewTopic: Sendable, Hashable {
    /// The name: letters, digits, `.`, `_` and `-`, up to 249 of them.
    public var name: String

    /// How many partitions it has; nil: the broker's default (`num.partitions`), or as many as `replicas` has.
    public var partitions: Int?

    /// On how many brokers each partition is kept; nil: the broker's default (`default.replication.factor`), or as `replicas` says.
    public var replicationFactor: Int?

    /// The brokers of each partition, the preferred leader first; empty, the default: the controller chooses.
    public var replicas: [[Int]] = []

    /// The topic's own settings, as in `retention.ms`.
    public var configuration: [String: String]

    /// A topic that the controller places.
    ///
    /// - Parameters:
    ///   - name: letters, digits, `.`, `_` and `-`.
    ///   - partitions: how many; nil: the broker's default.
    ///   - replicationFactor: on how many brokers each is kept; nil: the broker's default.
    ///   - configuration: the topic's own settings.
    public init(
        name: String,
        partitions: Int? = nil,
        replicationFactor: Int? = nil,
        configuration: [String: String] = [:]
    ) {
        self.name = name
        self.partitions = partitions
        self.replicationFactor = replicationFactor
        self.configuration = configuration
    }

    /// A topic whose partitions stand on given brokers.
    ///
    /// - Parameters:
    ///   - name: the topic's name.
    ///   - replicas: the brokers of each partition, the preferred leader first.
    ///   - configuration: the topic's own settings; the others are the cluster's.
    public init(name: String, replicas: [[Int]], configuration: [String: String] = [:]) {
        self.init(name: name, configuration: configuration)
        self.replicas = replicas
    }

    func engineTopic() throws(KafkaError) -> NewTopic {
        try checkName(name, "a topic")
        for (name, value) in configuration {
            try checkName(name, "a setting of the topic \(self.name)")
            try checkText(value, "the setting \(name) of the topic \(self.name)")
        }
        guard 1...100_000 ~= partitions ?? 1 else {
            throw .invalidArgument("\(name) cannot have \(partitions ?? 0) partitions: give 1 to 100,000, or nil")
        }
        guard 1...10_000 ~= replicationFactor ?? 1 else {
            throw .invalidArgument("\(name) cannot have \(replicationFactor ?? 0) replicas: give 1 to 10,000, or nil")
        }
        if !replicas.isEmpty {
            guard partitions == nil || partitions == replicas.count else {
                throw .invalidArgument(
                    "\(name) has \(partitions ?? 0) partitions and `replicas` for \(replicas.count): leave the number out"
                )
            }
            guard replicationFactor == nil else {
                throw .invalidArgument("\(name) has both `replicas` and a `replicationFactor`: keep one of them")
            }
        }
        return NewTopic(
            name: name,
            partitions: Int32(replicas.isEmpty ? partitions ?? -1 : replicas.count),
            replicationFactor: Int32(replicationFactor ?? -1),
            assignment: try brokerNumbers(replicas, of: name),
            configuration: configuration
        )
    }
}

/// More partitions for a topic. Records with a key may go to another partition than before.
public struct KafkaNewPartitions: Sendable, Hashable {
    /// The topic.
    public var topic: String
    /// How many partitions it has afterwards.
    public var total: Int
    /// The brokers of each new partition, the preferred leader first; empty: the controller chooses.
    public var replicas: [[Int]]

    /// More partitions for a topic.
    ///
    /// - Parameters:
    ///   - topic: the topic.
    ///   - total: how many partitions it has afterwards.
    ///   - replicas: the brokers of each new partition; empty: the controller chooses.
    public init(topic: String, total: Int, replicas: [[Int]] = []) {
        self.topic = topic
        self.total = total
        self.replicas = replicas
    }

    func enginePartitions() throws(KafkaError) -> NewPartitions {
        try checkName(topic, "a topic")
        guard 1...100_000 ~= total, replicas.count <= total else {
            throw .invalidArgument(
                "\(topic) cannot have \(total) partitions with `replicas` for \(replicas.count) new ones: give 1 to 100,000"
            )
        }
        return NewPartitions(topic: topic, total: total, assignment: try brokerNumbers(replicas, of: topic))
    }
}

private func brokerNumbers(_ replicas: [[Int]], of topic: String) throws(KafkaError) -> [[Int32]] {
    var numbers: [[Int32]] = []
    for (partition, brokers) in replicas.enumerated() {
        guard !brokers.isEmpty, brokers.count <= 10_000, brokers.allSatisfy({ 0...Int(Int32.max) ~= $0 }) else {
            throw .invalidArgument("entry \(partition) of `replicas` of \(topic) names no brokers, or impossible ones")
        }
        numbers.append(brokers.map { Int32($0) })
    }
    return numbers
}
