import AsyncKafka
import ExampleSupport
import Orders

/// Shows which partitions a member of a group has and how far it is behind, while it works.
@main
struct GroupDashboard {
    static func main() async {
        await Example.run(
            "Reads orders, and prints the member's partitions and their lag as they change.",
            options: [
                .number("count", default: 2000, minimum: 0, "how many orders to read; 0: until interrupted"),
                .text("topic", default: "orders", "where to read them"),
                .text("group", default: "billing", "the consumer group"),
            ]
        ) { example in
            let topic = example.text("topic")
            try await example.createTopic(topic, partitions: 3)
            if example.isMock {
                try await sendOrders(max(2000, example.number("count")), to: topic, on: example)
                print("A group's first join takes three seconds on the mock cluster.")
            }
            var configuration = KafkaConsumerConfiguration(
                bootstrapServers: example.bootstrapServers,
                groupID: example.text("group")
            )
            configuration.group.sessionTimeout = .seconds(10)
            configuration.statisticsInterval = .seconds(1)
            try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    tasks.addTask { try await printEvents(of: consumer) }
                    tasks.addTask { try await printLag(of: consumer) }
                    tasks.addTask { try await printStatistics(of: consumer) }
                    try await readOrders(from: consumer, count: example.number("count"))
                    for partition in try await consumer.lag() { print("in the end  \(partition)") }
                    tasks.cancelAll()
                }
            }
            print(Task.isCancelled ? "Interrupted." : "Done.")
        }
    }

    static func readOrders(from consumer: KafkaConsumer, count: Int) async throws {
        var left = count
        for try await message in consumer.messages {
            // A body that takes its time, so that there is a lag to be seen.
            _ = (0..<100).compactMap { _ in try? Order(message.value ?? KafkaBytes()) }
            left -= 1
            if left == 0 {
                consumer.markProcessed(message)
                break
            }
        }
    }

    static func printEvents(of consumer: KafkaConsumer) async throws {
        for try await event in consumer.events {
            switch event.kind {
            case .assigned, .revoked, .lost:
                print("\(event.kind)    \(event.partitions.map(\.description).joined(separator: ", "))")
            case .missed:
                print("\(event.missedCount) events missed")
            default:
                print("\(event.kind)    \(event.error?.message ?? "")")
            }
        }
    }

    static func printLag(of consumer: KafkaConsumer) async throws {
        for try await partitions in consumer.lagUpdates(every: .milliseconds(500)) where !partitions.isEmpty {
            print("lag         \(partitions.map(\.description).joined(separator: ", "))")
        }
    }

    static func printStatistics(of consumer: KafkaConsumer) async throws {
        for try await statistics in consumer.statistics {
            let up = statistics.brokers.filter { $0.source != "logical" && $0.state == "UP" }
            let prefetched = statistics.topics.flatMap(\.partitions).reduce(0) { $0 + ($1.prefetchedRecords ?? 0) }
            print(
                """
                statistics  \(up.count) brokers up, group \(statistics.group?.joinState ?? "unknown"), \
                \(prefetched) messages prefetched, \(statistics.received.bytes ?? 0) bytes received
                """
            )
        }
    }

    static func sendOrders(_ count: Int, to topic: String, on example: Example) async throws {
        let configuration = KafkaProducerConfiguration(bootstrapServers: example.bootstrapServers)
        try await withKafkaProducer(configuration) { producer in
            let records = try (1...count).map { number in
                let order = Order(number: number, customer: "customer-\(number % 50)")
                return KafkaRecord(topic: topic, key: KafkaBytes(order.customer), value: try order.encoded())
            }
            for result in await producer.send(contentsOf: records) { _ = try result.get() }
        }
    }
}
