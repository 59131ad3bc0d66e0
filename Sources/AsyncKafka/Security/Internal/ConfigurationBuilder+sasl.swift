import RdKafka

/// What contradicts itself in how the client proves who it is.
extension ConfigurationBuilder {
    func checkSASL(_ security: KafkaSecurity, isAuthenticated: Bool) throws(KafkaError) {
        guard isAuthenticated else {
            guard let name = givenNames(where: SASLProperties.contains).first else { return }
            throw .invalid(
                """
                `\(name)` is set, but would be ignored, as \(shownProtocol(security)), without SASL: \
                \(security.isPlaintext
                    ? "set `security.protocol` to sasl_ssl, or, if nothing shall be encrypted, to sasl_plaintext"
                    : "use `security = .sasl(…)`, which is over TLS, too")
                """
            )
        }
        let mechanism = try checkMechanism(isTyped: security.sasl != nil)
        try checkOthers(mechanism)
        switch mechanism {
        case "GSSAPI": try checkKerberos()
        case "OAUTHBEARER": try checkToken(security)
        default: try checkPassword(mechanism)
        }
    }

    /// As in "`security.protocol` is plaintext".
    func shownProtocol(_ security: KafkaSecurity) -> String {
        if let name = givenName(of: "security.protocol") {
            return "`\(name)` is \(engine.value(of: "security.protocol") ?? "unset")"
        }
        return "`security` is `\(security.spelling)`" + (security.isPlaintext ? ", the default" : "")
    }

    // MARK: Mechanism

    private func checkMechanism(isTyped: Bool) throws(KafkaError) -> String {
        let property = "sasl.mechanisms"
        let mechanism = engine.value(of: property) ?? ""
        guard isTyped || isNamed(property) || givenNames(where: SASLProperties.isOfKerberos).first != nil else {
            let password = givenName(of: "sasl.password") ?? givenName(of: "sasl.username")
            let beginning = password.map { "`\($0)` is set without" } ?? "`security.protocol` asks for"
            throw .invalid(
                """
                \(beginning) a mechanism (`sasl.mechanism`), and librdkafka would take GSSAPI, which is Kerberos: set it to \
                \(SASLProperties.mechanisms.joined(separator: ", "))
                """
            )
        }
        guard SASLProperties.mechanisms.contains(mechanism) else {
            let shown = "\(shown(property)) is \"\(PropertyNames.printable(mechanism))\""
            if let right = SASLProperties.mechanisms.first(where: { $0 == mechanism.uppercased() }) {
                throw .invalid("\(shown), which is written \(right)")
            }
            let known = SASLProperties.mechanisms.joined(separator: ", ")
            throw .invalid("\(shown), which librdkafka does not know: use one of \(known)")
        }
        if let feature = SASLProperties.missingFeature(for: mechanism, in: engine.value(of: "builtin.features") ?? "") {
            throw .invalid(
                """
                librdkafka \(Engine.version), which this process runs with, was built without the mechanism \(mechanism) (its \
                `builtin.features` have no `\(feature)`): install one that has it, or use another mechanism
                """
            )
        }
        return mechanism
    }

    /// Settings of the mechanisms that are not in use.
    private func checkOthers(_ mechanism: String) throws(KafkaError) {
        guard let name = givenNames(where: { SASLProperties.isIgnored($0, by: mechanism) }).first else { return }
        throw .invalid(
            """
            `\(name)` is set, but the mechanism is \(mechanism), which does not use it: remove it, or choose another mechanism \
            (`sasl.mechanism`)
            """
        )
    }

    // MARK: Passwords

    private func checkPassword(_ mechanism: String) throws(KafkaError) {
        for (property, purpose) in [("sasl.username", "user name"), ("sasl.password", "password")] {
            guard (engine.value(of: property) ?? "").isEmpty else { continue }
            throw .invalid("\(mechanism) needs a \(purpose), and \(shown(property)) is empty: give it")
        }
    }

    // MARK: Kerberos

    private func kerberos(_ property: String) -> String {
        engine.value(of: "sasl.kerberos." + property) ?? ""
    }

