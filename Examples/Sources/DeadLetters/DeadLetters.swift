import AsyncKafka
import ExampleSupport
import Orders

/// Puts messages that cannot be processed aside, and goes on.
///
/// A message that fails is sent to another topic, the dead letters, with where it came from and why it failed. Only when that is
/// acknowledged is it committed: nothing is lost between the two, whenever the program ends. At worst a dead letter is there twice.
@main
struct DeadLetters {
    static func main() async {
        await Example.run(
            "Reads orders and puts those that cannot be processed into another topic.",
            options: [
                .number("count", default: 20, minimum: 0, "how many messages to read; 0: until interrupted"),
                .text("topic", default: "orders", "where to read them"),
                .text("dead-letters", default: "orders.dlq", "where to put those that fail"),
                .text("group", default: "billing", "the consumer group"),
            ]
        ) { example in
            let topic = example.text("topic")
            try await example.createTopic(topic, partitions: 3)
            try await example.createTopic(example.text("dead-letters"), partitions: 1)
            let producing = KafkaProducerConfiguration(bootstrapServers: example.bootstrapServers)
            var consuming = KafkaConsumerConfiguration(
                bootstrapServers: example.bootstrapServers,
                groupID: example.text("group")
            )
            consuming.offsetPolicy = .manual
            consuming.group.sessionTimeout = .seconds(10)
            try await withKafkaProducer(producing) { [consuming] producer in
                if example.isMock {
                    try await sendOrders(max(20, example.number("count")), to: topic, by: producer)
                    print("A group's first join takes three seconds on the mock cluster.")
                }
                let reader = OrderReader(
                    producer: producer,
                    deadLetters: example.text("dead-letters"),
                    count: example.number("count")
                )
                let counts = try await withKafkaConsumer(consuming, subscribingTo: [topic]) { consumer in
                    try await reader.read(from: consumer)
                }
                print(
                    """
                    \(Task.isCancelled ? "Interrupted" : "Done"); processed: \(counts.processed), put aside: \
                    \(counts.putAside).
                    """
                )
            }
        }
    }

    /// Every fifth is no order.
    static func sendOrders(_ count: Int, to topic: String, by producer: KafkaProducer) async throws {
        for number in 1...count {
            let order = Order(number: number, customer: "customer-\(number % 5)")
            let value = number % 5 == 0 ? KafkaBytes("\(number) umbrellas, please") : try order.encoded()
            try await producer.send(KafkaRecord(topic: topic, key: KafkaBytes(order.customer), value: value))
        }
    }
}

struct OrderReader: Sendable {
    let producer: KafkaProducer
    let deadLetters: String
    /// 0: without end.
    let count: Int

    struct Counts {
        var processed = 0
        var putAside = 0
    }

    func read(from consumer: KafkaConsumer) async throws -> Counts {
        var counts = Counts()
        for try await message in consumer.messages {
            do {
                try process(message)
                counts.processed += 1
            } catch {
                // Throws if that fails: then the message is not committed, and comes again after the restart.
                try await putAside(message, because: error)
                counts.putAside += 1
            }
            try await consumer.commit(message)
            if counts.processed + counts.putAside == count { break }
        }
        return counts
    }

    func process(_ message: KafkaMessage) throws {
        let order = try Order(message.value ?? KafkaBytes())
        print("\(message.topicPartition) offset \(message.offset): order \(order.number) of \(order.customer)")
    }

    func putAside(_ message: KafkaMessage, because error: any Error) async throws {
        var headers = message.headers
        headers.append(KafkaHeader("original-topic", message.topic))
        headers.append(KafkaHeader("original-partition", "\(message.partition)"))
        headers.append(KafkaHeader("original-offset", "\(message.offset)"))
        headers.append(KafkaHeader("error", "\(type(of: error))"))
        let letter = KafkaRecord(topic: deadLetters, key: message.key, value: message.value, headers: headers)
        let delivery = try await producer.send(letter)
        print(
            "\(message.topicPartition) offset \(message.offset): no order, put aside in \(delivery.topicPartition)"
        )
    }
}
