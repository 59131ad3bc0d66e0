import CRdKafka

// Where a partition's log begins and ends, and how far it was drained.
extension Handle {
    /// The first offset of a partition's log, and the one behind its last (the high watermark).
    package struct Watermarks: Sendable, Hashable {
        package var low: Int64
        package var high: Int64

        package init(low: Int64, high: Int64) {
            self.low = low
            self.high = high
        }
    }

    /// As of the last fetch from an assigned partition; nil before the first. Does not ask the broker. Thread-safe.
    package func cachedWatermarks(of topic: String, _ partition: Int32) -> Watermarks? {
        var (low, high): (Int64, Int64) = (-1, -1)
        let error = rd_kafka_get_watermark_offsets(pointer, topic, partition, &low, &high)
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR, high >= 0 else { return nil }
        return Watermarks(low: max(low, 0), high: high)
    }

    /// Asks the partition's leader, for `timeout` milliseconds. Blocks; for `BlockingThreads`.
    package func askForWatermarks(
        of topic: String,
        _ partition: Int32,
        timeout: Int32
    ) throws(EngineError) -> Watermarks {
        var (low, high): (Int64, Int64) = (-1, -1)
        let error = rd_kafka_query_watermark_offsets(pointer, topic, partition, &low, &high, timeout)
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else { throw EngineError(code: error.rawValue) }
        return Watermarks(low: low, high: high)
    }

    /// One behind what was last drained from a partition in this assignment, what drains never show included: the markers at the end
    /// of transactions. Nil if nothing was. Thread-safe.
    package func drainedPosition(in topic: String, _ partition: Int32) -> Int64? {
        PartitionOffset.withList([PartitionOffset(topic: topic, partition: partition)]) { list in
            guard rd_kafka_position(pointer, list) == RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
            let row = PartitionOffset.rows(of: list).first
            return row.flatMap { $0.error == 0 && $0.offset >= 0 ? $0.offset : nil }
        }
    }
}
