import AsyncKafka
import ExampleSupport
import Orders

/// Writes orders into a database, each exactly once, whenever the program is killed.
///
/// The database holds the offsets too: a transaction stores a batch of orders and where each partition goes on. When partitions are
/// assigned, a hook has them begin where the database says. Kafka is told nothing, so there are no two places that could
/// contradict each other.
@main
struct SQLiteBatches {
    static func main() async {
        await Example.run(
            "Writes orders into an SQLite database in batches, with their offsets: each is there exactly once.",
            options: [
                .number("count", default: 20, minimum: 0, "how many orders are to be there; 0: until interrupted"),
                .number("batch", default: 100, "how many orders a transaction has at most"),
                .text("topic", default: "orders", "where to read them"),
                .text("group", default: "sqlite", "the consumer group"),
                .text("database", default: ":memory:", "the database's file"),
            ]
        ) { example in
            let topic = example.text("topic")
            try await example.createTopic(topic, partitions: 3)
            if example.isMock {
                try await sendOrders(max(20, example.number("count")), to: topic, on: example)
                print("A group's first join takes three seconds on the mock cluster.")
            }
            let database = try Database(example.text("database"))
            var configuration = KafkaConsumerConfiguration(
                bootstrapServers: example.bootstrapServers,
                groupID: example.text("group")
            )
            // Nothing is committed to Kafka.
            configuration.offsetPolicy = .manual
            // The database says where to begin. What the log does not have, say of a topic that was made anew, ends the program: below
            // the offsets of old, messages would pass for stored.
            configuration.autoOffsetReset = .error
            configuration.group.sessionTimeout = .seconds(10)
            configuration.rebalanceHooks.onAssigned = { consumer, partitions in
                for partition in partitions {
                    let offset = try await database.nextOffset(of: partition)
                    print("\(partition) from \(offset.map { "offset \($0)" } ?? "its beginning")")
                    try await consumer.seek(partition, to: offset.map { .offset($0) } ?? .beginning)
                }
            }
            try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                try await store(batchesOf: consumer, in: database, on: example)
            }
            let total = try await database.count()
            print("\(Task.isCancelled ? "Interrupted" : "Done"); orders in the database: \(total).")
        }
    }

    static func store(batchesOf consumer: KafkaConsumer, in database: Database, on example: Example) async throws {
        let count = example.number("count")
        if count > 0, try await database.count() >= count { return }
        for try await batch in consumer.batches(maxCount: example.number("batch")) {
            let stored = try await database.store(batch)
            let total = try await database.count()
            print("stored \(stored), in all \(total)")
            if count > 0, total >= count { break }
        }
    }

    static func sendOrders(_ count: Int, to topic: String, on example: Example) async throws {
        let configuration = KafkaProducerConfiguration(bootstrapServers: example.bootstrapServers)
        try await withKafkaProducer(configuration) { producer in
            for number in 1...count {
                let order = Order(number: number, customer: "customer-\(number % 5)")
                let record = KafkaRecord(topic: topic, key: KafkaBytes(order.customer), value: try order.encoded())
                try await producer.send(record)
            }
        }
    }
}
