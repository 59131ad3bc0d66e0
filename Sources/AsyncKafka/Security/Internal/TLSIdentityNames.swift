import RdKafka

/// What a configuration names as the client's certificate and key, for sentences about what OpenSSL could not do with them.
///
/// That files are there, and in the right format, has been checked by then.
struct TLSIdentityNames {
    let certificate: String
    let key: String
    let keystore: String
    let isKeyEncrypted: Bool

    init(_ engine: borrowing RdKafka.Configuration) {
        let isEncrypted = (engine.value(of: "security.protocol") ?? "").hasSuffix("ssl")
        certificate = PropertyNames.printable(engine.value(of: "ssl.certificate.location") ?? "")
        key = PropertyNames.printable(engine.value(of: "ssl.key.location") ?? "")
        keystore = PropertyNames.printable(engine.value(of: "ssl.keystore.location") ?? "")
        isKeyEncrypted = isEncrypted && TLSProperties.hasEncryptedKey(engine)
    }

    /// What to change, where librdkafka's sentence is about the client's own certificate and key (rdkafka_ssl.c,
    /// `rd_kafka_ssl_set_certs`).
    func sentence(about message: String) -> String? {
        let key = key.isEmpty ? "the private key (`ssl.key.pem`)" : "the private key in \(key)"
        let certificate =
            certificate.isEmpty ? "the certificate (`ssl.certificate.pem`)" : "the certificate in \(certificate)"
        if message.contains("Private key check failed") || message.contains("key values mismatch")
            || message.contains("key type mismatch")
        {
            return keystore.isEmpty
                ? "\(key) does not belong to \(certificate): give the key that the certificate was made for"
                : "the private key in \(keystore) does not belong to the certificate in it"
        }
        if message.hasPrefix("ssl.key.location failed") || message.hasPrefix("ssl.key.pem failed") {
            return isKeyEncrypted
                ? "\(key) cannot be decrypted: check the passphrase (`ssl.key.password`), and whether the key is whole"
                : "\(key) cannot be read: it is damaged, or of a kind that OpenSSL does not know"
        }
        if message.hasPrefix("ssl.certificate.location failed") || message.hasPrefix("ssl.certificate.pem failed") {
            return "\(certificate) cannot be read: it is damaged, or of a kind that OpenSSL does not take any more"
        }
        if message.contains("ssl.keystore.location PKCS#12") {
            if message.contains("unsupported") {
                return """
                    \(keystore) is encrypted in a way that OpenSSL 3 has set aside: make it anew with `openssl pkcs12 -export`, or set \
                    `ssl.providers` to default,legacy
                    """
            }
            return message.hasPrefix("Error reading")
                ? "\(keystore) is damaged, or not in PKCS#12 format"
                : "\(keystore) cannot be opened: check its password (`passphrase`, `ssl.keystore.password`)"
        }
        if message.hasPrefix("ssl.ca.location failed") || message.contains("ssl.ca.pem") {
            return
                "the certificates of authorities (`tls.certificateAuthorities`) cannot be read: one of them is damaged"
        }
        return nil
    }
}
