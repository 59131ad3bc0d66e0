/// What there is to say about a configuration and the cluster that it names: a check for each step from the name of a broker to the
/// permission for a topic.
///
/// ```swift
/// let diagnosis = await configuration.diagnose(topics: ["orders"])
/// print(diagnosis)
/// for check in diagnosis.failures { alert(check.name, check.advice) }
/// ```
///
/// Neither its text nor its values hold the passwords and keys of the configuration, nor tokens. What a token provider throws is shown in
/// the provider's own words, without the former.
public struct KafkaDiagnosis: Sendable {
    /// All checks, in the order in which a connection comes about.
    public let checks: [Check]

    /// How long it took.
    public let duration: Duration

    /// Whether nothing was left out because the time was over or the task cancelled.
    public let isComplete: Bool

    /// The checks that have failed. Those that could not be made for it are skipped.
    public var failures: [Check] { checks.filter { $0.outcome == .failed } }

    /// The checks of something that works now, and may not tomorrow.
    public var warnings: [Check] { checks.filter { $0.outcome == .warning } }

    /// One thing that was looked at.
    public struct Check: Sendable {
        /// What was looked at.
        public let kind: Kind
        /// Of what: an address, a topic, a group.
        public let subject: String
        /// What came of it.
        public let outcome: Outcome
        /// What was seen; of a check that was skipped, or that told nothing, why.
        public let seen: String
        /// What to do; nil if there is nothing to be done.
        public let advice: String?
        /// How long it took, where that is known by itself.
        public let duration: Duration?
        /// What a client throws for it, with its code.
        public let error: KafkaError?

        /// What was looked at, of what: `TLS localhost:9093`.
        public var name: String { subject.isEmpty ? kind.description : "\(kind) \(subject)" }

        init(
            _ kind: Kind,
            _ subject: String,
            _ outcome: Outcome,
            _ seen: String,
            advice: String? = nil,
            duration: Duration? = nil,
            error: KafkaError? = nil
        ) {
            self.kind = kind
            self.subject = subject
            self.outcome = outcome
            self.seen = seen
            self.advice = advice
            self.duration = duration
            self.error = error
        }
    }

    /// What came of a check.
    public struct Outcome: Sendable, Hashable, CustomStringConvertible {
        /// The name: `passed`.
        public let description: String

        /// It is as it should be.
        public static let passed = Outcome(description: "passed")
        /// It does not work: `advice` says what to do.
        public static let failed = Outcome(description: "failed")
        /// It works, and may not for long: `advice` says what to do.
        public static let warning = Outcome(description: "warning")
        /// There was nothing to look at, as the configuration does not use it, or what comes before it has failed.
        public static let skipped = Outcome(description: "skipped")
        /// It was looked at, and cannot be told: the account may not see it, or the time was over.
        public static let unknown = Outcome(description: "unknown")
    }

    /// What is looked at.
    public struct Kind: Sendable, Hashable, CustomStringConvertible {
        /// The name: `TLS`.
        public let description: String

        /// Whether the settings are valid by themselves, and their files can be read.
        public static let configuration = Kind(description: "configuration")
        /// Whether a broker's name has an address.
        public static let nameResolution = Kind(description: "name resolution")
        /// Whether something takes connections at an address of the broker's.
        public static let tcp = Kind(description: "TCP")
        /// Whether broker and client agree on TLS, and take each other's certificate.
        public static let tls = Kind(description: "TLS")
        /// Whether a broker of Kafka answers there.
        public static let apiVersions = Kind(description: "API versions")
        /// Whether the broker takes the mechanism and the login.
        public static let sasl = Kind(description: "SASL")
        /// Whether the cluster tells of itself, and which brokers it has.
        public static let cluster = Kind(description: "cluster")
        /// Whether a topic is there, and the account may see it.
        public static let topic = Kind(description: "topic")
        /// How many partitions and replicas the topic has.
        public static let partitions = Kind(description: "partitions")
        /// Whether each partition has a leader.
        public static let leaders = Kind(description: "leaders")
        /// Whether enough replicas are in sync for `min.insync.replicas`.
        public static let inSyncReplicas = Kind(description: "in-sync replicas")
        /// What the account may do, as far as it is allowed to see that.
        public static let access = Kind(description: "access")
    }
}
