import CRdKafka

// Where partitions are read from.
extension Handle {
    /// Asks leaders for offsets: of the first message that is not older than a time in milliseconds, of the beginning
    /// (`PartitionOffset.beginning` for a time) or of the end (`PartitionOffset.end`, which is also the answer if there is no such
    /// message). The end is what a consumer of its isolation level can read. Blocks for `timeout` milliseconds at most; for
    /// `BlockingThreads`.
    package func offsetsForTimes(_ rows: [PartitionOffset], timeout: Int32) throws(EngineError) -> [PartitionOffset] {
        let (code, found) = PartitionOffset.withList(rows) { list in
            let error = rd_kafka_offsets_for_times(pointer, list, timeout)
            return (error.rawValue, PartitionOffset.rows(of: list))
        }
        guard code == 0 else { throw EngineError(code: code) }
        return found
    }

    /// Reads assigned partitions from these absolute offsets on; what was fetched before is dropped. Called where draining is called.
    ///
    /// Waits for librdkafka's main thread, which never waits for anything outside.
    ///
    /// - Returns: the same rows, with the error of each. `_STATE`: the partition is not being fetched.
    package func seek(_ rows: [PartitionOffset]) -> [PartitionOffset] {
        // Before 2.1 librdkafka takes these milliseconds for microseconds.
        let timeout = Engine.versionNumber < 0x0201_0000 ? Int32(5_000_000) : 5000
        return PartitionOffset.withList(rows) { list in
            // What did not answer in time says `_IN_PROGRESS`.
            if let error = rd_kafka_seek_partitions(pointer, list, timeout) { rd_kafka_error_destroy(error) }
            return PartitionOffset.rows(of: list)
        }
    }

    /// How many partitions a topic has. Blocks; for `BlockingThreads`.
    package func partitionCount(of name: String, timeout: Int32) -> Result<Int, EngineError> {
        topic(name, timeout: timeout).flatMap { topic in
            topic.error.map { .failure($0) } ?? .success(topic.partitions.count)
        }
    }

    /// Whether assignments are changed partition by partition: in a group with a cooperative strategy, and outside of groups.
    package var changesIncrementally: Bool {
        rd_kafka_rebalance_protocol(pointer).map { String(cString: $0) } != "EAGER"
    }
}
