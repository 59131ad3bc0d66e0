import RdKafka

// The end of a transaction: the consumers' offsets, then the commit.
extension ProducerCore {
    nonisolated func requireTransactions() throws(KafkaError) -> TransactionCoordinator {
        guard let transactions else {
            throw KafkaError(
                .invalidState,
                "this producer has no transactions: set `transactionalID` in its configuration"
            )
        }
        return transactions
    }

    /// How long an abort waits at most for the first record of its transaction.
    private static var firstRecordLimit: Duration { .seconds(5) }

    /// Aborts a transaction; nothing gets into it any more. Cancellation has no effect.
    nonisolated func abort(_ transaction: KafkaTransaction, timeout: Duration) async {
        guard let transactions else { return }
        await transaction.gate.close()
        if transaction.gate.hasBeenEntered, machine.withLock({ $0.delivered }) == transaction.deliveredBefore {
            // While the coordinator completes the transaction before, it does not take the partitions of this one yet;
            // librdkafka counts them as added all the same and would end a transaction that the broker knows nothing of, which is
            // fatal (INVALID_TXN_STATE; measured, rdkafka_txnmgr.c). A delivered record proves that they were added.
            _ = await Task { [self] in
                try? await flush(deadline: .after(min(timeout, Self.firstRecordLimit)))
            }.value
        }
        await transactions.abort(timeout: timeout)
    }

    /// Aborts a transaction that librdkafka has given up, and says why. It cannot be committed any more, so an attempt at that
    /// brings out the reason, and aborts it.
    nonisolated func abort(
        _ transaction: KafkaTransaction,
        failedBy error: KafkaError,
        timeout: Duration
    ) async -> KafkaError {
        guard let transactions else { return error }
        await transaction.gate.close()
        do throws(KafkaError) {
            try await transactions.commit(timeout: timeout, isPatient: false)
            return error
        } catch let reason {
            return reason
        }
    }

    /// Commits a transaction; nothing gets into it any more. On a throw it is aborted, or said not to be.
    nonisolated func commit(_ transaction: KafkaTransaction, timeout: Duration, isPatient: Bool)
        async throws(KafkaError)
    {
        let transactions = try requireTransactions()
        await transaction.gate.close()
        if let failure = transaction.gate.failure {
            await abort(transaction, timeout: timeout)
            throw .transactionAborted(causedBy: failure)
        }
        let inputs = transaction.consumedInputs
        do throws(KafkaError) {
            for input in inputs { try await sendOffsets(of: input, transactions, timeout: timeout) }
        } catch {
            if transactions.isStopped { throw .closedInTransaction }
            guard !error.isFatal else {
                transactions.fail(error)
                throw error
            }
            await abort(transaction, timeout: timeout)
            throw .transactionAborted(causedBy: error)
        }
        try await transactions.commit(timeout: timeout, isPatient: isPatient)
        for input in inputs { input.consumer.committed(input.offsets.values.map { ($0.epoch, $0.offset) }) }
    }

    private nonisolated func sendOffsets(
        of input: KafkaTransaction.Input,
        _ transactions: TransactionCoordinator,
        timeout: Duration
    ) async throws(KafkaError) {
        let group = try await input.consumer.groupMetadata(for: input.offsets.values.map(\.epoch))
        let rows = input.offsets.map { partition, place in
            PartitionOffset(
                topic: partition.topic,
                partition: Int32(clamping: partition.partition),
                offset: place.offset
            )
        }
        try await transactions.sendOffsets(rows, of: group, timeout: timeout)
    }
}
