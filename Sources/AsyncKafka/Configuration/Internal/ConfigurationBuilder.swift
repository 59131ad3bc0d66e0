import RdKafka

/// Joins typed settings and properties by name into librdkafka's configuration.
///
/// Properties by name come first, so that what depends on them can be read back from `engine`.
struct ConfigurationBuilder: ~Copyable {
    let engine: Configuration
    private let kind: ClientKind
    /// By canonical name.
    private let named: [String: (name: String, value: String)]

    private init(_ kind: ClientKind, named: [String: (name: String, value: String)]) {
        engine = Configuration()
        self.kind = kind
        self.named = named
    }

    /// Starts with the properties by name.
    static func make(_ kind: ClientKind, _ properties: [String: String]) throws(KafkaError) -> ConfigurationBuilder {
        var named: [String: (name: String, value: String)] = [:]
        // In a fixed order: the same configuration always fails with the same error.
        for (name, value) in properties.sorted(by: { $0.key < $1.key }) {
            let canonicalName = PropertyNames.canonical(name)
            if let other = named[canonicalName] {
                let names = [other.name, name].map { "`\(PropertyNames.printable($0))`" }.joined(separator: " and ")
                throw .invalid("\(names) are the same property: keep one of them")
            }
            named[canonicalName] = (name, value)
        }
        let builder = ConfigurationBuilder(kind, named: named)
        for (canonicalName, property) in named.sorted(by: { $0.key < $1.key }) {
            try builder.setNamed(property.name, property.value, canonicalName)
        }
        return builder
    }

    /// Whether a property can be set at all, whatever the others are.
    static func check(_ kind: ClientKind, _ name: String, _ value: String) throws(KafkaError) {
        _ = try make(kind, [name: value])
    }

    /// The built configuration.
    consuming func finish() -> Configuration {
        engine
    }

    // MARK: By name

    private func setNamed(_ name: String, _ value: String, _ canonicalName: String) throws(KafkaError) {
        let shown = "`\(PropertyNames.printable(name))`"
        guard !name.utf8.contains(0), !value.utf8.contains(0) else {
            throw .invalid("\(shown) contains a NUL character, at which C would cut it off")
        }
        let known = Configuration.properties[canonicalName]
        if PropertyNames.ofShareConsumers.contains(canonicalName) {
            throw .invalid(PropertyNames.unknown(name, for: kind))
        }
        if let known, !PropertyNames.scope(known.scope, fits: kind) {
            let others = known.scope == .producer ? "producers" : "consumers"
            throw .invalid("\(shown) is a property of \(others), and would have no effect on \(kind.name): remove it")
        }
        let refusal = PropertyNames.refusal(of: canonicalName)
        if let refusal, refusal.allowed == nil {
            throw .invalid("\(shown) cannot be set: \(refusal.reason)")
        }
        try checkNumber(shown, value, known?.kind)
        switch engine.set(name, value) {
        case .ok: break
        case .unknown: throw .invalid(PropertyNames.unknown(name, for: kind))
        case .invalid(let message) where message.contains("not supported in this build"):
            throw .invalid(PropertyNames.leftOut(canonicalName, sentence(message)))
        case .invalid where known == nil && PropertyNames.java[name] != nil:
            // librdkafka has some of Java's names in its table, only to refuse them.
            throw .invalid(PropertyNames.unknown(name, for: kind))
        case .invalid(let message):
            // The message may repeat the value.
            let isOfBuild = message.contains("not supported in this build")
            guard isOfBuild || !RedactedProperties.isSecret(name) else {
                throw .invalid("librdkafka does not accept the value of \(shown), which is not shown as it is secret")
            }
            throw .invalid("\(shown): \(sentence(message))")
        }
        if let refusal, let allowed = refusal.allowed, engine.value(of: name) != allowed {
            throw .invalid("\(shown) can only be \(allowed): \(refusal.reason)")
        }
    }

