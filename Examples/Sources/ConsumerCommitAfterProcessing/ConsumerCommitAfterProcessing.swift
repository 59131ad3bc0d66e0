import AsyncKafka
import ExampleSupport
import Orders

/// Reads orders as a member of a group, and commits each one after it was processed.
///
/// This is the explicit way, a round trip for each message. The default, `.afterProcessing`, commits once a second what has
/// been processed, and needs no call.
@main
struct ConsumerCommitAfterProcessing {
    static func main() async {
        await Example.run(
            "Reads orders and commits each one after it was processed.",
            options: [
                .number("count", default: 20, minimum: 0, "how many orders to process; 0: until interrupted"),
                .text("topic", default: "orders", "where to read them"),
                .text("group", default: "billing", "the consumer group"),
            ]
        ) { example in
            let topic = example.text("topic")
            try await example.createTopic(topic, partitions: 3)
            if example.isMock {
                try await sendOrders(max(20, example.number("count")), to: topic, on: example)
                print("A group's first join takes three seconds on the mock cluster.")
            }

            var configuration = KafkaConsumerConfiguration(
                bootstrapServers: example.bootstrapServers,
                groupID: example.text("group")
            )
            configuration.offsetPolicy = .manual
            configuration.group.sessionTimeout = .seconds(10)
            let processed = try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                // Ends with the loop below.
                async let _ = printEvents(of: consumer)
                return try await processOrders(of: consumer, count: example.number("count"))
            }
            print("\(Task.isCancelled ? "Interrupted" : "Done"); processed and committed: \(processed).")
        }
    }

    static func processOrders(of consumer: KafkaConsumer, count: Int) async throws -> Int {
        var processed = 0
        for try await message in consumer.messages {
            process(message)
            try await commit(message, by: consumer)
            processed += 1
            if processed == count { break }
        }
        return processed
    }

    static func process(_ message: KafkaMessage) {
        do {
            let order = try Order(message.value ?? KafkaBytes())
            print("\(message.topicPartition) offset \(message.offset): order \(order.number) of \(order.customer)")
        } catch {
            // It would fail again: a service would put it aside. It is committed like the others.
            print("\(message.topicPartition) offset \(message.offset): no order: \(error)")
        }
    }

    static func commit(_ message: KafkaMessage, by consumer: KafkaConsumer) async throws(KafkaError) {
        do {
            try await consumer.commit(message)
        } catch let error where error.code == .cancelled {
            // Interrupted, but processed: closing the consumer commits the mark.
            consumer.markProcessed(message)
        } catch let error where error.code == .staleMessage {
            print("\(message.topicPartition) has gone to another member, which gets offset \(message.offset) again")
        }
    }

    static func printEvents(of consumer: KafkaConsumer) async throws {
        for try await event in consumer.events {
            let partitions = event.partitions.map(\.description).joined(separator: ", ")
            print("\(event.kind): \(event.error?.description ?? partitions)")
        }
    }

    static func sendOrders(_ count: Int, to topic: String, on example: Example) async throws {
        let configuration = KafkaProducerConfiguration(bootstrapServers: example.bootstrapServers)
        try await withKafkaProducer(configuration) { producer in
            for number in 1...count {
                let order = Order(number: number, customer: "customer-\(number % 5)")
                try await producer.send(
                    KafkaRecord(topic: topic, key: KafkaBytes(order.customer), value: try order.encoded())
                )
            }
        }
    }
}
