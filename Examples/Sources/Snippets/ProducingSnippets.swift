// The code of the article "Producing", as it stands there. ReadmeTests holds the two together.
import AsyncKafka

struct Purchase: Sendable {
    var customer: String
    var text: String
}

func produce(_ orders: [Purchase]) async throws {
    let configuration = KafkaProducerConfiguration(bootstrapServers: ["localhost:9092"])
    try await withKafkaProducer(configuration) { producer in
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for order in orders {
                tasks.addTask {
                    let record = KafkaRecord(topic: "orders", key: order.customer, value: order.text)
                    try await producer.send(record)
                }
            }
            try await tasks.waitForAll()
        }
    }
}

func sendKnowingErrors(_ record: KafkaRecord, by producer: KafkaProducer) async throws {
    do {
        try await producer.send(record)
    } catch {
        switch error.code {
        case .messageTooLarge, .invalidTopic, .unknownPartition:
            // The record itself is at fault: sending it again does not help.
            print("skipped: \(error)")
        case _ where error.isRetriable && error.persistence == .notPersisted:
            // It is not in the topic: sending it again makes no duplicate.
            try await producer.send(record)
        default:
            // If `error.isFatal`, the producer is at fault: close it and make a new one.
            throw error
        }
    }
}

func configureProducer() -> KafkaProducerConfiguration {
    var configuration = KafkaProducerConfiguration(bootstrapServers: ["localhost:9092"])
    configuration.compression = .zstd(level: 6)
    configuration.deliveryTimeout = .seconds(30)
    configuration.retry.backoff = .milliseconds(50)
    configuration.unknownTopicTimeout = .seconds(5)
    configuration.connection.idleTimeout = .seconds(600)
    return configuration
}

func configureByPreset() -> KafkaProducerConfiguration {
    var configuration = KafkaProducerConfiguration(bootstrapServers: ["localhost:9092"])
    configuration.apply(.highestThroughput)
    configuration.compression = .zstd
    return configuration
}

func foretell() -> Int? {
    let partition = KafkaPartitioner.murmur2Random.partition(for: "customer-1", count: 12)
    return partition
}

func choosePartitions(_ configuration: inout KafkaProducerConfiguration) {
    configuration.partitioner = .custom { key, partitionCount in
        // Customers of the first kind have a partition of their own.
        if key?.first == UInt8(ascii: "A") || partitionCount == 1 { return 0 }
        return 1 + (KafkaPartitioner.murmur2.partition(for: key, count: partitionCount - 1) ?? 0)
    }
}
