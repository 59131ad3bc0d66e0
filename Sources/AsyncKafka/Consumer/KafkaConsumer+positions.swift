extension KafkaConsumer {
    /// The offset of the message that a loop gets next from this partition.
    ///
    /// It is this consumer's own: a message counts as passed when a loop is given it, whether it is processed or not. Behind the last
    /// message it may lie further than one, as markers of transactions have offsets too.
    ///
    /// - Returns: nil if the partition is not assigned, or where to begin is still being asked for.
    public func position(of partition: KafkaTopicPartition) async -> Int64? {
        await core.position(of: partition)
    }

    /// The positions of all assigned partitions, as far as they are known.
    public var positions: [KafkaTopicPartition: Int64] {
        get async { await core.positions }
    }

    /// Asks where the log of a partition begins and ends. The partition need not be assigned.
    ///
    /// Suspends until its leader has answered.
    ///
    /// ## Cancellation
    /// Ends the wait with `cancelled`.
    ///
    /// - Parameters:
    ///   - partition: any partition of the cluster.
    ///   - timeout: how long to wait for brokers at most.
    /// - Throws: `unknownTopicOrPartition`, `unknownPartition`; `timedOut`, `transport` and `leaderNotAvailable`, retriable, when no
    ///   leader answers; `topicAuthorizationFailed`; `cancelled`; `clientClosed`.
    public func watermarks(
        of partition: KafkaTopicPartition,
        timeout: Duration = .seconds(30)
    ) async throws(KafkaError) -> KafkaWatermarks {
        let watermarks = try await watermarks(of: [partition], timeout: timeout)
        guard let watermarks = watermarks[partition] else {
            throw KafkaError(.unknownPartition, "no broker knows \(partition)").at(partition)
        }
        return watermarks
    }

    /// Asks where the logs of partitions begin and end: one request for all partitions that a broker leads.
    ///
    /// - Parameters:
    ///   - partitions: any partitions of the cluster.
    ///   - timeout: how long to wait for brokers at most.
    /// - Throws: as `watermarks(of:timeout:)` of one partition, with the first that failed in `topicPartition`.
    public func watermarks(
        of partitions: [KafkaTopicPartition],
        timeout: Duration = .seconds(30)
    ) async throws(KafkaError) -> [KafkaTopicPartition: KafkaWatermarks] {
        try await core.watermarks(of: partitions, deadline: .after(timeout))
    }

    /// Asks for the first message of each partition that is not older than a time, by its timestamp.
    ///
    /// Suspends until the leaders have answered. The partitions need not be assigned.
    ///
    /// ## Cancellation
    /// Ends the wait with `cancelled`.
    ///
    /// - Parameters:
    ///   - timestamp: the time; its kind is not looked at, the topic's is.
    ///   - partitions: any partitions of the cluster.
    ///   - timeout: how long to wait for brokers at most.
    /// - Returns: the offsets; a partition in which all messages are older has none.
    /// - Throws: as `watermarks(of:timeout:)`; `invalidArgument` for a time before 1970.
    /// - Source: KIP-79.
    public func offsets(
        for timestamp: KafkaTimestamp,
        in partitions: [KafkaTopicPartition],
        timeout: Duration = .seconds(30)
    ) async throws(KafkaError) -> [KafkaTopicPartition: Int64] {
        guard timestamp.millisecondsSince1970 >= 0 else {
            throw KafkaError(.invalidArgument, "the time lies before 1970, where no message has one")
        }
        let time = timestamp.millisecondsSince1970
        return try await core.offsets(
            Dictionary(partitions.map { ($0, time) }, uniquingKeysWith: { first, _ in first }),
            deadline: .after(timeout)
        )
        .filter { $0.value >= 0 }
    }
}
