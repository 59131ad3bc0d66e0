// The README's code, as it stands there. ReadmeTests holds the two together.
import AsyncKafka

func produce() async throws {
    let configuration = KafkaProducerConfiguration(bootstrapServers: ["localhost:9092"])
    try await withKafkaProducer(configuration) { producer in
        let record = KafkaRecord(topic: "orders", key: "customer-1", value: "3 umbrellas", headers: ["source": "shop"])
        let delivery = try await producer.send(record)
        print(delivery.topicPartition, delivery.offset ?? -1)
    }
}

func consume() async throws {
    let configuration = KafkaConsumerConfiguration(bootstrapServers: ["localhost:9092"], groupID: "billing")
    try await withKafkaConsumer(configuration, subscribingTo: ["orders"]) { consumer in
        for try await message in consumer.messages {
            try await process(message)
        }
    }
}

func consumeAndCommit() async throws {
    var configuration = KafkaConsumerConfiguration(bootstrapServers: ["localhost:9092"], groupID: "billing")
    configuration.offsetPolicy = .manual
    try await withKafkaConsumer(configuration, subscribingTo: ["orders"]) { consumer in
        for try await message in consumer.messages {
            try await process(message)
            try await consumer.commit(message)
        }
    }
}

func sendCancellably(_ record: KafkaRecord, by producer: KafkaProducer) async throws {
    do {
        try await producer.send(record)
    } catch let error where error.code == .cancelled {
        // This task is cancelled, so another one has to wait for what becomes of the record.
        if let pending = error.pendingDelivery {
            Task { print(try await pending.delivery) }
        }
    }
}

func watch(_ consumer: KafkaConsumer) async throws {
    for try await event in consumer.events {
        switch event.kind {
        case .assigned, .revoked, .lost: print(event.kind, event.partitions)
        case .error: print(event.error?.description ?? "")
        default: break
        }
    }
}

func configure() throws {
    var configuration = KafkaProducerConfiguration(bootstrapServers: ["localhost:9092"])
    configuration.compression = .zstd
    configuration.deliveryTimeout = .seconds(30)
    configuration.additionalProperties["security.protocl"] = "ssl"
    let producer = try KafkaProducer(configuration)
    _ = producer
}

func configureByFile() throws {
    let configuration = try KafkaConsumerConfiguration(propertiesFile: "client.properties")
    _ = configuration
}

func configureLog() {
    var configuration = KafkaProducerConfiguration(bootstrapServers: ["localhost:9092"])
    configuration.log = .handler(level: .info) { entry in
        print(entry.level, entry.clientName, entry.facility, entry.message)
    }
}

func sendHandlingErrors(_ record: KafkaRecord, by producer: KafkaProducer) async throws {
    do {
        try await producer.send(record)
    } catch let error where error.code == .messageTooLarge {
        // The record itself is at fault: sending it again does not help.
    } catch let error where error.isFatal {
        // The producer is at fault: close it and make a new one.
        throw error
    }
}

/// The typing error of the README; throws the sentence that stands there.
public func misspelt() throws {
    try configure()
}

func process(_ message: KafkaMessage) async throws {}
