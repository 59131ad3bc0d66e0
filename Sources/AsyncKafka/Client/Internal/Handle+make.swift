import RdKafka

extension Handle {
    /// A handle, or what librdkafka has against the configuration.
    static func make(
        _ kind: Kind,
        _ configuration: consuming Configuration,
        security: KafkaSecurity,
        partitioner: Partitioner? = nil
    ) throws(KafkaError) -> Handle {
        // Once librdkafka has refused, the configuration is gone.
        let identity = TLSIdentityNames(configuration)
        let certificates = CertificateVerifier(check: security.tls?.engineCheck)
        do throws(EngineError) {
            return try Handle(kind, configuration, partitioner: partitioner, certificates: certificates)
        } catch {
            let cause = KafkaError(error)
            guard let sentence = identity.sentence(about: error.message) else { throw cause.asConfigurationError() }
            throw KafkaError(.invalidConfiguration, sentence).causedBy(cause)
        }
    }
}

extension KafkaTLS {
    fileprivate var engineCheck: CertificateVerifier.Check? {
        guard let check = certificateCheck else { return nil }
        return { shown in
            check(KafkaCertificate(broker: shown.broker, depth: shown.depth, bytes: shown.bytes))
        }
    }
}
