// The code of the article "Security", as it stands there. ReadmeTests holds the two together.
import AsyncKafka

func logIn(password: String) throws -> KafkaProducer {
    var configuration = KafkaProducerConfiguration(bootstrapServers: ["kafka.example.com:9093"])
    configuration.security = .sasl(.scramSHA512(username: "shop", password: KafkaSecret(password)))
    return try KafkaProducer(configuration)
}

func showACertificate(_ configuration: inout KafkaConsumerConfiguration, passphrase: String) {
    let identity = KafkaTLSIdentity.files(
        certificate: "client.pem",
        key: "client.key",
        passphrase: KafkaSecret(passphrase)
    )
    configuration.security = .tls(KafkaTLS(certificateAuthorities: .file("ca.pem"), identity: identity))
}

func pin(_ pinned: [UInt8], _ tls: inout KafkaTLS) {
    tls.certificateCheck = { certificate in certificate.depth > 0 || certificate.bytes == pinned }
}

func logInWithoutTLS(_ configuration: inout KafkaConsumerConfiguration, password: String) {
    configuration.security = .saslWithoutTLS(.plain(username: "test", password: KafkaSecret(password)))
}

func connect(_ producer: KafkaProducer) async throws {
    do {
        try await producer.connect(timeout: .seconds(10))
    } catch {
        if error.code.families.contains(.authentication) {
            print("check the credentials, the mechanism and the certificates")
        }
        throw error
    }
}

func printDiagnosis(_ configuration: KafkaProducerConfiguration) async {
    print(await configuration.diagnose(topics: ["orders"]))
}

func diagnose(_ configuration: KafkaProducerConfiguration) async {
    let diagnosis = await configuration.diagnose(topics: ["orders"])
    print(diagnosis)
    for check in diagnosis.failures {
        print(check.name, check.error?.code ?? .unknown, check.seen, check.advice ?? "")
    }
}
