import RdKafka

/// Takes a client's secrets out of texts that others have written: librdkafka's log lines.
///
/// librdkafka leaves out what it takes for a secret, which is not all that is one (`sasl.kerberos.kinit.cmd`), and not the same in
/// every version.
struct Redaction: Sendable {
    /// The longest first: one may be a part of another.
    private var secrets: [String] = []

    /// A shorter one would be found in any text.
    private static let shortest = 4

    init() {}

    init(_ security: KafkaSecurity, _ properties: [String: String]) {
        var found = properties.filter { RedactedProperties.isSecret($0.key) }.map(\.value)
        if case .password(_, _, let password) = security.sasl?.value { found.append(password.text) }
        if let identity = security.tls?.identity {
            if let passphrase = identity.passphrase { found.append(passphrase.text) }
            if case .pem(_, let key) = identity.value { found.append(key.text) }
        }
        for secret in found { hide(secret) }
    }

    /// Has a secret left out from now on.
    mutating func hide(_ secret: String) {
        // A key may be quoted in part: each of its lines counts.
        let lines = secret.split(whereSeparator: \.isNewline).map { String($0) }.filter { !$0.hasPrefix("-----") }
        for text in lines where text.utf8.count >= Self.shortest && !secrets.contains(text) { secrets.append(text) }
        secrets.sort { ($0.utf8.count, $0) > ($1.utf8.count, $1) }
    }

    func callAsFunction(_ text: String) -> String {
        var text = text
        for secret in secrets where text.contains(secret) { text = text.replacing(secret, with: "<redacted>") }
        return text
    }
}

extension KafkaProducerConfiguration {
    var redaction: Redaction { Redaction(security, additionalProperties) }
}

extension KafkaConsumerConfiguration {
    var redaction: Redaction { Redaction(security, additionalProperties) }
}

extension KafkaAdminConfiguration {
    var redaction: Redaction { Redaction(security, additionalProperties) }
}
