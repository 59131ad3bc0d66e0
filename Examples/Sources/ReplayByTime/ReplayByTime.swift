import AsyncKafka
import ExampleSupport
import Foundation
import Orders

/// Reads again what a topic has got within the last minutes, and ends: after a mistake in the processing, for example.
///
/// It belongs to no group, so it moves nobody's offsets.
@main
struct ReplayByTime {
    static func main() async {
        await Example.run(
            "Reads the orders of the last minutes once more, and ends.",
            options: [
                .number("minutes", default: 10, "how far back to begin"),
                .text("topic", default: "orders", "where to read"),
            ]
        ) { example in
            let topic = example.text("topic")
            try await example.createTopic(topic, partitions: 3)
            let begin = Date(timeIntervalSinceNow: -60 * Double(example.number("minutes")))
            if example.isMock {
                try await sendOrders(20, to: topic, on: example)
                print("The mock cluster cannot look up times: the replay begins with the first order.")
            }
            let configuration = KafkaConsumerConfiguration(bootstrapServers: example.bootstrapServers)
            try await withKafkaConsumer(configuration) { consumer in
                let place: KafkaOffsetSpecification = example.isMock ? .beginning : .timestamp(begin)
                let records = try await consumer.records(in: topic, from: place, through: .endAtCall)
                var count = 0
                for try await message in records {
                    count += 1
                    let time = message.timestamp.map {
                        Date(timeIntervalSince1970: Double($0.millisecondsSince1970) / 1000)
                    }
                    let text = (try? Order(message.value ?? KafkaBytes())).map { "order \($0.number)" } ?? "no order"
                    print(
                        "\(time.map { "\($0)" } ?? "no time")  \(message.topicPartition) offset \(message.offset): \(text)"
                    )
                }
                print(Task.isCancelled ? "Interrupted." : "Done: \(count) messages since \(begin).")
            }
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
