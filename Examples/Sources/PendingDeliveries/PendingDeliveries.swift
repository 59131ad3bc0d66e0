import AsyncKafka
import ExampleSupport
import Orders

/// Puts orders into the producer's queue without waiting for the cluster, goes on with other work, and asks for the deliveries
/// later.
@main
struct PendingDeliveries {
    static func main() async {
        await Example.run(
            "Enqueues orders, does other work, and then awaits their deliveries.",
            options: [
                .number("count", default: 1000, minimum: 0, "how many orders to enqueue"),
                .text("topic", default: "orders", "where to send them"),
            ]
        ) { example in
            let topic = example.text("topic")
            try await example.createTopic(topic, partitions: 3)
            let orders = (0..<example.number("count")).lazy.map { Order(number: $0, customer: "customer-\($0 % 50)") }

            let configuration = KafkaProducerConfiguration(bootstrapServers: example.bootstrapServers)
            try await withKafkaProducer(configuration) { producer in
                var pending: [KafkaPendingDelivery] = []
                for order in orders where !Task.isCancelled {
                    let record = KafkaRecord(topic: topic, key: KafkaBytes(order.customer), value: try order.encoded())
                    // Suspends only while the queue is full; cancelled, the order is not sent.
                    guard let delivery = try? await producer.enqueue(record) else { break }
                    pending.append(delivery)
                }
                print("\(pending.count) orders are on their way; the bill meanwhile: \(pending.count * 1999) cents.")

                for (number, delivery) in pending.enumerated() {
                    await tell(number, delivery)
                }
            }
            // Leaving the producer has delivered what was still on its way.
            print(Task.isCancelled ? "Interrupted; all that was enqueued has been delivered." : "Done.")
        }
    }

    static func tell(_ number: Int, _ pending: KafkaPendingDelivery) async {
        do {
            let delivery = try await pending.delivery
            if number % 100 == 0 { print("Order \(number): \(delivery.topicPartition)") }
        } catch let error where error.code == .cancelled {
            // Only this wait has ended, not the delivery.
        } catch {
            print("Order \(number) failed: \(error)")
        }
    }
}
