import RdKafka

/// Takes a client's secrets out of texts that others have written: librdkafka's log lines.
///
/// librdkafka leaves out what it takes for a secret, which is not all that is one (`sasl.kerberos.kinit.cmd`), and not the same in
/// every version.
struct Redaction: Sendable {
    /// Those of the configuration.
    private var lasting: Set<String> = []
    /// The one of those that came later that the client logs in with.
    private var inForce: String?
    /// The others that came later, the newest last.
    private var passing: [String] = []
    /// What is looked for, the longest first: one may be a part of another.
    private var texts: [String] = []

    /// A shorter one would be found in any text.
    private static let shortest = 4
    /// Tokens come every few minutes for as long as a client lives; librdkafka has no use for one that was replaced several times.
    private static let remembered = 8

    init() {}

    init(_ security: KafkaSecurity, _ properties: [String: String]) {
        var found = properties.filter { RedactedProperties.isSecret($0.key) }.map(\.value)
        if case .password(_, _, let password) = security.sasl?.value { found.append(password.text) }
        if let identity = security.tls?.identity {
            if let passphrase = identity.passphrase { found.append(passphrase.text) }
            if case .pem(_, let key) = identity.value { found.append(key.text) }
        }
        lasting = Set(found)
        prepare()
    }

    /// Has a secret that came later left out from now on, until several others have followed it.
    mutating func hide(_ secret: String) {
        guard secret != inForce else { return }
        passing.removeAll { $0 == secret }
        passing.append(secret)
        if passing.count > Self.remembered { passing.removeFirst() }
        prepare()
    }

    /// The client logs in with it: it is left out until it is replaced, and for a while longer.
    mutating func adopt(_ secret: String) {
        guard secret != inForce else { return }
        passing.removeAll { $0 == secret }
        let replaced = inForce
        inForce = secret
        if let replaced { hide(replaced) } else { prepare() }
    }

    private mutating func prepare() {
        // A key may be quoted in part: each of its lines counts.
        let secrets = lasting.union(passing).union([inForce].compactMap(\.self))
        let lines = secrets.flatMap { $0.split(whereSeparator: \.isNewline).map { String($0) } }
        texts = Set(lines.filter { $0.utf8.count >= Self.shortest && !$0.hasPrefix("-----") })
            .sorted { ($0.utf8.count, $0) > ($1.utf8.count, $1) }
    }

    func callAsFunction(_ text: String) -> String {
        var text = text
        for secret in texts where text.contains(secret) { text = text.replacing(secret, with: "<redacted>") }
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
