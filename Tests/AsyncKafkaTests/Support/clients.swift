import AsyncKafka
import AsyncKafkaTesting

/// A mock cluster with one topic.
func withTopic<Result>(
    partitions: Int = 1,
    _ body: (KafkaMockCluster, String) async throws -> Result
) async throws -> Result {
    try await withKafkaMockCluster { cluster in
        try await cluster.createTopic("orders", partitions: partitions)
        return try await body(cluster, "orders")
    }
}

func producerConfiguration(of cluster: KafkaMockCluster) -> KafkaProducerConfiguration {
    var configuration = KafkaProducerConfiguration(bootstrapServers: cluster.bootstrapServers)
    configuration.log = .none
    return configuration
}

/// A member whose absence the mock notices soon, as each of its rebalances takes nearly a session. But a machine under load that stands
/// still for ten seconds is not to cost the membership.
func consumerConfiguration(of cluster: KafkaMockCluster, group: String = "group") -> KafkaConsumerConfiguration {
    var configuration = KafkaConsumerConfiguration(bootstrapServers: cluster.bootstrapServers, groupID: group)
    configuration.group.sessionTimeout = .seconds(15)
    configuration.group.heartbeatInterval = .seconds(1)
    configuration.log = .none
    return configuration
}

/// Nothing listens there.
func unreachableProducerConfiguration() -> KafkaProducerConfiguration {
    var configuration = KafkaProducerConfiguration(bootstrapServers: ["127.0.0.1:1"])
    configuration.log = .none
    return configuration
}

/// Sends `count` records, numbered from 0, to one partition.
func produce(_ count: Int, to topic: String, partition: Int? = nil, of cluster: KafkaMockCluster) async throws {
    try await withKafkaProducer(producerConfiguration(of: cluster)) { producer in
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<count {
                group.addTask {
                    try await producer.send(KafkaRecord(topic: topic, partition: partition, value: "\(number)"))
                }
            }
            try await group.waitForAll()
        }
    }
}

/// Resumes once when it is deallocated: for clients that are to be freed.
final class Canary: Sendable {
    private let onDeinit: @Sendable () -> Void

    init(_ onDeinit: @escaping @Sendable () -> Void) {
        self.onDeinit = onDeinit
    }

    func sing() {}

    deinit { onDeinit() }
}
