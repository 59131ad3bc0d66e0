import AsyncKafka
import Foundation
import RdKafka
import Testing

/// The cluster's listeners with TLS and logins, and what belongs to them.
enum SecureKafka {
    private static let environment = ProcessInfo.processInfo.environment

    /// A listener, by the variable that has its addresses.
    enum Listener: String, Sendable {
        case plaintext = "KAFKA_BOOTSTRAP"
        case ssl = "KAFKA_SSL"
        /// It demands a certificate of the client's.
        case mtls = "KAFKA_MTLS"
        case sslExpired = "KAFKA_SSL_EXPIRED"
        case sslOtherHost = "KAFKA_SSL_OTHER_HOST"
        case saslPlaintext = "KAFKA_SASL_PLAINTEXT"
        case saslSSL = "KAFKA_SASL_SSL"
        case kerberos = "KAFKA_GSSAPI"

        var servers: [String] {
            environment[rawValue, default: ""].split(separator: ",").map(String.init)
        }

        /// Its name, as the cluster has it.
        var name: String { String(rawValue.dropFirst("KAFKA_".count)) }
    }

    static var hasListeners: Bool { environment["KAFKA_CERTS"] != nil && !Listener.mtls.servers.isEmpty }

    static var hasKerberos: Bool { !Listener.kerberos.servers.isEmpty }

    /// Before 4.0, brokers take SCRAM of older librdkafkas.
    static var hasOldBrokers: Bool { environment["ASYNC_KAFKA_OLD_BROKERS"] == "1" }

    static var engineHasKerberos: Bool { Engine.features.contains("sasl_gssapi") }

    /// After how long a client that is refused fails what waits.
    static let limit = environment["ASYNC_KAFKA_REFUSAL_SECONDS"].flatMap { Int($0) } ?? 2

    /// Within how long everything has to be told. A machine that does other things besides is slow; without the watch it takes a minute.
    static let bound = environment["ASYNC_KAFKA_REFUSAL_SECONDS"] == nil ? Duration.seconds(50) : .seconds(15)

    /// A file of the cluster's.
    static func file(_ name: String) -> String { "\(environment["KAFKA_CERTS", default: ""])/\(name)" }

    static let authority = KafkaTLS.CertificateAuthorities.file(file("ca.pem"))
    static let tls = KafkaTLS(certificateAuthorities: authority)

    static func tls(_ identity: KafkaTLSIdentity) -> KafkaTLS {
        KafkaTLS(certificateAuthorities: authority, identity: identity)
    }

    /// carol's.
    static let identity = KafkaTLSIdentity.files(certificate: file("client.pem"), key: file("client.key"))
    static let encryptedIdentity = KafkaTLSIdentity.files(
        certificate: file("client.pem"),
        key: file("client-encrypted.key"),
        passphrase: "client-secret"
    )
    static let expiredIdentity = KafkaTLSIdentity.files(
        certificate: file("client-expired.pem"),
        key: file("client.key")
    )

    static let alice = KafkaSASL.plain(username: "alice", password: "alice-secret")
}

extension Trait where Self == ConditionTrait {
    /// Only with all listeners of the test cluster.
    static var needsListeners: Self {
        .enabled(if: SecureKafka.hasListeners, "KAFKA_CERTS and KAFKA_MTLS name no cluster with certificates")
    }
}

extension RealKafka {
    /// Adds rules, and waits until the broker goes by them.
    static func enforce(_ rules: [KafkaACL]) async throws {
        try await withKafkaAdmin(admin) { admin in
            for rule in rules {
                try await admin.createACL(rule)
                while try await admin.describeACLs(.exactly(rule)).isEmpty { try Task.checkCancellation() }
            }
        }
    }

    /// Takes rules away, and waits until the broker has forgotten them.
    static func lift(_ rules: [KafkaACL]) async throws {
        try await withKafkaAdmin(admin) { admin in
            for rule in rules {
                _ = try await admin.deleteACLs([.exactly(rule)])
                while try await !admin.describeACLs(.exactly(rule)).isEmpty { try Task.checkCancellation() }
            }
        }
    }
}
