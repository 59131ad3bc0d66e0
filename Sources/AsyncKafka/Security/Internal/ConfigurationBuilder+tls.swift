import RdKafka

/// What contradicts itself, or cannot be read, in the certificates and keys.
extension ConfigurationBuilder {
    func checkTLS(_ security: KafkaSecurity, isEncrypted: Bool) throws(KafkaError) {
        guard isEncrypted else {
            guard let name = givenNames(where: TLSProperties.contains).first else { return }
            let advice =
                if !security.isPlaintext {
                    "use `security = .sasl(…)`, which is over TLS"
                } else {
                    isNamed("sasl.mechanisms")
                        ? "set `security.protocol` to sasl_ssl" : "set `security.protocol` to ssl, or to sasl_ssl"
                }
            throw .invalid(
                "`\(name)` is set, but would be ignored, as \(shownProtocol(security)), without TLS: \(advice)"
            )
        }
        try checkSources(security)
        for name in givenNames(where: { TLSProperties.ofAuthorities.union(TLSProperties.ofIdentity).contains($0) })
        where !isFilled(name) {
            throw .invalid("`\(name)` is empty: give it a value, or remove it")
        }
        try checkAuthorities()
        try checkPairs()
        try checkCertificate()
        try checkKey()
        try checkKeystore()
    }

    // MARK: Given twice, or by half

    private func checkSources(_ security: KafkaSecurity) throws(KafkaError) {
        let verification = "enable.ssl.certificate.verification"
        if engine.value(of: verification) == "false" {
            if security.tls?.certificateCheck != nil {
                throw .invalid(
                    "`tls.certificateCheck` would never be asked, as `\(verification)` is false: keep one of them"
                )
            }
            // Whoever names authorities wants brokers to prove who they are.
            let authorities = firstFilled("ssl.ca.location", "ssl.ca.pem")
            if let authorities, authorities != "ssl.ca.location" || engine.value(of: authorities) != "probe" {
                throw .invalid(
                    "\(shown(authorities)) would be ignored, as `\(verification)` is false, and any broker trusted: keep one of them"
                )
            }
        }
        if let authorities = security.tls?.certificateAuthorities, authorities != .system,
            let name = givenNames(where: { TLSProperties.ofAuthorities.contains($0) }).first
        {
            throw .invalid("`tls.certificateAuthorities` and the property `\(name)` are both set: keep one of them")
        }
        guard security.tls?.identity != nil,
            let name = givenNames(where: { TLSProperties.ofIdentity.contains($0) }).first
        else { return }
        throw .invalid("`tls.identity` and the property `\(name)` are both set: keep one of them")
    }

    private func isFilled(_ property: String) -> Bool {
        !(engine.value(of: property) ?? "").isEmpty
    }

    private func firstFilled(_ properties: String...) -> String? {
        for property in properties where isFilled(property) { return property }
        return nil
    }

    private func checkPairs() throws(KafkaError) {
        for (one, other) in TLSProperties.alternatives where isFilled(one) && isFilled(other) {
            throw .invalid(
                "\(shown(one)) and \(shown(other)) are both set, and only one would be used: keep one of them"
            )
        }
        let certificate = firstFilled("ssl.certificate.location", "ssl.certificate.pem")
        let key = firstFilled("ssl.key.location", "ssl.key.pem")
        let hasEngine = isFilled("ssl.engine.location")
        if let certificate, key == nil, !hasEngine {
            throw .invalid(
                "\(shown(certificate)) is set without its private key: set `ssl.key.location` or `ssl.key.pem`, too"
            )
        }
        if let key, certificate == nil, !hasEngine {
            throw .invalid(
                "\(shown(key)) is set without its certificate: set `ssl.certificate.location` or `ssl.certificate.pem`, too"
            )
        }
        if isFilled("ssl.key.password"), key == nil {
            throw .invalid(
                "\(shown("ssl.key.password")) is set, but there is no key: set `ssl.key.location`, or remove it"
            )
        }
        if isFilled("ssl.keystore.password"), !isFilled("ssl.keystore.location") {
            throw .invalid(
                "\(shown("ssl.keystore.password")) is set, but there is no keystore: set `ssl.keystore.location`, or remove it"
            )
        }
    }

    // MARK: Content

    private func checkAuthorities() throws(KafkaError) {
        if let path = engine.value(of: "ssl.ca.location"), path != "probe" {
            try checkFile("ssl.ca.location", path, "the authorities' certificates", TLSProperties.hasCertificate)
        }
        try checkText("ssl.ca.pem", "certificates", TLSProperties.hasCertificate)
        if let path = engine.value(of: "ssl.crl.location"), !path.isEmpty {
            try requireFile(path, "`ssl.crl.location` names \(PropertyNames.printable(path))")
        }
    }

    private func checkCertificate() throws(KafkaError) {
        if let path = engine.value(of: "ssl.certificate.location") {
            try checkFile("ssl.certificate.location", path, "the client's certificate", TLSProperties.hasCertificate)
        }
        try checkText("ssl.certificate.pem", "a certificate", TLSProperties.hasCertificate)
    }

