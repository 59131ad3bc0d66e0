import CRdKafka
import RdKafka

/// Makes topics on a real cluster, where Kafka's own tool would take a second of two processors for each.
package enum TopicMaker {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Makes a topic with a client of its own, and returns once the cluster has it.
    ///
    /// - Parameters:
    ///   - replicationFactor: nil is the cluster's default.
    ///   - configuration: the topic's own settings, such as `min.insync.replicas`.
    package static func make(
        _ topic: String,
        partitions: Int,
        replicationFactor: Int?,
        configuration: [String: String],
        bootstrapServers: String
    ) async throws {
        let problem = await BlockingThreads.shared.run {
            make(topic, partitions, replicationFactor, configuration, bootstrapServers)
        }
        if let problem { throw Failure(description: "the topic \(topic) was not made: \(problem)") }
    }

    /// Milliseconds that the cluster has.
    private static let limit: Int32 = 30_000

    /// Blocks. Returns what went wrong.
    private static func make(
        _ topic: String,
        _ partitions: Int,
        _ replicationFactor: Int?,
        _ configuration: [String: String],
        _ bootstrapServers: String
    ) -> String? {
        var text = [CChar](repeating: 0, count: 512)
        let settings = rd_kafka_conf_new()
        rd_kafka_conf_set(settings, "bootstrap.servers", bootstrapServers, nil, 0)
        rd_kafka_conf_set_log_cb(settings, nil)
        guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, settings, &text, text.count) else {
            rd_kafka_conf_destroy(settings)
            return string(text)
        }
        defer { rd_kafka_destroy(client) }
        let queue = rd_kafka_queue_new(client)
        defer { rd_kafka_queue_destroy(queue) }
        var new = rd_kafka_NewTopic_new(
            topic,
            Int32(clamping: partitions),
            Int32(clamping: replicationFactor ?? -1),
            &text,
            text.count
        )
        guard new != nil else { return string(text) }
        defer { rd_kafka_NewTopic_destroy(new) }
        for (name, value) in configuration { rd_kafka_NewTopic_set_config(new, name, value) }
        let options = rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_CREATETOPICS)
        defer { rd_kafka_AdminOptions_destroy(options) }
        rd_kafka_AdminOptions_set_request_timeout(options, limit, nil, 0)
        // The controller answers when the topic is there.
        rd_kafka_AdminOptions_set_operation_timeout(options, limit, nil, 0)
        rd_kafka_CreateTopics(client, &new, 1, options, queue)
        // The call itself ends by its own limit.
        guard let event = rd_kafka_queue_poll(queue, -1) else { return "no answer" }
        defer { rd_kafka_event_destroy(event) }
        guard rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR else {
            return rd_kafka_event_error_string(event).map { String(cString: $0) }
        }
        var count = 0
        guard
            let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count),
            count == 1, let result = results[0]
        else { return "an answer without the topic" }
        guard rd_kafka_topic_result_error(result) == RD_KAFKA_RESP_ERR_NO_ERROR else {
            return rd_kafka_topic_result_error_string(result).map { String(cString: $0) } ?? "no reason given"
        }
        return nil
    }

    private static func string(_ text: [CChar]) -> String {
        String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
