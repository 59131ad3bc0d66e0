import AsyncKafka
import ExampleSupport
import Orders
import Synchronization

/// Processes each partition in a task of its own: orders of a customer stay in order, and a slow one holds up its partition alone.
///
/// A partition's stream ends when the partition goes to another member, and the loop over the partitions has another stream when it
/// comes back: run it twice against one cluster to see that.
@main
struct TaskPerPartition {
    static func main() async {
        await Example.run(
            "Reads orders with a task for each partition, and commits each one after it was processed.",
            options: [
                .number("count", default: 60, minimum: 0, "how many orders to process; 0: until interrupted"),
                .number("partitions", default: 6, "how many partitions the topic has on the mock cluster"),
                .text("topic", default: "orders", "where to read them"),
                .text("group", default: "billing", "the consumer group"),
            ]
        ) { example in
            let topic = example.text("topic")
            let count = example.number("count")
            try await example.createTopic(topic, partitions: example.number("partitions"))
            if example.isMock {
                try await sendOrders(max(60, count), to: topic, on: example)
                print("A group's first join takes three seconds on the mock cluster.")
            }
            var configuration = KafkaConsumerConfiguration(
                bootstrapServers: example.bootstrapServers,
                groupID: example.text("group")
            )
            configuration.offsetPolicy = .manual
            configuration.group.sessionTimeout = .seconds(10)
            // It bounds what is held ready of each partition.
            configuration.fetch.prefetchBytes = 8 * 1024 * 1024
            let progress = Progress(count: count)
            try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                try await processPartitions(of: consumer, progress)
            }
            print("\(Task.isCancelled ? "Interrupted" : "Done"); processed and committed: \(progress.processed).")
        }
    }

    static func processPartitions(of consumer: KafkaConsumer, _ progress: Progress) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            for try await partition in consumer.partitions {
                print("\(partition.topicPartition): begins")
                group.addTask {
                    let isLast = try await processOrders(of: partition, by: consumer, progress)
                    print("\(partition.topicPartition): ended")
                    // Ends the other streams, each behind the order in hand, and the loop over the partitions.
                    if isLast { await consumer.close() }
                }
            }
        }
    }

    /// Returns whether these were all that there is to do.
    static func processOrders(
        of partition: KafkaPartition,
        by consumer: KafkaConsumer,
        _ progress: Progress
    ) async throws -> Bool {
        for try await message in partition {
            if let order = try? Order(message.value ?? KafkaBytes()) {
                print("\(message.topicPartition) offset \(message.offset): order \(order.number) of \(order.customer)")
            }
            do throws(KafkaError) {
                try await consumer.commit(message)
            } catch {
                // Another member has the partition, and processes the order again; or this was interrupted. The loop ends by itself.
                guard [.staleMessage, .cancelled].contains(error.code) else { throw error }
                continue
            }
            if progress.hasProcessedTheLast() { return true }
        }
        return false
    }

    static func sendOrders(_ count: Int, to topic: String, on example: Example) async throws {
        let configuration = KafkaProducerConfiguration(bootstrapServers: example.bootstrapServers)
        try await withKafkaProducer(configuration) { producer in
            let records = try (1...count).map { number in
                let order = Order(number: number, customer: "customer-\(number % 20)")
                return KafkaRecord(topic: topic, key: KafkaBytes(order.customer), value: try order.encoded())
            }
            for result in await producer.send(contentsOf: records) { _ = try result.get() }
        }
    }
}

/// What all tasks have processed together.
final class Progress: Sendable {
    /// 0: without end.
    private let count: Int
    private let done = Atomic(0)

    init(count: Int) {
        self.count = count
    }

    var processed: Int { done.load(ordering: .relaxed) }

    /// One more is processed. Returns whether it is the last that is wanted.
    func hasProcessedTheLast() -> Bool {
        done.add(1, ordering: .relaxed).newValue == count
    }
}