    private func checkKey() throws(KafkaError) {
        if let path = engine.value(of: "ssl.key.location") {
            try checkFile("ssl.key.location", path, "the private key", TLSProperties.hasKey)
        }
        try checkText("ssl.key.pem", "a private key", TLSProperties.hasKey)
        guard TLSProperties.hasEncryptedKey(engine), !isFilled("ssl.key.password") else { return }
        let key = shown(isFilled("ssl.key.pem") ? "ssl.key.pem" : "ssl.key.location")
        throw .invalid(
            "the private key that \(key) gives is encrypted, and there is no passphrase: give it (`passphrase`, `ssl.key.password`)"
        )
    }

    private func checkKeystore() throws(KafkaError) {
        guard let path = engine.value(of: "ssl.keystore.location"), !path.isEmpty else { return }
        let names = "\(shown("ssl.keystore.location")) names \(PropertyNames.printable(path))"
        try requireFile(path, names)
        if let format = TLSProperties.foreignFormat(of: TLSProperties.start(of: path)), format != .binary {
            throw .invalid(
                "\(names), which is \(format.isWhat), not a keystore in PKCS#12 format: \(format.keystoreAdvice)"
            )
        }
        guard isFilled("ssl.keystore.password") else {
            throw .invalid("\(names), and \(shown("ssl.keystore.password")) is empty: give the keystore's password")
        }
    }

    /// That a file, or for certificates a directory, can be read, and has what it should have.
    private func checkFile(
        _ property: String,
        _ path: String,
        _ purpose: String,
        _ hasContent: ([UInt8]) -> Bool
    ) throws(KafkaError) {
        guard !path.isEmpty else { throw .invalid("\(shown(property)) is empty: give the file with \(purpose)") }
        guard !path.contains("-----BEGIN") else {
            throw .invalid(
                "\(shown(property)) takes a file's path, and was given a text in PEM format: use `.pem`, or `ssl.….pem`"
            )
        }
        let names = "\(shown(property)) names \(PropertyNames.printable(path))"
        let kind = try requireFile(path, names, orDirectory: property == "ssl.ca.location")
        guard kind == .file else { return }
        let bytes = TLSProperties.start(of: path)
        guard !hasContent(bytes) else { return }
        if let format = TLSProperties.foreignFormat(of: bytes), format != .pem {
            throw .invalid("\(names), which is \(format.isWhat), not in PEM format: \(format.pemAdvice)")
        }
        throw .invalid("\(names), in which there is nothing in PEM format that could be \(purpose)")
    }

    private func checkText(
        _ property: String,
        _ purpose: String,
        _ hasContent: ([UInt8]) -> Bool
    ) throws(KafkaError) {
        guard let text = engine.value(of: property), isNamed(property) || !text.isEmpty else { return }
        // The text may be a key: it is not shown.
        guard !hasContent(Array(text.utf8)) else { return }
        throw .invalid(
            """
            \(shown(property)) takes the text of \(purpose) in PEM format, and there is none in it: a file's name goes to \
            `\(property.dropLast("pem".count))location`
            """
        )
    }

    @discardableResult
    func requireFile(
        _ path: String,
        _ names: String,
        orDirectory allowsDirectory: Bool = false
    ) throws(KafkaError) -> FileSystem.Kind {
        let kind: FileSystem.Kind
        do throws(FileSystem.Fault) {
            kind = try FileSystem.kind(of: path)
            if kind == .file { _ = try FileSystem.start(of: path, count: 1) }
        } catch {
            throw .invalid("\(names), which cannot be read: \(error.text)")
        }
        guard kind != .directory || allowsDirectory else { throw .invalid("\(names), which is a directory") }
        return kind
    }

    // MARK: The system's

    /// Finds the certificates that the system trusts, where none were named.
    ///
    /// librdkafka would look there too, or leave it to OpenSSL, whose folder depends on who built it; neither tells when there is
    /// nothing, and each connection would fail.
    func findCertificateAuthorities() throws(KafkaError) {
        let location = engine.value(of: "ssl.ca.location") ?? ""
        guard location.isEmpty || location == "probe", !isFilled("ssl.ca.pem"), !isFilled("ssl.engine.location"),
            engine.value(of: "enable.ssl.certificate.verification") != "false"
        else { return }
        let file = FileSystem.environment("SSL_CERT_FILE")
        if let file { try requireFile(file, "the environment's SSL_CERT_FILE names \(PropertyNames.printable(file))") }
        let places = [file, FileSystem.environment("SSL_CERT_DIR")].compactMap { $0 } + TLSProperties.systemPlaces
        guard let place = TLSProperties.firstWithCertificates(places) else {
            throw .invalid(
                """
                the system has no certificates of authorities to trust; there are none in \(places.joined(separator: ", ")): install \
                the package ca-certificates, or name the authority of your brokers (`tls.certificateAuthorities`, `ssl.ca.location`)
                """
            )
        }
        try require("ssl.ca.location", place)
    }
}
