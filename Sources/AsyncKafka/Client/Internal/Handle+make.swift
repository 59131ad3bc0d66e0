import RdKafka

extension Handle {
    /// A handle, or what librdkafka has against the configuration.
    static func make(
        _ kind: Kind,
        _ configuration: consuming Configuration,
        partitioner: Partitioner? = nil
    ) throws(KafkaError) -> Handle {
        // Once librdkafka has refused, the configuration is gone.
        let identity = TLSIdentityNames(configuration)
        do throws(EngineError) {
            return try Handle(kind, configuration, partitioner: partitioner)
        } catch {
            let cause = KafkaError(error)
            guard let sentence = identity.sentence(about: error.message) else { throw cause.asConfigurationError() }
            throw KafkaError(.invalidConfiguration, sentence).causedBy(cause)
        }
    }
}
