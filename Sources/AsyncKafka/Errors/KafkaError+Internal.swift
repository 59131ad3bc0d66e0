extension KafkaError {
    static let clientClosed = KafkaError(.clientClosed, "the client was closed; make a new one")

    static func fatalProducer(_ reason: String) -> KafkaError {
        KafkaError(.fatal, "\(reason); this producer cannot go on: close it and make a new one").asFatal()
    }

    static func noThread(_ number: Int32) -> KafkaError {
        KafkaError(.invalidState, "the system has no thread for the client (errno \(number))")
    }

    /// What librdkafka says when it refuses to start is a matter of configuration, whatever its code.
    func asConfigurationError() -> KafkaError {
        code == .invalidConfiguration ? self : KafkaError(.invalidConfiguration, message).causedBy(self)
    }
}
