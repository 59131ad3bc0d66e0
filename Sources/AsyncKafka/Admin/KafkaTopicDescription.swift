import RdKafka

/// What the cluster knows of a topic.
public struct KafkaTopicDescription: Sendable, Hashable {
    /// The topic's name.
    public var name: String
    /// Its partitions, by number.
    public var partitions: [KafkaPartitionDescription]

    /// Whether it is one of Kafka's own: `__consumer_offsets`, `__transaction_state`, `__share_group_state`.
    public var isInternal: Bool { Self.internalNames.contains(name) }

    static let internalNames: Set<String> = ["__consumer_offsets", "__transaction_state", "__share_group_state"]
}

extension KafkaTopicDescription {
    fileprivate init(_ topic: TopicMetadata) {
        name = topic.name
        partitions = topic.partitions.map { KafkaPartitionDescription($0) }.sorted { $0.number < $1.number }
    }
}

/// What the cluster knows of a partition.
public struct KafkaPartitionDescription: Sendable, Hashable {
    /// The partition's number, from 0.
    public var number: Int
    /// The broker that leads it; nil if there is none now.
    public var leader: Int?
    /// The brokers that keep it, the preferred leader first.
    public var replicas: [Int]
    /// Those that have all of it.
    public var inSyncReplicas: [Int]
}

extension KafkaPartitionDescription {
    init(_ partition: TopicMetadata.Partition) {
        number = Int(partition.number)
        leader = partition.leader < 0 ? nil : Int(partition.leader)
        replicas = partition.replicas.map { Int($0) }
        inSyncReplicas = partition.inSyncReplicas.map { Int($0) }
    }
}

/// A cluster and its brokers.
public struct KafkaClusterDescription: Sendable, Hashable {
    /// The cluster's name for itself.
    public var id: String?
    /// A broker that takes changes: the controller, or with KRaft any that hands them on. Nil if there is none now.
    public var controller: Int?
    /// The brokers that serve now, by number.
    public var brokers: [KafkaBroker]

    init(_ cluster: ClusterMetadata) {
        id = cluster.id
        controller = cluster.controller < 0 ? nil : Int(cluster.controller)
        brokers = cluster.brokers.map(KafkaBroker.init).sorted { $0.id < $1.id }
    }
}

/// A broker's number and address.
public struct KafkaBroker: Sendable, Hashable {
    /// Its number.
    public var id: Int
    /// The name under which clients reach it.
    public var host: String
    /// Its port.
    public var port: Int

    init(_ broker: BrokerMetadata) {
        id = Int(broker.id)
        host = broker.host
        port = broker.port
    }
}

extension Result<KafkaTopicDescription, KafkaError> {
    static func describing(_ topic: TopicMetadata) -> Self {
        if let error = topic.error { return .failure(KafkaError(error).about(topic.name)) }
        return .success(KafkaTopicDescription(topic))
    }
}
