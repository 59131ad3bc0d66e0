import AsyncKafka
import Foundation
import Testing

/// The listeners that ask who a client is, and the certificates that it needs for them.
enum SecureListeners {
    private static let environment = ProcessInfo.processInfo.environment

    /// `KAFKA_SSL`, `KAFKA_MTLS`, `KAFKA_SASL_PLAINTEXT`, `KAFKA_SASL_SSL`.
    static func servers(_ name: String) -> [String] {
        environment["KAFKA_\(name)", default: ""].split(separator: ",").map(String.init)
    }

    /// `KAFKA_CERTS`: the folder with `ca.pem`, `client.pem`, and the keys.
    static let certificates = environment["KAFKA_CERTS", default: ""]

    static func certificate(_ name: String) -> String { "\(certificates)/\(name)" }

    static var tls: KafkaTLS { KafkaTLS(certificateAuthorities: .file(certificate("ca.pem"))) }

    static func tls(_ identity: KafkaTLSIdentity) -> KafkaTLS {
        KafkaTLS(certificateAuthorities: .file(certificate("ca.pem")), identity: identity)
    }
}

extension Trait where Self == ConditionTrait {
    /// Only with listeners for TLS and for logins, and the certificates for them.
    static var needsSecureListeners: Self {
        .enabled(
            if: !SecureListeners.certificates.isEmpty && !SecureListeners.servers("SASL_SSL").isEmpty,
            "KAFKA_CERTS and KAFKA_SASL_SSL name no certificates and no broker"
        )
    }
}
