import RdKafka

/// Properties under the names of librdkafka, Confluent's clients or Java, made into the settings of a configuration.
///
/// Names and addresses become typed settings (`bootstrapServers`, `clientID`, `groupID` …), and so does what only a typed setting can
/// say. All else stays a property by librdkafka's name. Each is checked by itself, so that an error says where it stands; what
/// contradicts each other is found when a client is made.
struct PropertyReader {
    let kind: ClientKind
    /// By the canonical name.
    var properties: [String: GivenProperty] = [:]

    // What only typed settings say.
    var maxQueuedBytes: Int?
    /// nil within: without limit.
    var queueWaitLimit: Duration??
    var callTimeout: Duration?

    init(_ given: [GivenProperty], for kind: ClientKind) throws(KafkaError) {
        self.kind = kind
        for property in given {
            let name = PropertyNames.canonical(property.name)
            if let other = properties[name] {
                throw mayBeSecret(property) ? Self.notAName(property) : Self.twice(other, property)
            }
            properties[name] = property
        }
        try translate()
        for (name, property) in properties.sorted(by: { ($0.value.place, $0.key) < ($1.value.place, $1.key) }) {
            // As it was given, where that is a name of librdkafka's: the error has the name that the user knows.
            let shown = PropertyNames.canonical(property.name) == name ? property.name : name
            do throws(KafkaError) {
                try ConfigurationBuilder.check(kind, shown, property.value)
            } catch {
                throw mayBeSecret(property) ? Self.notAName(property) : property.place.refusal(error.message)
            }
        }
    }

    /// In a file, a piece of a value may stand where a name is looked for.
    private func mayBeSecret(_ property: GivenProperty) -> Bool {
        guard case .file = property.place else { return false }
        return !PropertyNames.isKnown(property.name) && PropertyNames.suggestion(for: property.name, kind: kind) == nil
    }

    private static func notAName(_ property: GivenProperty) -> KafkaError {
        property.place.refusal(
            """
            no property has this name, which is not shown, as it may be a piece of a secret: a value goes on in the next line \
            behind a backslash alone
            """
        )
    }

    // MARK: Into settings

    /// Removes a property that a typed setting takes.
    mutating func take(_ name: String) -> String? {
        properties.removeValue(forKey: PropertyNames.canonical(name))?.value
    }

    mutating func takeServers() -> [String] {
        (take("bootstrap.servers") ?? "").split(separator: ",").map(\.trimmed).filter { !$0.isEmpty }
    }

    /// What is left, by librdkafka's names.
    var rest: [String: String] {
        properties.mapValues(\.value)
    }

    // MARK: Within translations

    static func twice(_ first: GivenProperty, _ second: GivenProperty) -> KafkaError {
        let place = first.place == .dictionary ? "" : ", the first at \(first.place)"
        let names = Set([first.name, second.name]).sorted().map { "`\(PropertyNames.printable($0))`" }
        return second.place.refusal(
            names.count == 1
                ? "\(names[0]) is given twice\(place): keep one of them"
                : "\(names.joined(separator: " and ")) are the same property\(place): keep one of them"
        )
    }

    func given(_ name: String) -> GivenProperty? {
        properties[PropertyNames.canonical(name)]
    }

    /// Puts a property under another name, or drops it if there is none.
    mutating func replace(_ name: String, by other: String?, value: String? = nil) throws(KafkaError) {
        guard var property = properties.removeValue(forKey: PropertyNames.canonical(name)) else { return }
        guard let other else { return }
        if let known = given(other) { throw Self.twice(known, property) }
        if let value { property.value = value }
        properties[PropertyNames.canonical(other)] = property
    }

    func integer(_ property: GivenProperty, in range: ClosedRange<Int>) throws(KafkaError) -> Int {
        guard let number = Int(property.value), range.contains(number) else {
            throw property.place.refusal(
                "`\(property.name)` has to be a whole number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return number
    }
}

extension Substring {
    fileprivate var trimmed: String {
        var text = self
        while text.last?.isWhitespace == true { text.removeLast() }
        while text.first?.isWhitespace == true { text.removeFirst() }
        return String(text)
    }
}
