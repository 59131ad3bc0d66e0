import RdKafka

/// Whose configuration: a topic's or a broker's.
public struct KafkaConfigResource: Sendable, Hashable {
    let resource: ConfigResource

    /// A topic's.
    public static func topic(_ name: String) -> KafkaConfigResource {
        KafkaConfigResource(resource: ConfigResource(kind: .topic, name: name))
    }

    /// One broker's, by its number.
    public static func broker(_ id: Int) -> KafkaConfigResource {
        KafkaConfigResource(resource: ConfigResource(kind: .broker, name: "\(id)"))
    }

    var isBroker: Bool { resource.kind == .broker }

    func check() throws(KafkaError) {
        try checkName(resource.name, "a topic")
        guard !isBroker || Int32(resource.name).map({ $0 >= 0 }) == true else {
            throw .invalidArgument("\(self) is no broker: give its number")
        }
    }
}

extension KafkaConfigResource: CustomStringConvertible {
    /// `topic orders`, `broker 1`.
    public var description: String { "\(resource.kind) \(resource.name)" }
}

/// One setting of a topic or a broker.
public struct KafkaConfigEntry: Sendable, Hashable {
    /// Its name: `retention.ms`.
    public var name: String
    /// Its value in force; nil for a secret, which brokers do not tell, and where there is none.
    public var value: String?
    /// Where the value comes from.
    public var source: Source
    /// Whether it cannot be changed while the broker runs.
    public var isReadOnly: Bool
    /// Whether it is a secret.
    public var isSecret: Bool

    /// Where a value comes from.
    public struct Source: Sendable, Hashable, CustomStringConvertible {
        let number: Int
        /// The name.
        public let description: String

        /// Set for the topic.
        public static let topic = Source(number: 1, description: "topic")
        /// Set for the one broker while it runs.
        public static let broker = Source(number: 2, description: "broker")
        /// Set for all brokers while they run.
        public static let allBrokers = Source(number: 3, description: "allBrokers")
        /// From the broker's file.
        public static let brokerFile = Source(number: 4, description: "brokerFile")
        /// Kafka's own default.
        public static let standard = Source(number: 5, description: "standard")
        /// Brokers before 1.1 tell only that it is no default.
        static let unknown = Source(number: 0, description: "source 0")

        init(number: Int, description: String) {
            self.number = number
            self.description = description
        }

        init(_ number: Int) {
            let known = [Self.topic, .broker, .allBrokers, .brokerFile, .standard]
            self = known.first { $0.number == number } ?? Source(number: number, description: "source \(number)")
        }
    }

    init(_ entry: ConfigEntry) {
        name = entry.name
        value = entry.value
        source = Source(entry.source)
        isReadOnly = entry.isReadOnly
        isSecret = entry.isSecret
    }

    init(name: String, value: String?, source: Source, isReadOnly: Bool = false, isSecret: Bool = false) {
        self.name = name
        self.value = value
        self.source = source
        self.isReadOnly = isReadOnly
        self.isSecret = isSecret
    }
}

/// A change of one setting.
public struct KafkaConfigChange: Sendable, Hashable {
    let operation: ConfigChange.Operation
    let value: String?

    var isOfList: Bool { operation == .append || operation == .subtract }

    /// The setting gets this value.
    public static func set(_ value: String) -> KafkaConfigChange {
        KafkaConfigChange(operation: .set, value: value)
    }

    /// The setting goes back to what it is without a value of the topic's or broker's own.
    public static let reset = KafkaConfigChange(operation: .delete, value: nil)

    /// One more entry for a setting that is a list.
    public static func append(_ value: String) -> KafkaConfigChange {
        KafkaConfigChange(operation: .append, value: value)
    }

    /// One entry less for a setting that is a list.
    public static func subtract(_ value: String) -> KafkaConfigChange {
        KafkaConfigChange(operation: .subtract, value: value)
    }
}

/// What is done where the linked librdkafka cannot change single settings, which it can from 2.2 on.
public struct KafkaConfigFallback: Sendable, Hashable {
    let readsAndReplaces: Bool

    /// Nothing is sent; the call fails with `unsupportedFeature`.
    public static let refuse = KafkaConfigFallback(readsAndReplaces: false)

    /// What is set is read, changed here, and written back as a whole.
    ///
    /// What another program changes between the reading and the writing is undone, and nobody hears of it: use it where nobody else
    /// changes the same topic or broker. A topic or broker with a secret setting is refused, as brokers do not tell its value.
    public static let readAndReplace = KafkaConfigFallback(readsAndReplaces: true)
}
