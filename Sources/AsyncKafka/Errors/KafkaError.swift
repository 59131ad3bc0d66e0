package import RdKafka

/// The one error that every call of this library throws.
///
/// `code` tells what happened and can be matched on; `message` says it in a sentence, with what to do where that is known.
/// Descriptions never hold keys, values or secrets.
///
/// ```swift
/// do {
///     try await producer.send(record)
/// } catch let error where error.code == .messageTooLarge {
///     // The record is larger than the producer or the broker allows.
/// }
/// ```
public struct KafkaError: Error, Sendable {
    /// A box, so that a result that can fail stays small.
    private final class Storage: Sendable {
        let content: Content

        init(_ content: Content) {
            self.content = content
        }
    }

    private struct Content: Sendable {
        var code: Code
        var message: String
        var isRetriable = false
        var isFatal = false
        var requiresAbort = false
        var topicPartition: KafkaTopicPartition?
        var partitionErrors: [KafkaTopicPartition: KafkaError] = [:]
        var underlyingError: (any Error)?
        var pendingDelivery: KafkaPendingDelivery?
        var persistence: Persistence?
        var requestedOffset: Int64?
        var watermarks: KafkaWatermarks?
    }

    private var storage: Storage

    private func changed(_ change: (inout Content) -> Void) -> KafkaError {
        var content = storage.content
        change(&content)
        var copy = self
        copy.storage = Storage(content)
        return copy
    }

    package init(code: Code, message: String) {
        self.init(code, message)
    }

    init(_ code: Code, _ message: String) {
        storage = Storage(Content(code: code, message: message))
    }

    package init(_ error: EngineError) {
        let code = Code(rawValue: error.code)
        var content = Content(code: code, message: Self.sentence(error))
        content.isFatal = error.isFatal || code == .fatal
        content.isRetriable = error.isRetriable || code.isWorthRepeating
        content.requiresAbort = error.requiresAbort
        storage = Storage(content)
    }

    /// librdkafka calls what is newer than itself `Err-120?`.
    private static func sentence(_ error: EngineError) -> String {
        guard error.message == "Err-\(error.code)?" else { return error.message }
        return
            "a broker says \(Code(rawValue: error.code)), number \(error.code), which librdkafka \(Engine.version) does not know"
    }

    // MARK: What happened

    /// What happened.
    public var code: Code { storage.content.code }

    /// The number in Kafka's protocol, if a broker said so; nil for errors that arose in this process.
    public var brokerCode: Int16? { code.rawValue > 0 ? Int16(exactly: code.rawValue) : nil }

    /// One sentence for people, without keys, values or secrets.
    public var message: String { storage.content.message }

    /// Whether the same call may succeed when it is made again.
    ///
    /// Narrower than the family `.retriable` of its code: what is there for good as a rule, as that a topic is missing, is not
    /// repeated on chance.
    public var isRetriable: Bool { storage.content.isRetriable }

    /// Whether the client that threw it is of no more use: close it and make a new one.
    public var isFatal: Bool { storage.content.isFatal }

    /// Whether the transaction has to be aborted before anything else can be done with the producer.
    public var requiresAbort: Bool { storage.content.requiresAbort }

    /// Where it happened, if the error belongs to one partition.
    public var topicPartition: KafkaTopicPartition? { storage.content.topicPartition }

    /// What happened to each partition, if a call about several failed for some of them; for the others it succeeded.
    public var partitionErrors: [KafkaTopicPartition: KafkaError] { storage.content.partitionErrors }

    /// What caused it, if another error did.
    public var underlyingError: (any Error)? { storage.content.underlyingError }

    /// The outcome of a record whose `send` was cancelled after the record had been queued. It still resolves.
    public var pendingDelivery: KafkaPendingDelivery? { storage.content.pendingDelivery }

    /// Whether a record that failed may be in the topic all the same; nil for errors that are not about a record.
    public var persistence: Persistence? { storage.content.persistence }

    /// The offset that was asked for and that the partition's log does not have.
    public var requestedOffset: Int64? { storage.content.requestedOffset }

    /// What the partition's log has, when `requestedOffset` is not in it.
    public var watermarks: KafkaWatermarks? { storage.content.watermarks }

    /// Whether a record that was not acknowledged is in the topic's log.
    ///
    /// From librdkafka's `rd_kafka_message_status`.
    public struct Persistence: Sendable, Hashable, CustomStringConvertible {
        private enum Value { case notPersisted, possiblyPersisted, persisted }
        private let value: Value

