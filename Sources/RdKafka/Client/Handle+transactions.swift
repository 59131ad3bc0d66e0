import CRdKafka

// Transactions. All of these block, so they are for threads of our own, and librdkafka takes one of them at a time.
extension Handle {
    /// Gets a producer id, and fences whoever used the same transactional id before.
    package func initTransactions(timeout: Int32) -> EngineError? {
        EngineError(consuming: rd_kafka_init_transactions(pointer, timeout))
    }

    /// Local alone; the broker hears of it with the first record.
    package func beginTransaction() -> EngineError? {
        EngineError(consuming: rd_kafka_begin_transaction(pointer))
    }

    /// Adds a consumer's offsets to the transaction.
    ///
    /// Unlike the other calls it cannot be resumed: running out of time here means that the transaction has to be aborted.
    package func sendOffsets(_ offsets: [PartitionOffset], of group: GroupMetadata, timeout: Int32) -> EngineError? {
        PartitionOffset.withList(offsets) { list in
            EngineError(consuming: rd_kafka_send_offsets_to_transaction(pointer, list, group.pointer, timeout))
        }
    }

    /// Delivers what is queued, then commits. A retriable error means: call it again, it goes on where it was.
    package func commitTransaction(timeout: Int32) -> EngineError? {
        EngineError(consuming: rd_kafka_commit_transaction(pointer, timeout))
    }

    /// Drops what is queued, then aborts. A retriable error means: call it again, it goes on where it was.
    package func abortTransaction(timeout: Int32) -> EngineError? {
        EngineError(consuming: rd_kafka_abort_transaction(pointer, timeout))
    }

    /// Who this consumer is in its group now; nil if it is in none.
    package func groupMetadata() -> GroupMetadata? {
        rd_kafka_consumer_group_metadata(pointer).map { GroupMetadata($0) }
    }
}

/// A consumer's place in its group at one moment: group, member and generation.
///
/// `@unchecked Sendable`: it is never changed.
package final class GroupMetadata: @unchecked Sendable {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        rd_kafka_consumer_group_metadata_destroy(pointer)
    }
}
