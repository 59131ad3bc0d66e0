import AsyncKafka
import ExampleSupport
import Foundation

/// Sends a record over TLS as a user with a password, and reads it back.
///
/// The password comes from the environment, as arguments are seen by everybody on the machine.
@main
struct SecureClient {
    static func main() async {
        await Example.run(
            "Sends a record over TLS as a user with a password (KAFKA_PASSWORD in the environment), and reads it back.",
            options: [
                // Kafka 4 refuses SCRAM of a librdkafka before 2.6.1.
                .text("mechanism", default: "SCRAM-SHA-512", "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"),
                .text("username", default: "alice", "who logs in"),
                .text("ca", default: "", "a file with the brokers' authority; those of the system if not given"),
                .text("topic", default: "orders", "where to send to"),
            ]
        ) { example in
            let topic = example.text("topic")
            try await example.createTopic(topic, partitions: 1)
            let security = try security(example)
            print("Connecting: \(security)")
            let delivery = try await send("3 umbrellas", to: topic, security, example)
            try await readBack(delivery, security, example)
        }
    }

    static func security(_ example: Example) throws -> KafkaSecurity {
        guard !example.isMock else {
            print("The mock cluster knows neither TLS nor users: this goes without.")
            return .plaintext
        }
        guard let password = ProcessInfo.processInfo.environment["KAFKA_PASSWORD"] else {
            throw ExampleError("KAFKA_PASSWORD is not set")
        }
        var tls = KafkaTLS()
        if !example.text("ca").isEmpty { tls.certificateAuthorities = .file(example.text("ca")) }
        return .sasl(
            try login(example.text("mechanism"), username: example.text("username"), password: KafkaSecret(password)),
            tls: tls
        )
    }

    static func login(_ mechanism: String, username: String, password: KafkaSecret) throws -> KafkaSASL {
        switch mechanism {
        case "PLAIN": .plain(username: username, password: password)
        case "SCRAM-SHA-256": .scramSHA256(username: username, password: password)
        case "SCRAM-SHA-512": .scramSHA512(username: username, password: password)
        default: throw ExampleError("--mechanism is PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, not \(mechanism)")
        }
    }

    static func send(
        _ text: String,
        to topic: String,
        _ security: KafkaSecurity,
        _ example: Example
    ) async throws -> KafkaDelivery {
        var configuration = KafkaProducerConfiguration(bootstrapServers: example.bootstrapServers)
        configuration.security = security
        return try await withKafkaProducer(configuration) { producer in
            // A wrong password is told here at once, and not only when the first record fails.
            try await producer.connect(timeout: .seconds(30))
            let delivery = try await producer.send(KafkaRecord(topic: topic, value: KafkaBytes(text)))
            print("Sent to \(delivery.topicPartition)")
            return delivery
        }
    }

    static func readBack(_ delivery: KafkaDelivery, _ security: KafkaSecurity, _ example: Example) async throws {
        var configuration = KafkaConsumerConfiguration(bootstrapServers: example.bootstrapServers)
        configuration.security = security
        try await withKafkaConsumer(configuration) { consumer in
            let place = KafkaOffsetSpecification.offset(delivery.offset ?? 0)
            let partition = delivery.topicPartition
            let records = try await consumer.records(
                in: partition.topic,
                partitions: [partition.partition],
                from: place,
                through: .endAtCall
            )
            for try await message in records {
                print("Read from \(message.topicPartition): \(String(message.value ?? ""))")
            }
        }
    }
}