        /// The record is not in the log: sending it again makes no duplicate.
        public static let notPersisted = Persistence(value: .notPersisted)
        /// The record was on its way when it failed: it may be in the log or not.
        public static let possiblyPersisted = Persistence(value: .possiblyPersisted)
        /// The record is in the log, only its acknowledgement was not as it should be.
        public static let persisted = Persistence(value: .persisted)

        /// The case's name.
        public var description: String { "\(value)" }
    }

    // MARK: Within the library

    func at(_ topicPartition: KafkaTopicPartition) -> KafkaError {
        changed { $0.topicPartition = topicPartition }
    }

    /// The one error of a call that failed for these partitions: the error of the first, if they differ.
    ///
    /// - Parameter action: what could not be done with them, as in "3 partitions could not be …".
    static func ofPartitions(_ errors: [KafkaTopicPartition: KafkaError], _ action: String) -> KafkaError? {
        let sorted = errors.sorted { $0.key < $1.key }
        guard let first = sorted.first else { return nil }
        let message =
            sorted.count == 1
            ? first.value.message
            : "\(sorted.count) partitions could not be \(action): "
                + sorted.map { "\($0.key): \($0.value.message)" }.joined(separator: "; ")
        return first.value.changed {
            $0.message = message
            $0.topicPartition = first.key
            $0.partitionErrors = errors
            $0.isRetriable = errors.values.allSatisfy(\.isRetriable)
            $0.isFatal = errors.values.contains(where: \.isFatal)
        }
    }

    /// Without a cause, the one that is known stays.
    func causedBy(_ error: (any Error)?) -> KafkaError {
        guard let error else { return self }
        return changed { $0.underlyingError = error }
    }

    /// Takes over where another error happened, and its partitions' own ones.
    func atPlace(of error: KafkaError) -> KafkaError {
        changed {
            $0.topicPartition = $0.topicPartition ?? error.topicPartition
            if $0.partitionErrors.isEmpty { $0.partitionErrors = error.partitionErrors }
        }
    }

    /// About these partitions, each with this error and its own cause. That of the whole is the first that is known.
    func at(
        _ partitions: some Collection<KafkaTopicPartition>,
        causedBy cause: (KafkaTopicPartition) -> KafkaError? = { _ in nil }
    ) -> KafkaError {
        let sorted = partitions.sorted()
        guard let first = sorted.first else { return self }
        let errors = Dictionary(sorted.map { ($0, at($0).causedBy(cause($0))) }, uniquingKeysWith: { $1 })
        return changed {
            $0.topicPartition = first
            $0.partitionErrors = errors
            $0.underlyingError = sorted.lazy.compactMap { errors[$0]?.underlyingError }.first
        }
    }

    func with(_ pendingDelivery: KafkaPendingDelivery) -> KafkaError {
        changed { $0.pendingDelivery = pendingDelivery }
    }

    func with(_ persistence: Persistence) -> KafkaError {
        changed { $0.persistence = persistence }
    }

    func with(requestedOffset: Int64) -> KafkaError {
        changed { $0.requestedOffset = requestedOffset }
    }

    func with(_ watermarks: KafkaWatermarks) -> KafkaError {
        changed { $0.watermarks = watermarks }
    }

    func saying(_ message: String) -> KafkaError {
        changed { $0.message = message }
    }

    /// With all texts changed, those of its causes too. A cause of another type, which has no text that could be changed, becomes one of
    /// this type.
    func rewritten(_ change: (String) -> String) -> KafkaError {
        changed {
            $0.message = change($0.message)
            $0.partitionErrors = $0.partitionErrors.mapValues { $0.rewritten(change) }
            $0.underlyingError = $0.underlyingError.map { cause in
                (cause as? KafkaError)?.rewritten(change) ?? KafkaError(.unknown, change("\(cause)"))
            }
        }
    }

    func asFatal() -> KafkaError {
        changed { $0.isFatal = true }
    }

    func asRetriable() -> KafkaError {
        changed { $0.isRetriable = true }
    }

    func asRequiringAbort() -> KafkaError {
        changed { $0.requiresAbort = true }
    }
}

extension KafkaError: CustomStringConvertible {
    /// The code, where it happened, and the sentence: `timedOut at orders[2]: …`.
    public var description: String {
        let place = topicPartition.map { " at \($0)" } ?? ""
        let cause = underlyingError.map { " (caused by: \($0))" } ?? ""
        return "\(code)\(place): \(message)\(cause)"
    }
}

extension KafkaError: CustomReflectable {
    /// The description alone, so that a dump shows no more than a log line does.
    public var customMirror: Mirror {
        Mirror(self, children: ["description": description])
    }
}
