import RdKafka

extension KafkaConsumer {
    /// Reads, transforms and writes, exactly once: what `body` sends for a batch of messages, and the offsets of these messages, are
    /// committed together or not at all.
    ///
    /// ```swift
    /// try await consumer.processInTransactions(of: producer) { messages, transaction in
    ///     for message in messages {
    ///         try await transaction.send(KafkaRecord(topic: "paid", key: message.key, value: message.value))
    ///     }
    /// }
    /// ```
    ///
    /// Runs until the task is cancelled, the consumer is closed, or something is thrown. A batch is what has gathered during the
    /// last transaction, so that batches grow with the load and a lone message does not wait.
    ///
    /// ## Rebalances
    /// A partition that the group takes back is held until the open transaction is over, at most for the configuration's
    /// `revokeTimeout`; what is not committed by then is aborted. After an abort that a rebalance or another passing reason has caused,
    /// `body` is called again with those messages of the batch that are still this consumer's; the others are processed by
    /// whoever reads them now. So `body` should have no other effect than what it sends.
    ///
    /// ## Cancellation
    /// Between batches it returns. Within a batch, what `body` awaits is cancelled, the transaction aborted, and the error thrown.
    ///
    /// - Parameters:
    ///   - producer: a producer with a `transactionalID` of its own. Nobody else should have transactions with it meanwhile.
    ///   - maxCount: how many messages a transaction has at most.
    ///   - timeout: as of `KafkaProducer.withTransaction`. A commit that is not acknowledged in time is waited for beyond it, as its
    ///     messages can neither be repeated nor skipped before that is known.
    ///   - isolation: the actor that `body` runs on: the caller's, unless said otherwise.
    ///   - body: sends what belongs to these messages. They come in the order of each partition, partitions mixed.
    /// - Throws: what `body` throws, once the transaction is aborted: its messages come again, in the next loop of this consumer or
    ///   to whoever reads them next. `invalidState` when the consumer's `offsetPolicy` is not `.manual` or its `isolationLevel` not
    ///   `.readCommitted`, or the producer has no transactions. `transactionAborted` when it failed for a reason that does
    ///   not pass. `timedOut` when brokers do not answer for longer than `timeout`: nothing is lost, call it again. `fenced` and
    ///   `fatal` of the producer, and `transactionOutcomeUnknown` when it was cancelled or the producer closed before that was
    ///   known: if the commit had begun they end this consumer too, as it cannot tell which messages are done; a new one can.
    ///   `alreadyIterating`; what ends `messages`.
    /// - Source: KIP-98 and KIP-447.
    public func processInTransactions(
        of producer: KafkaProducer,
        maxCount: Int = 1000,
        timeout: Duration? = nil,
        isolation: isolated (any Actor)? = #isolation,
        _ body: ([KafkaMessage], KafkaTransaction) async throws -> Void
    ) async throws {
        guard maxCount > 0 else {
            throw KafkaError(.invalidArgument, "`maxCount` is \(maxCount): a transaction has at least one message")
        }
        try core.checkTransactional()
        _ = try producer.core.requireTransactions()
        let batches = BatchReader(core, maxCount: maxCount)
        while let messages = try await batches.next() {
            try await process(messages, with: producer, timeout: timeout, body)
        }
    }

    /// One batch, as often as it takes.
    private func process(
        _ messages: [KafkaMessage],
        with producer: KafkaProducer,
        timeout: Duration?,
        isolation: isolated (any Actor)? = #isolation,
        _ body: ([KafkaMessage], KafkaTransaction) async throws -> Void
    ) async throws {
        var failures = 0
        var attempts = 0
        // Far longer than a member takes to hear that its partitions are gone.
        let patience = ContinuousClock.Instant.after(max(core.sessionTimeout, core.revokeTimeout) * 2)
        while true {
            var isBodyDone = false
            // What is not ours any more is processed by its new owner.
            let current = messages.filter(\.isCurrent)
            guard !current.isEmpty else { return }
            do {
                return try await producer.runTransaction(timeout: timeout, isPatient: true) { transaction in
                    try await body(current, transaction)
                    isBodyDone = true
                    try transaction.commitOffsets(of: current, from: self)
                }
            } catch let error as KafkaError where error.isOfPassingAbort {
                if !error.isOfRebalance { failures += 1 }
                attempts += 1
                guard failures <= Self.maxFailures, ContinuousClock.now < patience, !Task.isCancelled else {
                    throw error
                }
                let level: KafkaLog.Level = attempts > 1 ? .warning : .info
                core.log.log(level, "TXNRETRY", "a batch of \(current.count) messages is processed again: \(error)")
                await core.waitForRebalance(limit: Self.retryPause)
            } catch let error as KafkaError where isBodyDone && error.leavesOffsetsUnknown {
                // Neither repeated nor skipped here: the committed offsets tell the next consumer.
                await core.fail(error)
                throw error
            }
        }
    }

    /// Transactions of one batch that may fail for another reason than a rebalance.
    private static var maxFailures: Int { 3 }
    /// How long the group has to tell a member that its partitions are gone, until the batch is tried again.
    private static var retryPause: Duration { .milliseconds(500) }
}

extension KafkaError {
    /// Whether a transaction was aborted, or has to be, for a reason that the next attempt may not meet.
    fileprivate var isOfPassingAbort: Bool {
        isRetriable && code == .transactionAborted || code == .staleMessage
    }

    /// Whether the group's changes are that reason.
    fileprivate var isOfRebalance: Bool {
        if code == .staleMessage || isOfMembership { return true }
        return (underlyingError as? KafkaError)?.isOfRebalance ?? false
    }

    /// Whether it is not known if the offsets of the batch are committed.
    fileprivate var leavesOffsetsUnknown: Bool {
        code == .transactionOutcomeUnknown || isFatal
    }
}
