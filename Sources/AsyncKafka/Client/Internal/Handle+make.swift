import RdKafka

extension Handle {
    /// A handle, or what librdkafka has against the configuration.
    static func make(
        _ kind: Kind,
        _ configuration: consuming Configuration,
        partitioner: Partitioner? = nil
    ) throws(KafkaError) -> Handle {
        do throws(EngineError) {
            return try Handle(kind, configuration, partitioner: partitioner)
        } catch {
            throw KafkaError(error).asConfigurationError()
        }
    }
}
