import RdKafka

/// Who the broker is, and who the client.
extension ConfigurationBuilder {
    func setSecurity(_ security: KafkaSecurity) throws(KafkaError) {
        try set("security", "security.protocol", security.securityProtocol, isDefault: security.isPlaintext)
        if let tls = security.tls { try setTLS(tls) }
        if let sasl = security.sasl { try setSASL(sasl) }
    }

    private func set(
        _ path: String,
        _ property: String,
        _ value: String,
        isDefault: Bool = false
    ) throws(KafkaError) {
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
        switch identity.value {
        case .files(let certificate, let key):
            try set("tls.identity", "ssl.certificate.location", certificate)
            try set("tls.identity", "ssl.key.location", key)
        case .pem(let certificate, let key):
            try set("tls.identity", "ssl.certificate.pem", certificate)
            try set("tls.identity", "ssl.key.pem", key.text)
        case .pkcs12(let file):
            try set("tls.identity", "ssl.keystore.location", file)
        }
        if let passphrase = identity.passphrase {
            if case .pkcs12 = identity.value {
                try set("tls.identity", "ssl.keystore.password", passphrase.text)
            } else {
                try set("tls.identity", "ssl.key.password", passphrase.text)
            }
        }
    }

    private func setSASL(_ sasl: KafkaSASL) throws(KafkaError) {
        try set("security", "sasl.mechanisms", sasl.mechanism)
        switch sasl.value {
        case .password(_, let username, let password):
            try set("security", "sasl.username", username)
            try set("security", "sasl.password", password.text)
        case .kerberos(let kerberos):
            try set("security", "sasl.kerberos.service.name", kerberos.serviceName)
            try set("security", "sasl.kerberos.principal", kerberos.principal)
            if let keytab = kerberos.keytab { try set("security", "sasl.kerberos.keytab", keytab) }
        case .token:
            break
        }
    }
}

extension KafkaSecurity {
    var isPlaintext: Bool { tls == nil && sasl == nil }
}
