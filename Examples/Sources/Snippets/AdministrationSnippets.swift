// The code of the article "Administration", as it stands there. ReadmeTests holds the two together.
import AsyncKafka

func makeATopic() async throws {
    let configuration = KafkaAdminConfiguration(bootstrapServers: ["localhost:9092"])
    try await withKafkaAdmin(configuration) { admin in
        let topic = KafkaNewTopic(name: "orders", partitions: 6, configuration: ["retention.ms": "604800000"])
        try await admin.createTopic(topic)
    }
}

func makeTopics(_ topics: [KafkaNewTopic], by admin: KafkaAdmin) async throws {
    for (name, result) in try await admin.createTopics(topics) {
        if case .failure(let error) = result, error.code != .topicAlreadyExists {
            print(name, error)
        }
    }
}

func changeASetting(by admin: KafkaAdmin) async throws {
    try await admin.alterConfig(of: .topic("orders"), ["retention.ms": .set("86400000"), "segment.ms": .reset])
}

func replay(from noon: KafkaTimestamp, by admin: KafkaAdmin) async throws {
    let plan = try await admin.resetGroupOffsets(of: "billing", to: .place(.timestamp(noon)), dryRun: true)
    for change in plan.changes { print(change) }
}

func allow(by admin: KafkaAdmin) async throws {
    let results = try await admin.createACLs([
        KafkaACL(principal: "User:billing", .read, .topic("orders")),
        KafkaACL(principal: "User:billing", .read, .group("billing")),
    ])
    for (rule, result) in results {
        if case .failure(let error) = result { print(rule, error) }
    }
}
