import RdKafka

extension KafkaConsumer {
    /// Stops delivering messages of these partitions, until `resume(_:)`. The consumer stays their owner.
    ///
    /// Suspends until librdkafka fetches no more of them. After that no loop is given a message of theirs; what was read ahead is
    /// held back and comes first, in order, when they go on. The message in hand may be finished, marked and committed.
    ///
    /// A pause belongs to the partition's name: one that is not assigned yet, or is taken away and comes back, is paused when it
    /// comes. Pausing twice is pausing once. It is not free: what librdkafka has fetched of the partition, beyond what is held back,
    /// is fetched again after `resume(_:)`.
    ///
    /// ## Cancellation
    /// Has no effect.
    ///
    /// - Parameter partitions: which ones, of any topic.
    /// - Throws: `clientClosed`.
    public func pause(_ partitions: some Sequence<KafkaTopicPartition>) async throws(KafkaError) {
        try await core.pause(Array(partitions))
    }

    /// Goes on with these partitions: with what was held back of them, then with what follows.
    ///
    /// Suspends until librdkafka fetches them again. Partitions that are not paused are left as they are.
    ///
    /// ## Cancellation
    /// Has no effect.
    ///
    /// - Parameter partitions: which ones.
    /// - Throws: `clientClosed`.
    public func resume(_ partitions: some Sequence<KafkaTopicPartition>) async throws(KafkaError) {
        try await core.resume(Array(partitions))
    }

    /// The partitions that are paused, whether they are assigned now or not; sorted.
    public var paused: [KafkaTopicPartition] {
        core.delivery.withLock { $0.paused }.sorted()
    }
}
