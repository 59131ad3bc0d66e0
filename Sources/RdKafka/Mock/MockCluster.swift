import CRdKafka

/// librdkafka's mock cluster, in a handle of its own.
///
/// `@unchecked Sendable`: its functions hand their work to the cluster's own thread and wait for it (rdkafka_mock.h); they block
/// for as long as that takes, so they are called on `BlockingThreads`.
package final class MockCluster: @unchecked Sendable {
    private let handle: OpaquePointer
    private let cluster: OpaquePointer
    /// Held while the cluster is called, so that it is not destroyed meanwhile.
    private let isDestroyed = Locked(false)
    package let bootstrapServers: String

    package init(brokerCount: Int) throws(EngineError) {
        var text = [CChar](repeating: 0, count: 512)
        let configuration = rd_kafka_conf_new()
        rd_kafka_conf_set(configuration, "client.id", "async-kafka-mock", nil, 0)
        // The mock says much on its standard error otherwise.
        rd_kafka_conf_set_log_cb(configuration, nil)
        guard let handle = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, &text, text.count) else {
            rd_kafka_conf_destroy(configuration)
            throw EngineError(code: rd_kafka_last_error().rawValue)
        }
        guard let cluster = rd_kafka_mock_cluster_new(handle, Int32(clamping: brokerCount)) else {
            rd_kafka_destroy(handle)
            throw EngineError(code: RD_KAFKA_RESP_ERR__FAIL.rawValue, message: "the mock cluster did not start")
        }
        self.handle = handle
        self.cluster = cluster
        bootstrapServers = String(cString: rd_kafka_mock_cluster_bootstraps(cluster))
    }

    /// Creates a topic; its partitions are led by the brokers in turn.
    package func createTopic(_ name: String, partitions: Int, replicationFactor: Int) -> EngineError? {
        let error = isDestroyed.withLock { isDestroyed in
            guard !isDestroyed else { return RD_KAFKA_RESP_ERR__DESTROY }
            return rd_kafka_mock_topic_create(
                cluster,
                name,
                Int32(clamping: partitions),
                Int32(clamping: replicationFactor)
            )
        }
        return error == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : EngineError(code: error.rawValue)
    }

    /// Has the next requests of a kind answered with these errors, one each.
    package func failRequests(ofKind key: Int16, with codes: [Int32]) {
        isDestroyed.withLock { isDestroyed in
            guard !isDestroyed else { return }
            let errors = codes.map { rd_kafka_resp_err_t($0) }
            rd_kafka_mock_push_request_errors_array(cluster, key, errors.count, errors)
        }
    }

    /// Has one broker answer the next requests of a kind that it gets with these errors, one each.
    package func failRequests(ofKind key: Int16, to broker: Int32, with codes: [Int32]) {
        isDestroyed.withLock { isDestroyed in
            guard !isDestroyed else { return }
            for code in codes { async_kafka_mock_broker_fail(cluster, broker, key, rd_kafka_resp_err_t(code)) }
        }
    }

    /// Requests of a kind are answered as they should be from now on.
    package func clearFailures(ofKind key: Int16) {
        isDestroyed.withLock { isDestroyed in
            guard !isDestroyed else { return }
            rd_kafka_mock_clear_request_errors(cluster, key)
        }
    }

    /// Has a broker coordinate a group.
    package func setCoordinator(ofGroup group: String, to broker: Int32) {
        isDestroyed.withLock { isDestroyed in
            guard !isDestroyed else { return }
            rd_kafka_mock_coordinator_set(cluster, "group", group, broker)
        }
    }

    /// Has a broker lead a partition; nil is none.
    package func setLeader(of topic: String, partition: Int32, to broker: Int32?) {
        isDestroyed.withLock { isDestroyed in
            guard !isDestroyed else { return }
            rd_kafka_mock_partition_set_leader(cluster, topic, partition, broker ?? -1)
        }
    }

    /// Ends the cluster; a second call does nothing.
    package func destroy() {
        let isFirst = isDestroyed.withLock { isDestroyed in
            defer { isDestroyed = true }
            return !isDestroyed
        }
        guard isFirst else { return }
        rd_kafka_mock_cluster_destroy(cluster)
        rd_kafka_destroy(handle)
    }
}
