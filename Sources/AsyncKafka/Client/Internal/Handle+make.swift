import RdKafka

extension Handle {
    /// A handle, or what librdkafka has against the configuration.
    static func make(_ kind: Kind, _ configuration: consuming Configuration) throws(KafkaError) -> Handle {
        do throws(EngineError) {
            return try Handle(kind, configuration)
        } catch {
            throw KafkaError(error).asConfigurationError()
        }
    }
}
