import RdKafka

// What a producer's transaction needs of a consumer.
extension ConsumerCore {
    /// A transaction commits this consumer's offsets: nobody else may, and what it reads has to be settled.
    nonisolated func checkTransactional() throws(KafkaError) {
        try requireGroup("a transaction cannot commit its offsets")
        guard delivery.withLock({ $0.policy == .manual }) else {
            throw KafkaError(
                .invalidState,
                "the consumer commits by itself: set its `offsetPolicy` to `.manual`, the transaction commits"
            )
        }
        guard readsCommitted else {
            throw KafkaError(
                .invalidState,
                """
                the consumer reads uncommitted data: set its `isolationLevel` to `.readCommitted`, or what an aborted \
                transaction wrote is processed as well
                """
            )
        }
    }

    /// A message that this consumer has read in an assignment that has not ended.
    nonisolated func checkOwned(_ message: KafkaMessage) throws(KafkaError) {
        guard message.isCurrent else { throw .stale(message.topicPartition) }
        guard delivery.withLock({ $0.owns(message.epoch) }) else {
            throw KafkaError(
                .invalidArgument,
                "the message was read by another consumer: only that one's offsets say so"
            )
            .at(message.topicPartition)
        }
    }

    /// Who this consumer is in its group, as long as it owns these partitions.
    ///
    /// Looked at in this order, so that an assignment that ends meanwhile either is seen here or has made the metadata too old for
    /// the broker, which then refuses the offsets.
    func groupMetadata(for epochs: [PartitionEpoch]) async throws(KafkaError) -> GroupMetadata {
        // While it closes it still waits for the batch in hand, whose transaction this is.
        if isLeaving { throw .clientClosed }
        let handle = handle
        let metadata = await blocking(on: groupCalls) { handle.groupMetadata() }
        if let stale = epochs.first(where: { !$0.isCurrent || assigned[$0.topicPartition] !== $0 }) {
            throw .stale(stale.topicPartition)
        }
        guard let metadata else { throw KafkaError(.invalidState, "the consumer is in no group") }
        return metadata
    }

    /// A transaction has committed these offsets.
    nonisolated func committed(_ offsets: [(epoch: PartitionEpoch, offset: Int64)]) {
        delivery.withLock { delivery in
            for (epoch, offset) in offsets { delivery.committed(epoch, offset) }
        }
    }
}
