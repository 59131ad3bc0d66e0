import AsyncKafka
import ExampleSupport
import Orders

/// One task enqueues orders and never looks back; another one reads what became of them, each with its order's number.
@main
struct DeliveryReportStream {
    static func main() async {
        await Example.run(
            "Enqueues orders in one task and reads their delivery reports in another.",
            options: [
                .number("count", default: 10_000, minimum: 0, "how many orders to enqueue"),
                .number("reports", default: 1000, "how many reports to keep for a slow reader"),
                .text("topic", default: "orders", "where to send them"),
            ]
        ) { example in
            let topic = example.text("topic")
            try await example.createTopic(topic, partitions: 3)

            var configuration = KafkaProducerConfiguration(bootstrapServers: example.bootstrapServers)
            configuration.deliveryReportLimit = example.number("reports")
            let producer = try KafkaProducer(configuration)
            // From here on reports are kept. Nobody who sends waits for whoever reads them.
            let reports = producer.deliveryReports
            let reader = Task { try await tally(reports) }
            try await enqueue(example.number("count"), to: topic, by: producer)
            if Task.isCancelled { print("Interrupted; what was enqueued is still delivered.") }
            // A task of its own, as this one may be cancelled. The sequence ends with the producer, behind the last report.
            let report = await Task { await producer.close() }.value
            print(try await reader.value)
            print("closed: \(report.delivered) delivered, \(report.failed) failed, \(report.unsent) unsent")
        }
    }

    static func enqueue(_ count: Int, to topic: String, by producer: KafkaProducer) async throws {
        for number in 0..<count where !Task.isCancelled {
            // One that is too large on purpose.
            let item = number == 77 ? String(repeating: "umbrella ", count: 200_000) : "umbrella"
            let order = Order(number: number, customer: "customer-\(number % 50)", item: item)
            let record = KafkaRecord(topic: topic, key: KafkaBytes(order.customer), value: try order.encoded())
            do {
                try await producer.enqueue(record, context: number)
            } catch {
                // The producer itself has refused it: then there is nothing to report later.
                print("Order \(number) was refused: \(error)")
            }
        }
    }

    static func tally(_ reports: KafkaDeliveryReports) async throws -> String {
        var delivered = 0
        var failed = 0
        var missed = 0
        for try await report in reports {
            switch report.kind {
            case .delivered:
                delivered += 1
                if delivered % 1000 == 0, let number = report.context as? Int, let delivery = report.delivery {
                    print("Order \(number): \(delivery.topicPartition), \(delivered) read so far")
                }
            case .failed:
                failed += 1
                print("Order \(report.context as? Int ?? -1) failed: \(report.error?.description ?? "")")
            default:
                missed += report.missedDeliveries
            }
        }
        return "reports: \(delivered) delivered, \(failed) failed, \(missed) came too fast to be read"
    }
}
