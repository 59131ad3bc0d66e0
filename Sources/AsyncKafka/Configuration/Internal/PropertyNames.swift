import RdKafka

/// Which client a configuration is for.
enum ClientKind: Sendable {
    case producer, consumer, admin

    /// As in a sentence: "an admin client".
    var name: String {
        switch self {
        case .producer: "a producer"
        case .consumer: "a consumer"
        case .admin: "an admin client"
        }
    }
}

/// What is known about properties by name.
enum PropertyNames {
    /// The one name by which all aliases of a property are known.
    ///
    /// librdkafka takes topic properties with `topic.` in front, too.
    static func canonical(_ name: String) -> String {
        if let property = Configuration.properties[name] { return property.canonicalName }
        if name.hasPrefix("topic.") {
            let rest = String(name.dropFirst("topic.".count))
            if let property = Configuration.properties[rest] { return property.canonicalName }
        }
        return name
    }

    /// Why a property does not fit the promises of this library, with the only value that it may have.
    static func refusal(of canonicalName: String) -> (reason: String, allowed: String?)? {
        if let refusal = refusals[canonicalName] { return refusal }
        if Configuration.properties[canonicalName]?.kind == .dedicated || canonicalName.hasSuffix("_cb") {
            let reason = "it takes a function or a pointer of C, which a text cannot be"
            return (confluent[canonicalName].map { "\(reason); \($0)" } ?? reason, nil)
        }
        return nil
    }

    static let refusals: [String: (reason: String, allowed: String?)] = [
        "delivery.report.only.error": ("every record has an outcome that its sender can await", "false"),
        "enabled_events": ("the client relies on the events that it has chosen", nil),
        "log.queue": ("log lines reach `log` through librdkafka's log queue", "true"),
        "enable.auto.commit": ("offsets are committed as `offsetPolicy` says", "false"),
        "auto.commit.enable": ("offsets are committed as `offsetPolicy` says", "false"),
        "auto.commit.interval.ms": (
            "offsets are committed as `offsetPolicy` says: use `.afterProcessing(interval:)`", nil
        ),
        "enable.auto.offset.store": (
            "an offset is stored once its message was processed, as `offsetPolicy` says", "false"
        ),
        "offset.store.method": ("offsets are kept by the cluster", "broker"),
        "test.mock.num.brokers": (
            """
            librdkafka would put a cluster within this process in the place of `bootstrapServers`, without TLS and logins; tests have \
            KafkaMockCluster of AsyncKafkaTesting
            """, "0"
        ),
    ]

    /// A sentence about a name that the linked librdkafka does not know.
    static func unknown(_ name: String, for kind: ClientKind) -> String {
        let shown = printable(name)
        if let hint = newer[name] {
            return "librdkafka \(Engine.version), which this process runs with, does not know `\(shown)`: \(hint)"
        }
        if let hint = java[name] {
            return "librdkafka has no property `\(shown)`: \(hint)"
        }
        if let hint = counterpart(ofConfluent: name) {
            return "librdkafka has no property `\(shown)`: \(hint)"
        }
        guard let suggestion = suggestion(for: name, kind: kind) else {
            return "librdkafka \(Engine.version) has no property `\(shown)`"
        }
        return "librdkafka \(Engine.version) has no property `\(shown)`: did you mean `\(suggestion)`?"
    }

    /// A sentence about a property that the linked librdkafka knows, and was built without.
    static func leftOut(_ canonicalName: String, _ message: String) -> String {
        let engine = "librdkafka \(Engine.version), which this process runs with"
        guard SASLProperties.isOfTokens(canonicalName) else { return "\(engine): \(message)" }
        return """
            \(engine), was built without OpenID Connect, which `\(canonicalName)` is for: have a provider get the tokens, as in \
            `security = .sasl(.oauthBearer(provider))`
            """
    }

    /// A name as it may stand in an error: one line, of bounded length.
    static func printable(_ name: String) -> String {
        let line = name.singleLine
        return line.count > 80 ? line.prefix(80) + "…" : line
    }

    /// Whether the name is one of librdkafka's, or of those that have an explanation.
    static func isKnown(_ name: String) -> Bool {
        Configuration.properties[canonical(name)] != nil || java[name] != nil || newer[name] != nil
            || counterpart(ofConfluent: name) != nil || ofShareConsumers.contains(name) || refusals[name] != nil
    }

    /// Names of newer releases. CONFIGURATION.md of librdkafka, by version.
    static let newer: [String: String] = {
        let releases = [
            "2.2.0": ["client.dns.lookup", "fetch.queue.backoff.ms"],
            "2.3.0": ["retry.backoff.max.ms"],
            "2.5.0": ["enable.metrics.push"],
            "2.10.0": ["metadata.recovery.strategy"],
            "2.11.0": [
                "metadata.recovery.rebootstrap.trigger.ms", "https.ca.location", "https.ca.pem",
                "sasl.oauthbearer.assertion.algorithm", "sasl.oauthbearer.assertion.claim.aud",
                "sasl.oauthbearer.assertion.claim.exp.seconds", "sasl.oauthbearer.assertion.claim.iss",
                "sasl.oauthbearer.assertion.claim.jti.include", "sasl.oauthbearer.assertion.claim.nbf.seconds",
                "sasl.oauthbearer.assertion.claim.sub", "sasl.oauthbearer.assertion.file",
                "sasl.oauthbearer.assertion.jwt.template.file", "sasl.oauthbearer.assertion.private.key.file",
                "sasl.oauthbearer.assertion.private.key.passphrase", "sasl.oauthbearer.assertion.private.key.pem",
                "sasl.oauthbearer.client.credentials.client.id",
                "sasl.oauthbearer.client.credentials.client.secret", "sasl.oauthbearer.grant.type",
            ],
            "2.12.0": ["sasl.oauthbearer.metadata.authentication.type"],
            "2.14.0": ["sasl.oauthbearer.sub.claim.name"],
        ]
        let groups = "the group protocol of KIP-848 came with librdkafka 2.4.0 and is ready for production from 2.12.0"
        var hints = ["group.protocol": groups, "group.remote.assignor": groups]
        for (release, names) in releases {
            for name in names { hints[name] = "it came with librdkafka \(release)" }
        }
        return hints
    }()
}

extension StringProtocol {
    /// The text with control characters escaped, so that it stays on one line.
    var singleLine: String {
        var line = ""
        for scalar in unicodeScalars {
            switch scalar {
            case "\n": line += "\\n"
            case "\r": line += "\\r"
            case "\t": line += " "
            default:
                if scalar.properties.generalCategory == .control || scalar == "\u{2028}" || scalar == "\u{2029}" {
                    line += "\\u{\(String(scalar.value, radix: 16))}"
                } else {
                    line.unicodeScalars.append(scalar)
                }
            }
        }
        return line
    }
}