    /// librdkafka reads `45s` as 45, `010` as 8, and cuts numbers down to 32 bits without a word. Words (`acks=all`)
    /// are its own.
    private func checkNumber(
        _ shown: String,
        _ value: String,
        _ type: Configuration.Property.Kind?
    ) throws(KafkaError) {
        switch type {
        case .integer:
            guard let first = value.utf8.first(where: { $0 != UInt8(ascii: " ") }) else { return }
            let isNumeric = Self.digits.contains(first) || first == UInt8(ascii: "-") || first == UInt8(ascii: "+")
            guard isNumeric else { return }
            guard let number = Int(value), "\(number)" == value else {
                throw .invalid("\(shown) has to be a whole decimal number without a unit")
            }
            guard Int(Int32.min)...Setting.largest ~= number else {
                throw .invalid("\(shown) is \(number), which is more than 32 bits hold")
            }
        case .number:
            guard let number = Double(value), number.isFinite else {
                throw .invalid("\(shown) has to be a decimal number without a unit")
            }
        case .other, .dedicated, nil: return
        }
    }

    private static var digits: ClosedRange<UInt8> { UInt8(ascii: "0")...UInt8(ascii: "9") }

    private func sentence(_ message: String) -> String {
        var message = Substring(message)
        while let last = message.last, last.isWhitespace { message.removeLast() }
        return message.singleLine
    }

    /// The name under which the user gave the property.
    func givenName(of property: String) -> String? {
        named[PropertyNames.canonical(property)]?.name
    }

    func isNamed(_ property: String) -> Bool {
        givenName(of: property) != nil
    }

    /// The names, as the user gave them, of the properties whose canonical name fulfils a condition, in alphabetical order.
    func givenNames(where isIncluded: (String) -> Bool) -> [String] {
        named.filter { isIncluded($0.key) }.sorted { $0.key < $1.key }.map { PropertyNames.printable($0.value.name) }
    }

    // MARK: Typed

    /// Applies a typed setting, unless the property was given by name and the setting left alone.
    func set(_ setting: Setting) throws(KafkaError) {
        if let name = givenName(of: setting.property) {
            guard setting.isDefault else {
                throw .invalid("`\(setting.path)` and the property `\(name)` are both set: keep one of them")
            }
            return
        }
        guard !setting.value.utf8.contains(0) else {
            throw .invalid("`\(setting.path)` contains a NUL character, at which C would cut it off")
        }
        switch engine.set(setting.property, setting.value) {
        case .ok: return
        case .invalid(let message):
            guard !RedactedProperties.isSecret(setting.property) else {
                throw .invalid("librdkafka does not accept the secret in `\(setting.path)`")
            }
            throw .invalid("`\(setting.path)`: \(sentence(message))")
        case .unknown:
            // Without it, the engine does what it did before it had the property.
            guard !setting.isDefault else { return }
            throw .invalid(
                "`\(setting.path)` needs the property `\(setting.property)`, which librdkafka \(Engine.version) does not have"
            )
        }
    }

    /// Sets what the library relies on; what the engine does not know is left out.
    func require(_ property: String, _ value: String) throws(KafkaError) {
        if case .invalid(let message) = engine.set(property, value) {
            throw .invalid("librdkafka \(Engine.version) refuses `\(property)`: \(sentence(message))")
        }
    }

    /// Sets a default of the library's own, unless the user gave the property by name.
    func prefer(_ property: String, _ value: String) throws(KafkaError) {
        if !isNamed(property) { try require(property, value) }
    }

    // MARK: In force

    func integer(_ property: String) -> Int? {
        engine.value(of: property).flatMap { Int($0) }
    }
}

extension Configuration {
    /// A whole number of milliseconds that is in force.
    func milliseconds(_ property: String) -> Duration? {
        value(of: property).flatMap { Int64($0) }.map { .milliseconds($0) }
    }

    func integer(_ property: String) -> Int? {
        value(of: property).flatMap { Int($0) }
    }
}
