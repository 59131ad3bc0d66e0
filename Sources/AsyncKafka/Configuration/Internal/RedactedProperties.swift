import RdKafka

/// Properties by name, of which reflection shows no secret.
///
/// The configurations keep them in this type, so that `dump` and `Mirror` pass through it, whatever else they walk
/// over.
struct RedactedProperties: Sendable {
    var values: [String: String] = [:]

    /// What may be shown. The value of a name that librdkafka does not know may be a secret under a mistyped name.
    private var shown: [(name: String, value: String)] {
        values.sorted { $0.key < $1.key }.map { name, value in
            let isShown = Configuration.properties[name] != nil && !Self.isSecret(name)
            return (name, isShown ? "\"\(value)\"" : "<redacted>")
        }
    }

    /// Whether the property's value must not be repeated anywhere.
    static func isSecret(_ name: String) -> Bool {
        let name = name.lowercased()
        return secretParts.contains { name.contains($0) }
    }

    private static let secretParts = [
        "password", "passphrase", "secret", "token", "credential", "ssl.key.pem", "ssl_key", "private.key", "key.pem",
        "oauthbearer.config", "jaas", "kinit.cmd", "user.info",
    ]
}

extension RedactedProperties: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String {
        shown.isEmpty ? "[:]" : "[" + shown.map { "\"\($0.name)\": \($0.value)" }.joined(separator: ", ") + "]"
    }

    var debugDescription: String { description }

    var customMirror: Mirror {
        Mirror(self, children: shown.map { (label: $0.name, value: $0.value) }, displayStyle: .struct)
    }
}

/// Type, and all settings by name: what the configurations print.
func describeSettings<Settings>(_ settings: Settings) -> String {
    let children = Mirror(reflecting: settings).children.map { label, value in
        let name = value is RedactedProperties ? "additionalProperties" : label ?? ""
        return "\(name): \(value)"
    }
    return "\(Settings.self)(\(children.joined(separator: ", ")))"
}
