import RdKafka

extension KafkaError {
    static let clientClosed = KafkaError(.clientClosed, "the client was closed; make a new one")

    /// What librdkafka calls fatal, with what to do about it.
    static func fatalProducer(_ error: EngineError, transactionalID: String?) -> KafkaError {
        let cause = KafkaError(error)
        if let transactionalID, cause.code == .transactionalIDAuthorizationFailed {
            return KafkaError(
                cause.code,
                """
                this client may not use the transactional id \(transactionalID): grant it the operations WRITE and DESCRIBE on it, then \
                close this producer and make a new one
                """
            ).asFatal().causedBy(cause)
        }
        if cause.code == .clusterAuthorizationFailed {
            return KafkaError(
                cause.code,
                """
                this client may not send with idempotence: grant it the operation WRITE on its topics, or IDEMPOTENT_WRITE on the cluster \
                for brokers before 2.8, then close this producer and make a new one
                """
            ).asFatal().causedBy(cause)
        }
        guard let transactionalID, [.fenced, .producerFenced, .invalidProducerEpoch].contains(cause.code) else {
            return fatalProducer(error.message).causedBy(cause)
        }
        return KafkaError(
            .fenced,
            """
            another producer with the transactional id \(transactionalID) has taken over, or a transaction took longer than its \
            timeout: close this producer, and make a new one only if no other instance is meant to use this id
            """
        ).asFatal().causedBy(cause)
    }

    static func fatalProducer(_ reason: String) -> KafkaError {
        KafkaError(.fatal, "\(reason); this producer cannot go on: close it and make a new one").asFatal()
    }

    static func fatalConsumer(_ error: EngineError) -> KafkaError {
        KafkaError(.fatal, "\(error.message); this consumer cannot go on: close it and make a new one").asFatal()
            .causedBy(KafkaError(error))
    }

    static func noThread(_ number: Int32) -> KafkaError {
        KafkaError(.invalidState, "the system has no thread for the client (errno \(number))")
    }

    /// What librdkafka says when it refuses to start is a matter of configuration, whatever its code.
    func asConfigurationError() -> KafkaError {
        code == .invalidConfiguration ? self : KafkaError(.invalidConfiguration, message).causedBy(self)
    }
}

extension KafkaError.Code {
    /// Whether a broker does not coordinate the group, or not yet (https://kafka.apache.org/protocol#protocol_error_codes).
    var isOfMovingCoordinator: Bool {
        [.notCoordinator, .coordinatorLoadInProgress, .coordinatorNotAvailable].contains(self)
    }
}
