import AsyncKafka
import AsyncKafkaTesting
import OrderService
import Orders
import Testing

/// How to test what uses Kafka: the real clients, on a cluster within the test process. Nothing waits by sleeping: tests await
/// what the service sends.
@Suite(.timeLimit(.minutes(1)))
struct OrderServiceTests {
    @Test
    func everyOrderGetsAReceipt() async throws {
        try await withShop { cluster in
            let orders = (1...20).map { Order(number: $0, customer: "customer-\($0 % 3)") }
            try await send(orders.map { try $0.encoded() }, to: cluster)

            // Is cancelled, and awaited, at the end of the scope.
            async let _ = OrderService(bootstrapServers: cluster.bootstrapServers).run()

            let expected = Set(orders.map { Receipt(order: $0.number, isAccepted: true) })
            try await expect(expected, on: cluster)
        }
    }

    @Test
    func whatIsNoOrderIsRejectedAndHoldsNobodyUp() async throws {
        try await withShop { cluster in
            try await send(["no JSON", try Order(number: 1, customer: "customer-1").encoded()], to: cluster)
            async let _ = OrderService(bootstrapServers: cluster.bootstrapServers).run()
            try await expect(
                [Receipt(order: nil, isAccepted: false), Receipt(order: 1, isAccepted: true)],
                on: cluster
            )
        }
    }

    @Test
    func aNewServiceGoesOnWhereTheLastOneStopped() async throws {
        try await withShop { cluster in
            let service = OrderService(bootstrapServers: cluster.bootstrapServers)
            try await send([try Order(number: 1, customer: "customer-1").encoded()], to: cluster)
            let first = Task { try await service.run() }
            try await expect([Receipt(order: 1, isAccepted: true)], on: cluster)
            first.cancel()
            try await first.value

            try await send([try Order(number: 2, customer: "customer-1").encoded()], to: cluster)
            async let _ = service.run()
            try await expect((1...2).map { Receipt(order: $0, isAccepted: true) }, on: cluster)
        }
    }

    // MARK: Helpers

    /// A cluster with the service's topics.
    func withShop(_ body: (KafkaMockCluster) async throws -> Void) async throws {
        try await withKafkaMockCluster { cluster in
            try await cluster.createTopic("orders", partitions: 3)
            try await cluster.createTopic("receipts", partitions: 3)
            try await body(cluster)
        }
    }

    func send(_ values: [KafkaBytes], to cluster: KafkaMockCluster) async throws {
        let configuration = KafkaProducerConfiguration(bootstrapServers: cluster.bootstrapServers)
        try await withKafkaProducer(configuration) { producer in
            for value in values {
                try await producer.send(KafkaRecord(topic: "orders", value: value))
            }
        }
    }

    /// Reads receipts until all that are expected have come; none may come that is not.
    func expect(_ expected: some Sequence<Receipt>, on cluster: KafkaMockCluster) async throws {
        let expected = Set(expected)
        var missing = expected
        // A group of its own, so that it starts at the beginning.
        var configuration = KafkaConsumerConfiguration(
            bootstrapServers: cluster.bootstrapServers,
            groupID: "test-\(UInt64.random(in: 0 ... .max))"
        )
        configuration.offsetPolicy = .manual
        configuration.group.sessionTimeout = .seconds(6)
        try await withKafkaConsumer(configuration, subscribingTo: ["receipts"]) { consumer in
            for try await message in consumer.messages {
                let receipt = try Receipt(#require(message.value))
                #expect(expected.contains(receipt))
                missing.remove(receipt)
                if missing.isEmpty { break }
            }
        }
        #expect(missing.isEmpty)
    }
}
