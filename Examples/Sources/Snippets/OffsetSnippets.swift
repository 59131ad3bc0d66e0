// The code of the article "Offsets and rebalances", as it stands there. ReadmeTests holds the two together.
import AsyncKafka

func processAll(_ configuration: KafkaConsumerConfiguration) async throws {
    try await withKafkaConsumer(configuration, subscribingTo: ["orders"]) { consumer in
        for try await message in consumer.messages {
            try await process(message)
        }
    }
}

func commit(_ batch: [KafkaMessage], by consumer: KafkaConsumer) async throws {
    try await consumer.commit(batch)
}

func processUntilTheLast(_ consumer: KafkaConsumer) async throws {
    for try await message in consumer.messages {
        try await process(message)
        if isLast(message) {
            consumer.markProcessed(message)
            break
        }
    }
    try await consumer.commitMarked()
}

func commitAPlace(_ consumer: KafkaConsumer) async throws {
    let partition = KafkaTopicPartition(topic: "orders", partition: 0)
    try await consumer.commit([partition: KafkaOffsetAndMetadata(offset: 1200, metadata: "import of Monday")])
    let committed = try await consumer.committed([partition])
    print(committed[partition]?.offset ?? 0, committed[partition]?.metadata ?? "")
}

func remindAtMostOnce(_ original: KafkaConsumerConfiguration) async throws {
    var configuration = original
    configuration.offsetPolicy = .onDelivery(maxCount: 100)
    try await withKafkaConsumer(configuration, subscribingTo: ["reminders"]) { consumer in
        for try await message in consumer.messages {
            await remind(message)
        }
    }
}

func isLast(_ message: KafkaMessage) -> Bool { message.value == nil }

func remind(_ message: KafkaMessage) async {}

func configureHooks(_ configuration: inout KafkaConsumerConfiguration, _ database: OffsetDatabase) {
    configuration.rebalanceHooks.onAssigned = { consumer, partitions in
        for partition in partitions {
            if let offset = try await database.offset(of: partition) {
                try await consumer.seek(partition, to: .offset(offset))
            }
        }
    }
    configuration.rebalanceHooks.onRevoked = { consumer, partitions in
        try await consumer.commitMarked()
    }
}

struct OffsetDatabase: Sendable {
    func offset(of partition: KafkaTopicPartition) async throws -> Int64? { nil }
}
