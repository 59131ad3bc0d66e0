package import AsyncKafka

/// Makes topics on a real cluster, where Kafka's own tool would take a second of two processors for each.
package enum TopicMaker {
    /// Makes a topic with a client of its own, and returns once the brokers tell of it, which is later than the controller's answer.
    ///
    /// A controller that was held up for some seconds takes no broker for alive until it has heard of one again.
    ///
    /// - Parameters:
    ///   - replicationFactor: nil is the cluster's default.
    ///   - configuration: the topic's own settings, such as `min.insync.replicas`.
    ///   - isBeingDeleted: whether one of that name may still be there, as deleting goes on behind its answer.
    package static func make(
        _ topic: String,
        partitions: Int,
        replicationFactor: Int?,
        configuration: [String: String],
        bootstrapServers: String,
        isBeingDeleted: Bool = false
    ) async throws {
        try await withAdmin(bootstrapServers) { admin in
            let new = KafkaNewTopic(
                name: topic,
                partitions: partitions,
                replicationFactor: replicationFactor,
                configuration: configuration
            )
            var passing: Set<KafkaError.Code> = [.invalidReplicationFactor]
            if isBeingDeleted { passing.insert(.topicAlreadyExists) }
            while try await !isMade(new, by: admin, passing: passing) { try Task.checkCancellation() }
            _ = try await admin.description(of: topic)
        }
    }

    package static func delete(_ topic: String, bootstrapServers: String) async throws {
        try await withAdmin(bootstrapServers) { try await $0.deleteTopic(topic) }
    }

    private static func isMade(
        _ topic: KafkaNewTopic,
        by admin: KafkaAdmin,
        passing: Set<KafkaError.Code>
    ) async throws -> Bool {
        do {
            try await admin.createTopic(topic)
            return true
        } catch {
            guard passing.contains(error.code) else { throw error }
            return false
        }
    }

    private static func withAdmin(_ servers: String, _ body: (KafkaAdmin) async throws -> Void) async throws {
        var configuration = KafkaAdminConfiguration(bootstrapServers: servers.split(separator: ",").map(String.init))
        configuration.requestTimeout = .seconds(30)
        configuration.log = .none
        try await withKafkaAdmin(configuration, body)
    }
}

extension KafkaAdmin {
    /// What brokers know of a topic that was made a moment ago, once they do.
    package func description(of topic: String) async throws -> KafkaTopicDescription {
        while true {
            try Task.checkCancellation()
            guard let result = try await describeTopics([topic])[topic] else { continue }
            switch result {
            case .success(let description):
                if description.partitions.allSatisfy({ $0.leader != nil }) { return description }
            case .failure(let error):
                guard [.unknownTopicOrPartition, .leaderNotAvailable].contains(error.code) else { throw error }
            }
        }
    }
}
