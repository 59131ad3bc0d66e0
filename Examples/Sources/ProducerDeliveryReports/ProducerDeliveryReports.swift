import AsyncKafka
import ExampleSupport
import Foundation
import Orders

/// Sends orders and prints what became of each: there is no callback, `send` returns the delivery or throws its error.
@main
struct ProducerDeliveryReports {
    static func main() async {
        await Example.run(
            "Sends orders and prints the delivery of each.",
            options: [
                .number("count", default: 20, minimum: 0, "how many orders to send; 0: until interrupted"),
                .text("topic", default: "orders", "where to send them"),
            ]
        ) { example in
            let count = example.number("count")
            let topic = example.text("topic")
            try await example.createTopic(topic, partitions: 3)
            if example.isMock { print("The mock cluster makes up its timestamps: they are all of 1970.") }

            let configuration = KafkaProducerConfiguration(bootstrapServers: example.bootstrapServers)
            try await withKafkaProducer(configuration) { producer in
                var number = 0
                while !Task.isCancelled, count == 0 || number < count {
                    number += 1
                    try await send(order(number), to: topic, by: producer)
                }
            }
            // Closing the producer has awaited what was still on its way.
            print(Task.isCancelled ? "Interrupted; all that was sent has been delivered." : "Done.")
        }
    }

    static func send(_ order: Order, to topic: String, by producer: KafkaProducer) async throws {
        let record = KafkaRecord(
            topic: topic,
            key: KafkaBytes(order.customer),
            value: try order.encoded(),
            headers: ["content-type": "application/json"]
        )
        do {
            let delivery = try await producer.send(record)
            let offset = delivery.offset.map { "offset \($0)" } ?? "no offset"
            let time = delivery.timestamp?.date.formatted(.iso8601) ?? "no timestamp"
            print("Order \(order.number) delivered: \(delivery.topicPartition), \(offset), \(time)")
        } catch let error where error.code == .cancelled {
            print("Order \(order.number): interrupted while it was on its way")
        } catch let error where error.isFatal {
            // This producer can send no more.
            throw error
        } catch {
            // One record failed; the others have outcomes of their own.
            let persistence = error.persistence.map { " (\($0))" } ?? ""
            print("Order \(order.number) failed: \(error)\(persistence)")
        }
    }

    /// The seventh is too large on purpose.
    static func order(_ number: Int) -> Order {
        let item = number == 7 ? String(repeating: "umbrella ", count: 200_000) : "umbrella"
        return Order(number: number, customer: "customer-\(number % 5)", item: item)
    }
}
