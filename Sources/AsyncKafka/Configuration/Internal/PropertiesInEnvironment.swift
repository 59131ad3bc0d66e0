import RdKafka

/// Properties that environment variables give: `PREFIX_SESSION_TIMEOUT_MS` for `session.timeout.ms`.
enum PropertiesInEnvironment {
    /// The variables that begin with the prefix, in alphabetical order.
    ///
    /// One environment serves all clients of a process: what other kinds of clients alone have is left out. An empty variable counts as
    /// one that is not there.
    static func read(
        _ environment: [String: String],
        prefix: String,
        for kind: ClientKind
    ) throws(KafkaError) -> [GivenProperty] {
        guard !prefix.isEmpty else {
            throw .invalid("the prefix of environment variables is empty: every variable would be taken for a property")
        }
        var properties: [GivenProperty] = []
        for (variable, value) in environment.sorted(by: { $0.key < $1.key }) {
            guard variable.hasPrefix(prefix), !value.isEmpty else { continue }
            let place = PropertyPlace.environment(variable: variable)
            let name = propertyName(String(variable.dropFirst(prefix.count)))
            guard !name.isEmpty else { throw place.refusal("its name ends where that of a property begins") }
            if isOfOthers(name, kind) { continue }
            properties.append(GivenProperty(name: name, value: value, place: place))
        }
        return properties
    }

    /// The property whose name is the same but for case, and underscores for dots; some names have underscores of their own
    /// (`log_level`).
    private static func propertyName(_ text: String) -> String {
        let wanted = PropertyNames.normalized(text)
        if let name = names[wanted] { return name }
        let topic = "topic."
        if wanted.hasPrefix(topic), let name = names[String(wanted.dropFirst(topic.count))] { return topic + name }
        return wanted
    }

    private static let names: [String: String] = {
        let known = Configuration.propertyNames.union(PropertyNames.java.keys).union(PropertyNames.confluent.keys)
            .union(PropertyNames.newer.keys)
        return Dictionary(known.map { (PropertyNames.normalized($0), $0) }, uniquingKeysWith: { min($0, $1) })
    }()

    private static func isOfOthers(_ name: String, _ kind: ClientKind) -> Bool {
        if kind != .producer, PropertyReader.javaNamesOfProducers.contains(name) { return true }
        if kind != .consumer, PropertyReader.javaNamesOfConsumers.contains(name) { return true }
        // Java's consumers and admin clients have a counterpart of it.
        if name == "request.timeout.ms" { return false }
        guard let property = Configuration.properties[PropertyNames.canonical(name)] else { return false }
        return !PropertyNames.scope(property.scope, fits: kind)
    }
}
