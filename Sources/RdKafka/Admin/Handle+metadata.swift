import CRdKafka

/// What brokers know of a topic.
package struct TopicMetadata: Sendable {
    package struct Partition: Sendable {
        package var number: Int32
        /// -1 if none leads it now.
        package var leader: Int32
        package var replicas: [Int32]
        package var inSyncReplicas: [Int32]
    }

    package var name: String
    package var error: EngineError?
    package var partitions: [Partition]
}

/// One broker's address.
package struct BrokerMetadata: Sendable {
    package var id: Int32
    package var host: String
    package var port: Int
}

package struct ClusterMetadata: Sendable {
    package var id: String?
    /// -1 if unknown.
    package var controller: Int32
    package var brokers: [BrokerMetadata]
}

// Metadata comes by a call that blocks; for `BlockingThreads`. With `allow.auto.create.topics` off, asking makes no topic, but with
// brokers before 0.11 and the mock cluster of librdkafka before 2.1, which are not told.
extension Handle {
    /// All topics that the account may see.
    package func allTopics(timeout: Int32) -> Result<[TopicMetadata], EngineError> {
        metadata(of: nil, timeout: timeout) { answer in Self.topics(of: answer) }
    }

    /// One topic by its name.
    package func topic(_ name: String, timeout: Int32) -> Result<TopicMetadata, EngineError> {
        guard let handle = rd_kafka_topic_new(pointer, name, nil) else {
            return .failure(EngineError(code: rd_kafka_last_error().rawValue))
        }
        defer { rd_kafka_topic_destroy(handle) }
        return metadata(of: handle, timeout: timeout) { answer in Self.topics(of: answer).first }.flatMap { topic in
            topic.map { .success($0) } ?? .failure(EngineError(code: RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC.rawValue))
        }
    }

    /// The cluster and its brokers.
    ///
    /// The answer is about all topics: asked for those that it knows, librdkafka would let the broker make some that are gone, and
    /// asked for one that is none, brokers before 0.11 would make that.
    package func cluster(timeout: Int32) -> Result<ClusterMetadata, EngineError> {
        let brokers = metadata(of: nil, timeout: timeout) { answer in
            UnsafeBufferPointer(start: answer.brokers, count: Int(answer.broker_cnt)).map { broker in
                BrokerMetadata(id: broker.id, host: string(broker.host), port: Int(broker.port))
            }
        }
        return brokers.map { brokers in
            // Both are part of the answer, so neither waits.
            let id = rd_kafka_clusterid(pointer, 0)
            defer { if let id { rd_kafka_mem_free(pointer, id) } }
            return ClusterMetadata(
                id: id.map { String(cString: $0) },
                controller: rd_kafka_controllerid(pointer, 0),
                brokers: brokers
            )
        }
    }

    /// Whether the last answer about the cluster names a controller. Does not wait.
    package var knowsController: Bool { rd_kafka_controllerid(pointer, 0) >= 0 }

    private func metadata<Answer>(
        of topic: OpaquePointer?,
        timeout: Int32,
        _ read: (rd_kafka_metadata) -> Answer
    ) -> Result<Answer, EngineError> {
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let error = rd_kafka_metadata(pointer, topic == nil ? 1 : 0, topic, &metadata, timeout)
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR, let answer = metadata?.pointee else {
            return .failure(EngineError(code: error.rawValue))
        }
        defer { rd_kafka_metadata_destroy(metadata) }
        return .success(read(answer))
    }

    private static func topics(of answer: rd_kafka_metadata) -> [TopicMetadata] {
        UnsafeBufferPointer(start: answer.topics, count: Int(answer.topic_cnt)).map { topic in
            TopicMetadata(
                name: string(topic.topic),
                error: topic.err == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : EngineError(code: topic.err.rawValue),
                partitions: UnsafeBufferPointer(start: topic.partitions, count: Int(topic.partition_cnt)).map { row in
                    TopicMetadata.Partition(
                        number: row.id,
                        leader: row.leader,
                        replicas: Array(UnsafeBufferPointer(start: row.replicas, count: Int(row.replica_cnt))),
                        inSyncReplicas: Array(UnsafeBufferPointer(start: row.isrs, count: Int(row.isr_cnt)))
                    )
                }
            )
        }
    }
}
