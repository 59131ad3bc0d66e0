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
            return ("it takes a function or a pointer of C, which a text cannot be", nil)
        }
        return nil
    }

    private static let refusals: [String: (reason: String, allowed: String?)] = [
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
        guard let suggestion = suggestion(for: name, kind: kind) else {
            return "librdkafka \(Engine.version) has no property `\(shown)`"
        }
        return "librdkafka \(Engine.version) has no property `\(shown)`: did you mean `\(suggestion)`?"
    }

    /// A name as it may stand in an error: one line, of bounded length.
    static func printable(_ name: String) -> String {
        let line = name.singleLine
        return line.count > 80 ? line.prefix(80) + "…" : line
    }

    /// Names of newer releases. CHANGELOG.md of librdkafka.
    private static let newer = [
        "group.protocol":
            "the group protocol of KIP-848 came with librdkafka 2.4.0 and is ready for production from 2.12.0",
        "group.remote.assignor":
            "the group protocol of KIP-848 came with librdkafka 2.4.0 and is ready for production from 2.12.0",
        "retry.backoff.max.ms": "it came with a later release",
        "enable.metrics.push": "it came with a later release",
        "fetch.queue.backoff.ms": "it came with a later release",
        "client.dns.lookup": "it came with a later release",
    ]
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
