import AsyncKafka
import Foundation
import Testing

/// The listener that asks for a user name and a password.
enum SASL {
    /// `KAFKA_SASL_PLAINTEXT`: addresses of brokers, separated by commas.
    static let bootstrapServers =
        ProcessInfo.processInfo.environment["KAFKA_SASL_PLAINTEXT", default: ""].split(separator: ",").map(String.init)

    static func configuration(user: String, password: String) -> KafkaProducerConfiguration {
        var configuration = KafkaProducerConfiguration(bootstrapServers: bootstrapServers)
        configuration.log = .none
        configuration.additionalProperties = [
            "security.protocol": "sasl_plaintext", "sasl.mechanism": "PLAIN", "sasl.username": user,
            "sasl.password": password,
        ]
        return configuration
    }
}

extension Trait where Self == ConditionTrait {
    /// Only with a listener for user names and passwords.
    static var needsSASL: Self {
        .enabled(if: !SASL.bootstrapServers.isEmpty, "KAFKA_SASL_PLAINTEXT names no broker")
    }
}
