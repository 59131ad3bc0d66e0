import AsyncKafka
import Foundation
import Synchronization
import TestSupport
import Testing

/// Suites that need a broker, one test at a time: they share it, and two processors, with it.
@Suite(.serialized, .needsKafka)
enum RealKafkaTests {}

/// The cluster that the environment names.
enum RealKafka {
    private static let environment = ProcessInfo.processInfo.environment

    /// `KAFKA_BOOTSTRAP`: addresses of brokers, separated by commas.
    static let bootstrapServers = environment["KAFKA_BOOTSTRAP", default: ""].split(separator: ",").map(String.init)

    /// `KAFKA_TOOL`: a program that runs Kafka's own tools, as `$KAFKA_TOOL tool NAME ARGUMENTS`.
    static let toolPath = environment["KAFKA_TOOL"].flatMap { $0.isEmpty ? nil : $0 }

    static var producer: KafkaProducerConfiguration {
        KafkaProducerConfiguration(bootstrapServers: bootstrapServers)
    }

    static var admin: KafkaAdminConfiguration {
        KafkaAdminConfiguration(bootstrapServers: bootstrapServers)
    }

    static func consumer(
        group: String,
        policy: KafkaOffsetPolicy = .afterProcessing
    ) -> KafkaConsumerConfiguration {
        var configuration = KafkaConsumerConfiguration(bootstrapServers: bootstrapServers, groupID: group)
        configuration.offsetPolicy = policy
        return configuration
    }

    /// A name that no other run uses.
    static func uniqueName(_ purpose: String) -> String {
        "async-kafka-\(purpose)-\(UUID().uuidString.lowercased())"
    }

    /// What one of Kafka's own tools writes to standard output.
    static func tool(_ name: String, _ arguments: [String]) async throws -> [UInt8] {
        let path = try #require(toolPath, "KAFKA_TOOL names no program with Kafka's own tools")
        let servers = bootstrapServers.joined(separator: ",")
        return try await output(of: path, ["tool", name, "--bootstrap-server", servers] + arguments)
    }

    /// The same as text.
    static func toolText(_ name: String, _ arguments: [String]) async throws -> String {
        String(decoding: try await tool(name, arguments), as: UTF8.self)
    }

    /// A group's state and its number of members, as Kafka's own tool names them: `Stable` and `2`.
    static func groupState(_ group: String) async throws -> [String] {
        let description = try await toolText("groups", ["--describe", "--state", "--group", group])
        let rows = description.split(separator: "\n").map { $0.split(separator: " ") }
        return rows.last { $0.first == group[...] }?.suffix(2).map(String.init) ?? []
    }
}

extension Trait where Self == ConditionTrait {
    /// Only with a broker.
    static var needsKafka: Self {
        .enabled(if: !RealKafka.bootstrapServers.isEmpty, "KAFKA_BOOTSTRAP names no broker")
    }

    /// Only with Kafka's own tools, as an independent judge.
    static var needsKafkaTools: Self {
        .enabled(if: RealKafka.toolPath != nil, "KAFKA_TOOL names no program with Kafka's own tools")
    }
}

/// How many of something a test takes: what the environment says, so that a run of many repetitions takes fewer.
func count(_ name: String, or usual: Int) -> Int {
    ProcessInfo.processInfo.environment[name].flatMap(Int.init) ?? usual
}

/// Makes a topic of its own for `body`, and deletes it on every way out.
///
/// - Parameters:
///   - replicationFactor: nil is the cluster's default.
///   - configuration: the topic's own settings, such as `min.insync.replicas`.
func withTopic<Result>(
    partitions: Int = 3,
    replicationFactor: Int? = nil,
    configuration: [String: String] = [:],
    isolation: isolated (any Actor)? = #isolation,
    _ body: (String) async throws -> Result
) async throws -> Result {
    let topic = RealKafka.uniqueName("topic")
    let servers = RealKafka.bootstrapServers.joined(separator: ",")
    try await TopicMaker.make(
        topic,
        partitions: partitions,
        replicationFactor: replicationFactor,
        configuration: configuration,
        bootstrapServers: servers
    )
    // A cluster of the tests' own goes with all its topics.
    if Nodes.isTools { return try await body(topic) }
    // A task of its own, so that cancellation does not reach it.
    let delete = { try await Task { try await TopicMaker.delete(topic, bootstrapServers: servers) }.value }
    let result: Result
    do {
        result = try await body(topic)
    } catch {
        try? await delete()
        throw error
    }
    try await delete()
    return result
}

/// Sends records from many tasks at once; they have the key and the value `n-0`, `n-1`, …
///
/// - Returns: where the log of each partition ends.
@discardableResult
func fill(_ topic: String, count: Int, partition: Int? = nil) async throws -> [Int: Int64] {
    try await withKafkaProducer(RealKafka.producer) { producer in
        try await withThrowingTaskGroup(of: [KafkaDelivery].self) { tasks in
            let taskCount = min(count, 500)
            for task in 0..<taskCount {
                tasks.addTask {
                    var deliveries: [KafkaDelivery] = []
                    for number in stride(from: task, to: count, by: taskCount) {
                        let name = "n-\(number)"
                        let record = KafkaRecord(topic: topic, partition: partition, key: name, value: name)
                        deliveries.append(try await producer.send(record))
                    }
                    return deliveries
                }
            }
            var ends: [Int: Int64] = [:]
            for try await deliveries in tasks {
                for delivery in deliveries {
                    ends[delivery.partition] = max(ends[delivery.partition] ?? 0, (delivery.offset ?? -1) + 1)
                }
            }
            return ends
        }
    }
}

/// Reads the first messages of a topic, as a group of its own.
func read(_ count: Int, from topic: String) async throws -> [KafkaMessage] {
    let configuration = RealKafka.consumer(group: RealKafka.uniqueName("group"))
    return try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
        var messages: [KafkaMessage] = []
        for try await message in consumer.messages {
            messages.append(message)
            if messages.count == count { break }
        }
        return messages
    }
}

/// Where a message stands.
struct Position: Hashable, Comparable {
    let partition: Int
    let offset: Int64

    init(_ message: KafkaMessage) {
        partition = message.partition
        offset = message.offset
    }

    init(partition: Int, offset: Int64) {
        self.partition = partition
        self.offset = offset
    }

    static func < (left: Position, right: Position) -> Bool {
        (left.partition, left.offset) < (right.partition, right.offset)
    }
}
