import CRdKafka

// Both wait for librdkafka's main thread, which never waits for anything outside; called where draining is called, so that what librdkafka
// counts as consumed is what was drained.
extension Handle {
    /// Fetches no more of these partitions. What is fetched and not drained is dropped, and fetched again at resume.
    ///
    /// - Returns: the same rows, with the error of each.
    package func pause(_ partitions: [PartitionOffset]) -> [PartitionOffset] {
        PartitionOffset.withList(partitions) { list in
            rd_kafka_pause_partitions(pointer, list)
            return PartitionOffset.rows(of: list)
        }
    }

    /// Fetches them again, from behind what was drained last.
    ///
    /// - Returns: the same rows, with the error of each.
    package func resume(_ partitions: [PartitionOffset]) -> [PartitionOffset] {
        PartitionOffset.withList(partitions) { list in
            rd_kafka_resume_partitions(pointer, list)
            return PartitionOffset.rows(of: list)
        }
    }
}
