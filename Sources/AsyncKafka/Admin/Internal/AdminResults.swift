import RdKafka

extension Dictionary {
    /// The result of a call that was about one thing.
    func single<Success>(_ key: Key) throws(KafkaError) -> Success where Value == Result<Success, KafkaError> {
        guard let result = self[key] else { throw .noAnswer("\(key)") }
        return try result.get()
    }
}

extension [AdminItem] {
    /// A result for each name that was asked about.
    func results(for names: [String]) -> [String: Result<Void, KafkaError>] {
        var results: [String: Result<Void, KafkaError>] = [:]
        for name in names { results[name] = .failure(.noAnswer(name)) }
        for item in self {
            results[item.name] = item.error.map { .failure(KafkaError($0).about(item.name)) } ?? .success(())
        }
        return results
    }
}

extension KafkaError {
    static func noAnswer(_ name: String) -> KafkaError {
        KafkaError(.unknown, "the broker's answer does not mention \(name)")
    }

    /// Says which of several things it is about.
    func about(_ name: String) -> KafkaError {
        message.contains(name) ? self : saying("\(name): \(message)")
    }

    /// What the linked librdkafka cannot do.
    static func needs(_ version: String, _ what: String) -> KafkaError {
        KafkaError(
            .unsupportedFeature,
            "librdkafka \(Engine.version), which this process runs with, cannot \(what): that came with \(version)"
        )
    }

    static func invalidArgument(_ message: String) -> KafkaError {
        KafkaError(.invalidArgument, message)
    }
}

extension [String] {
    /// Each name once, in order.
    var unique: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}

/// Refuses what cannot be a name: C would cut it off.
func checkName(_ name: String, _ what: String) throws(KafkaError) {
    guard !name.isEmpty, !name.utf8.contains(0) else {
        throw .invalidArgument("\(what) needs a name, without NUL characters")
    }
}

/// Refuses texts at which C would stop.
func checkText(_ text: String, _ what: String) throws(KafkaError) {
    guard !text.utf8.contains(0) else { throw .invalidArgument("\(what) contains a NUL character") }
}

extension KafkaTopicPartition {
    /// Refuses a partition that cannot be, and says which.
    static func check(_ partitions: some Sequence<KafkaTopicPartition>) throws(KafkaError) {
        for partition in partitions { try partition.check() }
    }
}

extension Result where Failure == EngineError {
    var asKafkaResult: Result<Success, KafkaError> { mapError { KafkaError($0) } }
}

extension PartitionOffset {
    /// The error of this row, with its place.
    var kafkaError: KafkaError? {
        error == 0 ? nil : KafkaError(EngineError(code: error)).at(topicPartition)
    }
}
