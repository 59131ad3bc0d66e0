import RdKafka
import Testing

@testable import AsyncKafka

/// What becomes of the same security in a producer, a consumer and an admin client.
struct SecurityCase: Sendable, CustomTestStringConvertible {
    var name: String
    var security: KafkaSecurity
    var properties: [String: String]
    /// What the refusal says; none: it is accepted.
    var parts: [String]

    init(_ name: String, _ security: KafkaSecurity, _ properties: [String: String] = [:], says parts: String...) {
        self.name = name
        self.security = security
        self.properties = properties
        self.parts = parts
    }

    /// By name alone.
    init(_ name: String, _ properties: [String: String], says parts: String...) {
        self.init(name, .plaintext, properties)
        self.parts = parts
    }

    var testDescription: String { name }

    /// The sentences of the three kinds of clients; empty ones where the configuration is accepted.
    var refusals: [String] {
        let servers = ["localhost:9092"]
        var producer = KafkaProducerConfiguration(bootstrapServers: servers)
        var consumer = KafkaConsumerConfiguration(bootstrapServers: servers, groupID: "group")
        var admin = KafkaAdminConfiguration(bootstrapServers: servers)
        producer.security = security
        consumer.security = security
        admin.security = security
        producer.additionalProperties = properties
        consumer.additionalProperties = properties
        admin.additionalProperties = properties
        return [
            Self.refusal { () throws(KafkaError) in _ = try producer.engineConfiguration() },
            Self.refusal { () throws(KafkaError) in _ = try consumer.engineConfiguration() },
            Self.refusal { () throws(KafkaError) in _ = try admin.engineConfiguration() },
        ]
    }

    private static func refusal(_ build: () throws(KafkaError) -> Void) -> String {
        do throws(KafkaError) {
            try build()
            return ""
        } catch {
            return error.code == .invalidConfiguration ? error.message : "\(error)"
        }
    }

    /// Expects what the case says of each kind of client.
    func check() throws {
        let refusals = refusals
        if let refusal = refusals.first, !refusal.isEmpty { print("refused, \(name): \(refusal)") }
        #expect(Set(refusals).count == 1, "\(refusals)")
        for refusal in refusals where !Engine.isWithoutKerberos(refusal) {
            #expect(refusal.isEmpty == parts.isEmpty, "\(refusal)")
            for part in parts { #expect(refusal.contains(part), "\(refusal)") }
            #expect(!refusal.contains("hunter2"))
        }
    }
}

extension Engine {
    /// Whether the linked librdkafka was built with GSSAPI.
    static let hasKerberos =
        SASLProperties.missingFeature(for: "GSSAPI", in: Configuration().value(of: "builtin.features") ?? "") == nil

    /// Whether it is said of a refusal that librdkafka was built without GSSAPI, where that is so.
    static func isWithoutKerberos(_ refusal: String) -> Bool {
        !hasKerberos && refusal.contains("was built without the mechanism GSSAPI")
    }
}

/// Gives no token.
struct NoTokens: KafkaTokenProvider {
    /// Nobody shall see it in a description of the client's settings.
    var clientSecret = "hunter2-client"

    func token() async throws -> KafkaToken {
        throw KafkaError(.authentication, "there are no tokens")
    }
}

/// Gives what a closure returns.
struct Tokens: KafkaTokenProvider {
    let make: @Sendable () async throws -> KafkaToken

    init(_ make: @escaping @Sendable () async throws -> KafkaToken) {
        self.make = make
    }

    func token() async throws -> KafkaToken { try await make() }
}

/// TLS that does not depend on what the machine trusts.
extension KafkaTLS {
    static let ofTests = KafkaTLS(certificateAuthorities: .pem(Certificates.certificate))

    static func ofTests(_ identity: KafkaTLSIdentity) -> KafkaTLS {
        KafkaTLS(certificateAuthorities: .pem(Certificates.certificate), identity: identity)
    }
}
