import AsyncKafka
import ExampleSupport

/// Makes the topics that a service needs, and brings those that are there in line: as a step of its deployment.
///
/// Run as often as you like, it does only what is missing. It removes nothing.
@main
struct TopicProvisioning {
    static let wanted = [
        KafkaNewTopic(name: "orders", partitions: 6, configuration: ["retention.ms": "604800000"]),
        KafkaNewTopic(name: "customers", partitions: 3, configuration: ["cleanup.policy": "compact"]),
    ]

    static func main() async {
        await Example.run(
            "Makes the topics of the shop, and brings those that are there in line.",
            options: [.flag("dry-run", "only tell what would be done")]
        ) { example in
            // On the mock cluster one of them is there, with too few partitions.
            try await example.createTopic("orders", partitions: 3)
            let configuration = KafkaAdminConfiguration(bootstrapServers: example.bootstrapServers)
            try await withKafkaAdmin(configuration) { admin in
                let steps = try await steps(admin, knowsSettings: !example.isMock)
                if steps.isEmpty { print("All topics are as they should be.") }
                let isDry = example.flag("dry-run") || example.isMock
                for step in steps {
                    print(isDry ? "would \(step)" : "\(step)")
                    if !isDry { try await carryOut(step, admin) }
                }
                if example.isMock { print("The mock cluster cannot make or change topics: this was the plan alone.") }
            }
        }
    }

    static func steps(_ admin: KafkaAdmin, knowsSettings: Bool) async throws -> [Step] {
        // Of other topics, the account may not even be allowed to see what they are like.
        let names = Set(wanted.map(\.name))
        let topics = try await admin.describeTopics().filter { names.contains($0.key) }.mapValues { try $0.get() }
        guard knowsSettings else { return plan(wanted, topics: topics, settings: nil) }
        return try await steps(wanted, from: topics, admin)
    }

    static func steps(
        _ wanted: [KafkaNewTopic],
        from topics: [String: KafkaTopicDescription],
        _ admin: KafkaAdmin
    ) async throws -> [Step] {
        let names = topics.keys.sorted()
        let results = try await admin.describeConfigs(names.map { .topic($0) })
        var settings: [String: [String: KafkaConfigEntry]] = [:]
        for name in names { settings[name] = try results[.topic(name)]?.get() }
        return plan(wanted, topics: topics, settings: settings)
    }

    static func carryOut(_ step: Step, _ admin: KafkaAdmin) async throws {
        switch step {
        case .make(let topic):
            guard case .failure(let error) = try await admin.createTopics([topic])[topic.name] else { return }
            guard error.code == .topicAlreadyExists else { throw error }
            try await compare(topic, admin)
        case .addPartitions(let topic, let total):
            try await admin.addPartitions(to: topic, total: total)
        case .change(let topic, let settings, _):
            // Nobody else changes these topics, so it may be done with a librdkafka before 2.2 as well.
            try await admin.alterConfig(of: .topic(topic), settings, fallback: .readAndReplace)
        case .differs:
            break
        }
    }
    /// Another instance was faster, or the broker that listed the topics had not heard of this one.
    static func compare(_ topic: KafkaNewTopic, _ admin: KafkaAdmin) async throws {
        switch try await admin.describeTopics([topic.name])[topic.name] {
        case .success(let current):
            print("  \(topic.name) is there by now")
            for step in try await steps([topic], from: [topic.name: current], admin) {
                print("  \(step)")
                try await carryOut(step, admin)
            }
        case .failure(let error) where error.code != .unknownTopicOrPartition:
            throw error
        case .failure, nil:
            print("  \(topic.name) is so new that brokers do not know it yet: run this again to compare it")
        }
    }
}