    private func checkKerberos() throws(KafkaError) {
        for (property, purpose) in [("service.name", "brokers' service name"), ("principal", "principal")] {
            guard kerberos(property).isEmpty else { continue }
            throw .invalid("GSSAPI needs the \(purpose), and \(shown("sasl.kerberos." + property)) is empty: give it")
        }
        if !kerberos("keytab").isEmpty {
            let file = "\(shown("sasl.kerberos.keytab")) names \(PropertyNames.printable(kerberos("keytab")))"
            try requireFile(kerberos("keytab"), file)
        }
        // Without the program librdkafka would only log, and without a ticket fail at each connection.
        guard kerberos("min.time.before.relogin") != "0", !isNamed("sasl.kerberos.kinit.cmd") else { return }
        guard !kerberos("keytab").isEmpty else {
            throw .invalid(
                """
                GSSAPI needs `sasl.kerberos.keytab`, from which `kinit` takes tickets, or `sasl.kerberos.min.time.before.relogin` = 0 \
                where something else keeps a ticket in the credential cache
                """
            )
        }
        for property in ["sasl.kerberos.principal", "sasl.kerberos.keytab"] {
            // Both become part of a line that a shell runs.
            guard let character = SASLProperties.firstForShell(engine.value(of: property) ?? "") else { continue }
            throw .invalid(
                "\(shown(property)) contains \"\(character)\", which the shell that runs `kinit` would not take as it is: use another name"
            )
        }
        guard SASLProperties.isInstalled("kinit", in: FileSystem.environment("PATH") ?? "") else {
            throw .invalid(
                """
                GSSAPI with a keytab needs the program `kinit`, which librdkafka runs, and it is not in PATH: install it (krb5-user on \
                Debian), give another command as `sasl.kerberos.kinit.cmd`, or keep a ticket in the credential cache and give no keytab
                """
            )
        }
    }

    // MARK: Tokens

    private func checkToken(_ security: KafkaSecurity) throws(KafkaError) {
        let isUnsecured = engine.value(of: "enable.sasl.oauthbearer.unsecure.jwt") == "true"
        let method = engine.value(of: "sasl.oauthbearer.method") ?? "default"
        guard security.sasl?.tokenProvider == nil else {
            guard let name = givenNames(where: SASLProperties.isOfTokens).first else { return }
            throw .invalid(
                "`security` has a token provider, and `\(name)` is for tokens that librdkafka gets by itself: keep one of them"
            )
        }
        // librdkafka would make unsecured tokens and ask nobody for others.
        guard !isUnsecured || method == "default" else {
            throw .invalid(
                """
                `enable.sasl.oauthbearer.unsecure.jwt` is true, which makes tokens that nobody has signed, and `sasl.oauthbearer.method` \
                says where to get others: keep one of them
                """
            )
        }
        guard isUnsecured || method != "default" else {
            throw .invalid(
                """
                OAUTHBEARER needs tokens, and nothing gives any: use `security = .sasl(.oauthBearer(provider))`, or, for tests alone, as \
                nobody has signed them, `enable.sasl.oauthbearer.unsecure.jwt` = true
                """
            )
        }
    }
}

/// What is known about properties of SASL.
enum SASLProperties {
    static let mechanisms = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "GSSAPI", "OAUTHBEARER"]

    static func contains(_ property: String) -> Bool {
        property.hasPrefix("sasl.") || property.hasPrefix("enable.sasl.")
    }

    static func isOfKerberos(_ property: String) -> Bool {
        property.hasPrefix("sasl.kerberos.")
    }

    static func isOfTokens(_ property: String) -> Bool {
        property.hasPrefix("sasl.oauthbearer.") || property.hasPrefix("enable.sasl.oauthbearer.")
    }

    /// Whether a property belongs to another mechanism.
    static func isIgnored(_ property: String, by mechanism: String) -> Bool {
        if isOfKerberos(property) { return mechanism != "GSSAPI" }
        if isOfTokens(property) { return mechanism != "OAUTHBEARER" }
        let isOfPasswords = property == "sasl.username" || property == "sasl.password"
        return isOfPasswords && mechanism != "PLAIN" && !mechanism.hasPrefix("SCRAM-")
    }

    /// What `builtin.features` would have to list for a mechanism, if it does not.
    static func missingFeature(for mechanism: String, in features: String) -> String? {
        let feature =
            switch mechanism {
            case "PLAIN": "sasl_plain"
            case "GSSAPI": "sasl_gssapi"
            case "OAUTHBEARER": "sasl_oauthbearer"
            default: "sasl_scram"
            }
        return features.split(separator: ",").contains { $0.filter { $0 != " " } == feature } ? nil : feature
    }

    /// The first character that a shell may take for something else.
    static func firstForShell(_ text: String) -> Character? {
        text.first { !($0.isLetter || $0.isNumber || "@/._-+=:,".contains($0)) }
    }

    /// Whether a program stands in one of the folders of a `PATH`.
    static func isInstalled(_ program: String, in path: String) -> Bool {
        path.split(separator: ":").contains { FileSystem.isExecutable("\($0)/\(program)") }
    }
}
