import AsyncKafka

/// Makes topics on a real cluster, where Kafka's own tool would take a second of two processors for each.
package enum TopicMaker {
    /// Makes a topic with a client of its own, and returns once the controller has it.
    ///
    /// - Parameters:
    ///   - replicationFactor: nil is the cluster's default.
    ///   - configuration: the topic's own settings, such as `min.insync.replicas`.
    package static func make(
        _ topic: String,
        partitions: Int,
        replicationFactor: Int?,
        configuration: [String: String],
        bootstrapServers: String
    ) async throws {
        try await withAdmin(bootstrapServers) { admin in
            try await admin.createTopic(
                KafkaNewTopic(
                    name: topic,
                    partitions: partitions,
                    replicationFactor: replicationFactor,
                    configuration: configuration
                )
            )
        }
    }

    package static func delete(_ topic: String, bootstrapServers: String) async throws {
        try await withAdmin(bootstrapServers) { try await $0.deleteTopic(topic) }
    }

    private static func withAdmin(_ servers: String, _ body: (KafkaAdmin) async throws -> Void) async throws {
        var configuration = KafkaAdminConfiguration(bootstrapServers: servers.split(separator: ",").map(String.init))
        configuration.requestTimeout = .seconds(30)
        configuration.log = .none
        try await withKafkaAdmin(configuration, body)
    }
}
