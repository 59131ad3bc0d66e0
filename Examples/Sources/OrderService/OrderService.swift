import AsyncKafka
import Foundation
import Orders

/// Reads `orders` and answers each with a receipt in `receipts`.
///
/// At least once: an order counts as processed when its receipt is delivered, so that after a crash or a cancellation a
/// receipt may come twice, but none is missing.
public struct OrderService: Sendable {
    private let orders: KafkaConsumerConfiguration
    private let receipts: KafkaProducerConfiguration

    /// A service; `run()` starts it.
    public init(bootstrapServers: [String], groupID: String = "order-service") {
        var orders = KafkaConsumerConfiguration(bootstrapServers: bootstrapServers, groupID: groupID)
        orders.group.sessionTimeout = .seconds(10)
        self.orders = orders
        receipts = KafkaProducerConfiguration(bootstrapServers: bootstrapServers)
    }

    /// Serves until its task is cancelled; then commits what is processed and returns.
    public func run() async throws {
        do {
            try await withKafkaProducer(receipts) { producer in
                try await withKafkaConsumer(orders, subscribingTo: ["orders"]) { consumer in
                    for try await message in consumer.messages {
                        try await producer.send(try receipt(for: message))
                    }
                }
            }
        } catch let error as KafkaError where error.code == .cancelled {
            // The order in hand is not marked as processed: whoever reads on begins with it.
        }
    }

    private func receipt(for message: KafkaMessage) throws -> KafkaRecord {
        let order = try? Order(message.value ?? KafkaBytes())
        let receipt = Receipt(order: order?.number, isAccepted: order != nil)
        return KafkaRecord(topic: "receipts", key: message.key, value: try receipt.encoded())
    }
}
