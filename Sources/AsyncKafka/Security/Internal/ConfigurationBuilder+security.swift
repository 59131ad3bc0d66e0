import RdKafka

/// Who the broker is, and who the client.
extension ConfigurationBuilder {
    /// Applies the typed settings, and refuses what contradicts itself or cannot work, by type and by name alike.
    func setSecurity(_ security: KafkaSecurity) throws(KafkaError) {
        try set("security", "security.protocol", security.securityProtocol, isDefault: security.isPlaintext)
        if let tls = security.tls { try setTLS(tls) }
        if let sasl = security.sasl { try setSASL(sasl) }
        let `protocol` = engine.value(of: "security.protocol") ?? ""
        let isAuthenticated = `protocol`.hasPrefix("sasl_")
        let isEncrypted = `protocol`.hasSuffix("ssl")
        try checkSASL(security, isAuthenticated: isAuthenticated)
        try checkTLS(security, isEncrypted: isEncrypted)
        try checkSchemes()
        guard isEncrypted else { return }
        // librdkafka's default since 2.0.
        if security.tls == nil { try prefer("ssl.endpoint.identification.algorithm", "https") }
        try findCertificateAuthorities()
    }

    /// librdkafka takes an empty text for its default.
    func set(
        _ path: String,
        _ property: String,
        _ value: String,
        isDefault: Bool = false
    ) throws(KafkaError) {
        guard !value.isEmpty || property == "sasl.username" || property == "sasl.password" else {
            throw .invalid("`\(path)` (\(property)) is empty: give it, or leave the setting alone")
        }
        try set(Setting(path, property, value, isDefault: isDefault))
    }

    private func setTLS(_ tls: KafkaTLS) throws(KafkaError) {
        switch tls.certificateAuthorities.value {
        case .system: break
        case .file(let path): try set("tls.certificateAuthorities", "ssl.ca.location", path)
        case .pem(let text): try set("tls.certificateAuthorities", "ssl.ca.pem", text)
        }
        try set(
            "tls.isHostNameVerificationDisabled",
            "ssl.endpoint.identification.algorithm",
            tls.isHostNameVerificationDisabled ? "none" : "https",
            isDefault: !tls.isHostNameVerificationDisabled
        )
        guard let identity = tls.identity else { return }
        let passphrase = identity.passphrase
        switch identity.value {
        case .files(let certificate, let key):
            try set("tls.identity", "ssl.certificate.location", certificate)
            try set("tls.identity", "ssl.key.location", key)
            if let passphrase { try set("tls.identity", "ssl.key.password", passphrase.text) }
        case .pem(let certificate, let key):
            try set("tls.identity", "ssl.certificate.pem", certificate)
            try set("tls.identity", "ssl.key.pem", key.text)
            if let passphrase { try set("tls.identity", "ssl.key.password", passphrase.text) }
        case .pkcs12(let file):
            try set("tls.identity", "ssl.keystore.location", file)
            if let passphrase { try set("tls.identity", "ssl.keystore.password", passphrase.text) }
        }
    }

    private func setSASL(_ sasl: KafkaSASL) throws(KafkaError) {
        try set("security", "sasl.mechanisms", sasl.mechanism)
        switch sasl.value {
        case .password(_, let username, let password):
            try set("security", "sasl.username", username)
            try set("security", "sasl.password", password.text)
        case .kerberos(let kerberos):
            try setKerberos(kerberos)
        case .token:
            break
        }
    }

    private func setKerberos(_ kerberos: KafkaKerberos) throws(KafkaError) {
        let standard = KafkaKerberos(principal: "")
        try set(
            "security",
            "sasl.kerberos.service.name",
            kerberos.serviceName,
            isDefault: kerberos.serviceName == standard.serviceName
        )
        try set("security", "sasl.kerberos.principal", kerberos.principal)
        let path = "renewalInterval"
        let renewal = "sasl.kerberos.min.time.before.relogin"
        try Setting.check(path, kerberos.renewalInterval, in: .milliseconds(1) ... .longest)
        if let keytab = kerberos.keytab {
            try set("security", "sasl.kerberos.keytab", keytab)
            try set(Setting(path, renewal, kerberos.renewalInterval, default: standard.renewalInterval))
        } else if !isNamed("sasl.kerberos.kinit.cmd") {
            // Zero keeps librdkafka from running `kinit`.
            try set("security", renewal, "0", isDefault: true)
        }
    }

    /// The property as the user has given it.
    func shown(_ property: String) -> String {
        if let name = givenName(of: property) { return "`\(PropertyNames.printable(name))`" }
        let path =
            switch property {
            case "ssl.ca.location", "ssl.ca.pem": "tls.certificateAuthorities"
            case let name where name.hasPrefix("ssl."): "tls.identity"
            default: "security"
            }
        return "`\(path)` (\(property))"
    }
}
