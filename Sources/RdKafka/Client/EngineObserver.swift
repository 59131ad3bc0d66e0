import CRdKafka

/// What librdkafka calls back on its own threads: its interceptors, and the callbacks that find it by the configuration's opaque.
///
/// Belongs to one handle, which keeps it until `rd_kafka_destroy` has returned.
final class EngineObserver: Sendable {
    let join = JoinObserver()
    let brokers = BrokerObserver()
    let certificates: CertificateVerifier

    init(_ certificates: CertificateVerifier) {
        self.certificates = certificates
    }

    static func from(_ opaque: UnsafeMutableRawPointer?) -> EngineObserver? {
        opaque.map { Unmanaged<EngineObserver>.fromOpaque($0).takeUnretainedValue() }
    }

    /// - Parameter reference: must live until the handle is destroyed.
    static func install(_ reference: Unmanaged<EngineObserver>, in configuration: OpaquePointer) {
        rd_kafka_conf_set_opaque(configuration, reference.toOpaque())
        installInterceptors(in: configuration, opaque: reference.toOpaque())
        // No event tells of it: librdkafka calls back from the poll of the queue.
        rd_kafka_conf_set_throttle_cb(configuration) { _, broker, _, milliseconds, opaque in
            guard let observer = EngineObserver.from(opaque) else { return }
            observer.brokers.throttled(broker.map { String(cString: $0) } ?? "", milliseconds: Int(milliseconds))
            observer.join.notify()
        }
    }

    private static func installInterceptors(in configuration: OpaquePointer, opaque: UnsafeMutableRawPointer) {
        rd_kafka_conf_interceptor_add_on_new(
            configuration,
            "async-kafka",
            { handle, _, opaque, _, _ in
                rd_kafka_interceptor_add_on_request_sent(
                    handle,
                    "async-kafka",
                    { _, _, _, _, key, _, _, _, opaque in
                        EngineObserver.from(opaque)?.join.requestSent(key)
                        return RD_KAFKA_RESP_ERR_NO_ERROR
                    },
                    opaque
                )
                rd_kafka_interceptor_add_on_response_received(
                    handle,
                    "async-kafka",
                    { _, _, _, _, key, _, _, _, _, error, opaque in
                        EngineObserver.from(opaque)?
                            .responseReceived(key, hasFailed: error != RD_KAFKA_RESP_ERR_NO_ERROR)
                        return RD_KAFKA_RESP_ERR_NO_ERROR
                    },
                    opaque
                )
                rd_kafka_interceptor_add_on_broker_state_change(
                    handle,
                    "async-kafka",
                    { _, _, _, name, port, state, opaque in
                        if let name, let state {
                            EngineObserver.from(opaque)?.connectionChanged(
                                of: String(cString: name),
                                port: Int(port),
                                to: String(cString: state)
                            )
                        }
                        return RD_KAFKA_RESP_ERR_NO_ERROR
                    },
                    opaque
                )
                rd_kafka_interceptor_add_on_thread_start(
                    handle,
                    "async-kafka",
                    { _, type, name, opaque in
                        if type == RD_KAFKA_THREAD_BROKER, let name {
                            EngineObserver.from(opaque)?.brokers.threadBegan(String(cString: name))
                        }
                        return RD_KAFKA_RESP_ERR_NO_ERROR
                    },
                    opaque
                )
                rd_kafka_interceptor_add_on_thread_exit(
                    handle,
                    "async-kafka",
                    { _, type, name, opaque in
                        if type == RD_KAFKA_THREAD_BROKER, let name {
                            EngineObserver.from(opaque)?.threadEnds(String(cString: name))
                        }
                        return RD_KAFKA_RESP_ERR_NO_ERROR
                    },
                    opaque
                )
                return RD_KAFKA_RESP_ERR_NO_ERROR
            },
            opaque
        )
    }

    private func threadEnds(_ name: String) {
        if brokers.threadEnds(name) { join.notify() }
    }

    private func responseReceived(_ key: Int16, hasFailed: Bool) {
        if brokers.responseReceived(key, hasFailed: hasFailed) { join.notify() }
        join.responseReceived(key, hasFailed: hasFailed)
    }

    private func connectionChanged(of host: String, port: Int, to state: String) {
        if brokers.connectionChanged(of: host, port: port, to: state, now: .now) { join.notify() }
        join.connectionChanged(of: host, to: state)
    }
}
