import CRdKafka

/// A topic that is to be made.
package struct NewTopic: Sendable {
    package var name: String
    /// -1 is the broker's default.
    package var partitions: Int32
    /// -1 is the broker's default, and where `assignment` says all.
    package var replicationFactor: Int32
    /// The brokers of each partition; empty: the controller chooses.
    package var assignment: [[Int32]]
    package var configuration: [String: String]

    package init(
        name: String,
        partitions: Int32,
        replicationFactor: Int32,
        assignment: [[Int32]],
        configuration: [String: String]
    ) {
        self.name = name
        self.partitions = partitions
        self.replicationFactor = replicationFactor
        self.assignment = assignment
        self.configuration = configuration
    }
}

/// More partitions for a topic.
package struct NewPartitions: Sendable {
    package var topic: String
    package var total: Int
    /// The brokers of each new partition; empty: the controller chooses.
    package var assignment: [[Int32]]

    package init(topic: String, total: Int, assignment: [[Int32]]) {
        self.topic = topic
        self.total = total
        self.assignment = assignment
    }
}

extension AdminRequest<[AdminItem]> {
    package static func createTopics(_ topics: [NewTopic], validateOnly: Bool) -> AdminRequest {
        var request = AdminRequest("create topics", RD_KAFKA_ADMIN_OP_CREATETOPICS) {
            (client, options, queue) throws(EngineError) in
            var list = RequestObjects { rd_kafka_NewTopic_destroy($0) }
            for topic in topics {
                let new = try list.add {
                    rd_kafka_NewTopic_new(topic.name, topic.partitions, topic.replicationFactor, $0, $1)
                }
                for (partition, brokers) in topic.assignment.enumerated() {
                    var brokers = brokers
                    try EngineError.check {
                        let number = Int32(clamping: partition)
                        return rd_kafka_NewTopic_set_replica_assignment(new, number, &brokers, brokers.count, $0, $1)
                    }
                }
                for (name, value) in topic.configuration {
                    try EngineError.check { _, _ in rd_kafka_NewTopic_set_config(new, name, value) }
                }
            }
            list.lend { rd_kafka_CreateTopics(client, $0, $1, options, queue) }
        } read: { event in
            topicItems { rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), $0) }
        }
        request.isValidatedOnly = validateOnly
        request.hasOperationTimeout = true
        return request
    }

    package static func deleteTopics(_ names: [String]) -> AdminRequest {
        var request = AdminRequest("delete topics", RD_KAFKA_ADMIN_OP_DELETETOPICS) {
            (client, options, queue) throws(EngineError) in
            var list = RequestObjects { rd_kafka_DeleteTopic_destroy($0) }
            for name in names { _ = try list.add { _, _ in rd_kafka_DeleteTopic_new(name) } }
            list.lend { rd_kafka_DeleteTopics(client, $0, $1, options, queue) }
        } read: { event in
            topicItems { rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), $0) }
        }
        request.hasOperationTimeout = true
        return request
    }

    package static func createPartitions(_ partitions: [NewPartitions], validateOnly: Bool) -> AdminRequest {
        var request = AdminRequest("add partitions", RD_KAFKA_ADMIN_OP_CREATEPARTITIONS) {
            (client, options, queue) throws(EngineError) in
            var list = RequestObjects { rd_kafka_NewPartitions_destroy($0) }
            for more in partitions {
                let new = try list.add { rd_kafka_NewPartitions_new(more.topic, more.total, $0, $1) }
                for (index, brokers) in more.assignment.enumerated() {
                    var brokers = brokers
                    try EngineError.check {
                        let number = Int32(clamping: index)
                        return rd_kafka_NewPartitions_set_replica_assignment(
                            new,
                            number,
                            &brokers,
                            brokers.count,
                            $0,
                            $1
                        )
                    }
                }
            }
            list.lend { rd_kafka_CreatePartitions(client, $0, $1, options, queue) }
        } read: { event in
            topicItems { rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event), $0) }
        }
        request.isValidatedOnly = validateOnly
        request.hasOperationTimeout = true
        return request
    }

    private static func topicItems(
        _ get: (UnsafeMutablePointer<Int>) -> UnsafeMutablePointer<OpaquePointer?>?
    ) -> [AdminItem] {
        rows(get) { result in
            let code = rd_kafka_topic_result_error(result)
            var error: EngineError?
            if code != RD_KAFKA_RESP_ERR_NO_ERROR {
                let reason = rd_kafka_topic_result_error_string(result).map { String(cString: $0) }
                error = EngineError(code: code.rawValue, message: reason)
            }
            return AdminItem(name: string(rd_kafka_topic_result_name(result)), error: error)
        }
    }
}

extension AdminRequest<[PartitionOffset]> {
    /// Deletes what lies before the rows' offsets; -1 is the high watermark.
    ///
    /// The answer has the same rows, with where their logs begin now or an error each.
    package static func deleteRecords(_ offsets: [PartitionOffset]) -> AdminRequest {
        var request = AdminRequest("delete records", RD_KAFKA_ADMIN_OP_DELETERECORDS) {
            (client, options, queue) throws(EngineError) in
            var list = RequestObjects { rd_kafka_DeleteRecords_destroy($0) }
            _ = try list.add { _, _ in PartitionOffset.withList(offsets) { rd_kafka_DeleteRecords_new($0) } }
            list.lend { rd_kafka_DeleteRecords(client, $0, $1, options, queue) }
        } read: { event in
            PartitionOffset.rows(of: rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event)))
        }
        request.hasOperationTimeout = true
        return request
    }
}
