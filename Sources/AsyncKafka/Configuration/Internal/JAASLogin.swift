/// The common shapes of Java's `sasl.jaas.config`, as librdkafka's properties. Nothing of the text goes into an error.
///
/// `org.apache.kafka.common.security.plain.PlainLoginModule required username="…" password="…";`
struct JAASLogin {
    struct Refusal: Error {
        /// As it follows the property's name.
        var sentence: String
    }

    var properties: [String: String]

    static func read(_ text: String, mechanism: String) -> Result<JAASLogin, Refusal> {
        guard let (module, options) = parse(text) else {
            return refuse(
                """
                cannot be read (the text is not shown, as it may hold a password): it is one login module, `required`, and \
                options as name="value", ended by a semicolon; or set `sasl.username` and `sasl.password`
                """
            )
        }
        switch module {
        case "PlainLoginModule": return password(options, module, mechanism, of: ["PLAIN"])
        case "ScramLoginModule":
            guard options["tokenauth"]?.lowercased() != "true" else {
                return refuse("asks for a delegation token, which librdkafka does not log in with")
            }
            return password(options, module, mechanism, of: ["SCRAM-SHA-256", "SCRAM-SHA-512"])
        case "Krb5LoginModule": return kerberos(options, mechanism)
        case "OAuthBearerLoginModule":
            return refuse(
                "names a class of Java for tokens: give `security` a token provider, as in `.sasl(.oauthBearer(provider))`"
            )
        default:
            return refuse(
                """
                names a login module that has no counterpart: set `sasl.username` and `sasl.password`, or the properties that \
                begin with `sasl.kerberos.` or `sasl.oauthbearer.`
                """
            )
        }
    }

    private static func refuse(_ sentence: String) -> Result<JAASLogin, Refusal> {
        .failure(Refusal(sentence: sentence))
    }

    private static func password(
        _ options: [String: String],
        _ module: String,
        _ mechanism: String,
        of mechanisms: [String]
    ) -> Result<JAASLogin, Refusal> {
        guard mechanisms.contains(mechanism) else {
            return refuse(
                "is for \(module), and `sasl.mechanism` is \(shown(mechanism)): set it to \(mechanisms.joined(separator: " or "))"
            )
        }
        guard let username = options["username"], let password = options["password"] else {
            return refuse("has no username or no password for \(module)")
        }
        return .success(JAASLogin(properties: ["sasl.username": username, "sasl.password": password]))
    }

    private static func kerberos(_ options: [String: String], _ mechanism: String) -> Result<JAASLogin, Refusal> {
        guard mechanism == "GSSAPI" else {
            return refuse("is for Krb5LoginModule, and `sasl.mechanism` is \(shown(mechanism)): set it to GSSAPI")
        }
        var properties: [String: String] = [:]
        if let principal = options["principal"] { properties["sasl.kerberos.principal"] = principal }
        if let keytab = options["keyTab"] { properties["sasl.kerberos.keytab"] = keytab }
        if let service = options["serviceName"] { properties["sasl.kerberos.service.name"] = service }
        return .success(JAASLogin(properties: properties))
    }

    /// A text of the user's that is not a mechanism's name may be anything.
    private static func shown(_ mechanism: String) -> String {
        let known = ["GSSAPI", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]
        return known.contains(mechanism) ? mechanism : "another"
    }

    // MARK: Reading

    /// The module without its package, and its options. nil for what is not a login module with options, as Kafka's own
    /// `JaasConfig` reads it.
    private static func parse(_ text: String) -> (module: String, options: [String: String])? {
        guard var tokens = tokens(text)?[...] else { return nil }
        guard case .word(let module)? = tokens.popFirst(), case .word(let flag)? = tokens.popFirst(),
            ["required", "requisite", "sufficient", "optional"].contains(flag.lowercased())
        else { return nil }
        var options: [String: String] = [:]
        while let token = tokens.popFirst() {
            switch token {
            case .end:
                guard tokens.isEmpty else { return nil }
                let name = module.split(separator: ".").last.map(String.init) ?? module
                return (name, options)
            case .word(let name):
                guard case .equals? = tokens.popFirst(), case .word(let value)? = tokens.popFirst(),
                    options.updateValue(value, forKey: name) == nil
                else { return nil }
            case .equals: return nil
            }
        }
        return nil
    }

    private enum Token {
        case word(String), equals, end
    }

    private static func tokens(_ text: String) -> [Token]? {
        var tokens: [Token] = []
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "=": tokens.append(.equals)
            case ";": tokens.append(.end)
            case "\"", "'":
                guard let word = quoted(&rest, by: scalar) else { return nil }
                tokens.append(.word(word))
            case _ where scalar.properties.isWhitespace: continue
            default:
                var word = String(scalar)
                while let next = rest.first, !next.properties.isWhitespace, !"=;\"'".unicodeScalars.contains(next) {
                    word.unicodeScalars.append(next)
                    rest.removeFirst()
                }
                tokens.append(.word(word))
            }
        }
        return tokens
    }

    /// Up to the closing quote; a backslash takes the next character as it is, but for the letters that stand for control
    /// characters (`java.io.StreamTokenizer`).
    private static func quoted(_ rest: inout Substring.UnicodeScalarView, by quote: Unicode.Scalar) -> String? {
        let controls: [Unicode.Scalar: Unicode.Scalar] = [
            "n": "\n", "t": "\t", "r": "\r", "f": "\u{0C}", "b": "\u{08}",
        ]
        var word = ""
        while let scalar = rest.popFirst() {
            switch scalar {
            case quote: return word
            case "\\":
                guard let next = rest.popFirst() else { return nil }
                word.unicodeScalars.append(controls[next] ?? next)
            case "\n", "\r": return nil
            default: word.unicodeScalars.append(scalar)
            }
        }
        return nil
    }
}
