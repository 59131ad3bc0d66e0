// The code of the article "Performance", as it stands there. ReadmeTests holds the two together.
import AsyncKafka

func sendInBulk(_ records: [KafkaRecord], by producer: KafkaProducer) async throws -> Int {
    for record in records {
        try await producer.enqueue(record)
    }
    let unsent = try await producer.flush()
    return unsent
}

func configureForThroughput() -> KafkaProducerConfiguration {
    var configuration = KafkaProducerConfiguration(bootstrapServers: ["localhost:9092"])
    configuration.apply(.highestThroughput)
    return configuration
}

func configureForLittleMemory() -> KafkaConsumerConfiguration {
    var configuration = KafkaConsumerConfiguration(bootstrapServers: ["localhost:9092"], groupID: "billing")
    configuration.fetch.prefetchBytes = 8 * 1024 * 1024
    return configuration
}
