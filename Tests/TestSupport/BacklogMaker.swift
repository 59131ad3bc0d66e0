import CRdKafka
import RdKafka

/// Fills a partition with hundreds of megabytes: librdkafka alone, big batches, nobody awaits a record.
package enum BacklogMaker {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Returns once the partition has that many records more; `values` are taken in turn.
    package static func fill(
        _ topic: String,
        partition: Int32,
        count: Int,
        values: [[UInt8]],
        compression: String,
        bootstrapServers: String
    ) async throws {
        let problem = await BlockingThreads.shared.run {
            fill(topic, partition, count, values, compression, bootstrapServers)
        }
        if let problem { throw Failure(description: "the topic \(topic) was not filled: \(problem)") }
    }

    /// Milliseconds for what is left in the end.
    private static let limit: Int32 = 60_000

    /// Blocks. Returns what went wrong.
    private static func fill(
        _ topic: String,
        _ partition: Int32,
        _ count: Int,
        _ values: [[UInt8]],
        _ compression: String,
        _ bootstrapServers: String
    ) -> String? {
        var text = [CChar](repeating: 0, count: 512)
        let settings = rd_kafka_conf_new()
        let properties = [
            "bootstrap.servers": bootstrapServers, "compression.type": compression, "batch.size": "1000000",
            "batch.num.messages": "100000", "linger.ms": "50", "acks": "1", "queue.buffering.max.kbytes": "65536",
        ]
        for (name, value) in properties { rd_kafka_conf_set(settings, name, value, nil, 0) }
        rd_kafka_conf_set_log_cb(settings, nil)
        guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, settings, &text, text.count) else {
            rd_kafka_conf_destroy(settings)
            return "no client"
        }
        defer { rd_kafka_destroy(client) }
        let handle = rd_kafka_topic_new(client, topic, nil)
        defer { rd_kafka_topic_destroy(handle) }
        // A topic that was made a moment ago may not have come to this broker: then its log is empty.
        let before = end(client, topic, partition) ?? 0
        let flags = RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_BLOCK
        for number in 0..<count {
            let value = values[number % values.count]
            let status = value.withUnsafeBytes { bytes in
                // Copied, as the flags say.
                let payload = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
                return rd_kafka_produce(handle, partition, flags, payload, bytes.count, nil, 0, nil)
            }
            guard status == 0 else { return "record \(number) was refused" }
        }
        guard rd_kafka_flush(client, limit) == RD_KAFKA_RESP_ERR_NO_ERROR else { return "records are left" }
        let added = end(client, topic, partition).map { $0 - before } ?? 0
        return added == count ? nil : "\(added) of \(count) records are there"
    }

    private static func end(_ client: OpaquePointer, _ topic: String, _ partition: Int32) -> Int64? {
        var low: Int64 = 0
        var high: Int64 = 0
        let status = rd_kafka_query_watermark_offsets(client, topic, partition, &low, &high, limit)
        return status == RD_KAFKA_RESP_ERR_NO_ERROR ? high : nil
    }
}
