// Code of the README and of the article "Producing": transactions, pending deliveries, reports.
import AsyncKafka

func transfer() async throws {
    var configuration = KafkaProducerConfiguration(bootstrapServers: ["localhost:9092"])
    configuration.transactionalID = "transfers-1"
    try await withKafkaProducer(configuration) { producer in
        try await producer.withTransaction { transaction in
            try await transaction.send(KafkaRecord(topic: "accounts", key: "alice", value: "-10"))
            try await transaction.send(KafkaRecord(topic: "accounts", key: "bob", value: "+10"))
        }
    }
}

func transform(_ consumer: KafkaConsumer, _ producer: KafkaProducer) async throws {
    try await consumer.processInTransactions(of: producer) { messages, transaction in
        for message in messages {
            try await transaction.enqueue(KafkaRecord(topic: "paid", key: message.key, value: message.value))
        }
    }
}

func transformByHand(_ consumer: KafkaConsumer, _ producer: KafkaProducer) async throws {
    for try await message in consumer.messages {
        try await producer.withTransaction { transaction in
            try await transaction.send(KafkaRecord(topic: "paid", key: message.key, value: message.value))
            try transaction.commitOffset(of: message, from: consumer)
        }
    }
}

func sendLater(_ record: KafkaRecord, by producer: KafkaProducer) async throws {
    let pending = try await producer.enqueue(record)
    // …
    let delivery = try await pending.delivery
    print(delivery.topicPartition, delivery.offset ?? -1)
}

func sendMany(_ records: [KafkaRecord], by producer: KafkaProducer) async {
    let results = await producer.send(contentsOf: records)
    for (record, result) in zip(records, results) {
        if case .failure(let error) = result { print(record.topic, error) }
    }
}
