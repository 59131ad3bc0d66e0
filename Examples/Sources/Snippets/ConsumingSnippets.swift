// The code of the article "Consuming", as it stands there. ReadmeTests holds the two together.
import AsyncKafka
import Foundation

func consumeTwoTopics() async throws {
    let configuration = KafkaConsumerConfiguration(bootstrapServers: ["localhost:9092"], groupID: "billing")
    try await withKafkaConsumer(configuration, subscribingTo: ["orders", "refunds"]) { consumer in
        for try await message in consumer.messages {
            try await handle(message)
        }
    }
}

func commitEach(_ consumer: KafkaConsumer) async throws {
    for try await message in consumer.messages {
        try await handle(message)
        try await consumer.commit(message)
    }
}

func storeBatches(_ consumer: KafkaConsumer) async throws {
    for try await batch in consumer.batches(maxCount: 500, maxWait: .milliseconds(200)) {
        try await store(batch)
        try await consumer.commit(batch)
    }
}

func processEachPartition(_ consumer: KafkaConsumer) async throws {
    try await withThrowingDiscardingTaskGroup { group in
        for try await partition in consumer.partitions {
            group.addTask {
                for try await message in partition {
                    try await handle(message)
                    try await consumer.commit(message)
                }
            }
        }
    }
}

func goElsewhere(_ consumer: KafkaConsumer) async throws {
    try await consumer.seek(to: .timestamp(Date(timeIntervalSinceNow: -600)))
    try await consumer.seek(KafkaTopicPartition(topic: "orders", partition: 0), to: .offset(1200))
}

func readByHand() async throws {
    let configuration = KafkaConsumerConfiguration(bootstrapServers: ["localhost:9092"])
    try await withKafkaConsumer(configuration) { consumer in
        try await consumer.assign([KafkaTopicPartition(topic: "orders", partition: 0): .tail(100)])
        for try await message in consumer.messages {
            try await handle(message)
        }
    }
}

func readToTheEnd(_ consumer: KafkaConsumer) async throws {
    let records = try await consumer.records(in: "orders", from: .beginning)
    for try await message in records {
        try await handle(message)
        print("\(records.remaining) of \(records.total) are left")
    }
}

func putAsideWhatFails(_ consumer: KafkaConsumer, _ producer: KafkaProducer) async throws {
    for try await message in consumer.messages {
        do {
            try await handle(message)
        } catch {
            var letter = KafkaRecord(topic: "orders.dlq", key: message.key, value: message.value)
            letter.headers.append(KafkaHeader("original", "\(message.topicPartition)@\(message.offset)"))
            try await producer.send(letter)
        }
        try await consumer.commit(message)
    }
}

func watchEvents(of consumer: KafkaConsumer) async throws {
    for try await event in consumer.events {
        switch event.kind {
        case .assigned, .revoked, .lost: print(event.kind, event.partitions)
        case .missingTopic: print("no topic \(event.topic ?? "")")
        case .allBrokersDown, .brokersUp: print(event.kind)
        default: if let error = event.error { print(error) }
        }
    }
}

func watchLag(of consumer: KafkaConsumer) async throws {
    for try await partitions in consumer.lagUpdates(every: .seconds(10)) {
        for partition in partitions { print(partition.topicPartition, partition.lag ?? -1) }
    }
}

func isAlive(_ consumer: KafkaConsumer) async -> Bool {
    let isAlive = await consumer.health().isProgressing(within: .seconds(120))
    return isAlive
}

func watchStatistics(of consumer: KafkaConsumer) async throws {
    for try await statistics in consumer.statistics {
        for broker in statistics.brokers { print(broker.name, broker.state ?? "", broker.roundTripTime?.p99 ?? .zero) }
        for partition in statistics.topics.flatMap(\.partitions) { print(partition.prefetchedRecords ?? 0) }
    }
}

func configureObservation() {
    var configuration = KafkaConsumerConfiguration(bootstrapServers: ["localhost:9092"], groupID: "billing")
    configuration.missingTopics = .fail
    configuration.statisticsInterval = .seconds(5)
}

func handle(_ message: KafkaMessage) async throws {}
func store(_ batch: [KafkaMessage]) async throws {}
