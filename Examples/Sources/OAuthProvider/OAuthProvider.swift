import AsyncKafka
import ExampleSupport

/// Logs in with tokens from a file, sends a record, and says what is wrong if that fails.
@main
struct OAuthProvider {
    static func main() async {
        await Example.run(
            "Logs in with the token in a file (OAUTHBEARER), and sends a record.",
            options: [
                .text("token-file", default: "", "a file with a JSON Web Token, which something else renews"),
                .text("ca", default: "", "a file with the brokers' authority; those of the system if not given"),
                .text("topic", default: "orders", "where to send to"),
            ]
        ) { example in
            let topic = example.text("topic")
            try await example.createTopic(topic, partitions: 1)
            var configuration = KafkaProducerConfiguration(bootstrapServers: example.bootstrapServers)
            configuration.security = try security(example)
            do {
                try await send("3 umbrellas", to: topic, configuration)
            } catch {
                // Name, port, TLS, login, topic, permission: what it is that fails, and what to do.
                print(await configuration.diagnose(topics: [topic]))
                throw error
            }
        }
    }

    static func security(_ example: Example) throws -> KafkaSecurity {
        guard !example.isMock else {
            print("The mock cluster knows no logins: this goes without.")
            return .plaintext
        }
        let path = example.text("token-file")
        guard !path.isEmpty else { throw ExampleError("--token-file names no file") }
        var tls = KafkaTLS()
        if !example.text("ca").isEmpty { tls.certificateAuthorities = .file(example.text("ca")) }
        return .sasl(.oauthBearer(TokenFileProvider(path: path)), tls: tls)
    }

    static func send(_ text: String, to topic: String, _ configuration: KafkaProducerConfiguration) async throws {
        try await withKafkaProducer(configuration) { producer in
            // A token that brokers refuse is told here at once, and not only when the first record fails.
            try await producer.connect(timeout: .seconds(30))
            let delivery = try await producer.send(KafkaRecord(topic: topic, value: KafkaBytes(text)))
            print("Sent to \(delivery.topicPartition)")
        }
    }
}
