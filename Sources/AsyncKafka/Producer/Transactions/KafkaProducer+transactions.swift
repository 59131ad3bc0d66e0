extension KafkaProducer {
    /// Runs `body` in a transaction: what it sends becomes visible as a whole when it returns, or never.
    ///
    /// ```swift
    /// try await producer.withTransaction { transaction in
    ///     try await transaction.send(KafkaRecord(topic: "accounts", key: "alice", value: "-10"))
    ///     try await transaction.send(KafkaRecord(topic: "accounts", key: "bob", value: "+10"))
    /// }
    /// ```
    ///
    /// Commits when `body` returns; aborts when it throws, and when the task is cancelled by then. The first transaction also
    /// initialises the producer, which fences an older one with the same `transactionalID`. Transactions of one producer run one
    /// after another, first come first served; the wait for a turn has no time limit, and ends with the task's cancellation.
    ///
    /// Calls to the cluster that fail for a passing reason are made again until `timeout`; `body` itself is run once.
    ///
    /// ## Cancellation
    /// Before `body` runs: `cancelled`, nothing was sent. During `body`: what it awaits is cancelled, and the transaction aborted. Once
    /// the commit has begun: no effect.
    ///
    /// - Parameters:
    ///   - timeout: how long initialising, adding offsets, committing and aborting may take, each; nil is the configuration's
    ///     `transactionTimeout`.
    ///   - isolation: the actor that `body` runs on: the caller's, unless said otherwise.
    ///   - body: what belongs together.
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws, once the transaction is aborted. `transactionAborted` when it could not be committed and was
    ///   aborted: nothing of it is visible, and the same transaction may be run again if `isRetriable`.
    ///   `transactionOutcomeUnknown` when the commit was not acknowledged within `timeout`: it may be committed, and the producer
    ///   goes on with it before its next transaction, and logs what came out. If the transaction has offsets, do not read on with
    ///   their consumer: it cannot tell which messages are done, but a new one can. `fenced` when another producer has taken over this `transactionalID`, or the
    ///   transaction took longer than its timeout; `fatal`; both mean that this producer is of no more use. `timedOut` or what a
    ///   broker said when the producer could not be initialised. `invalidState` for a producer without `transactionalID`;
    ///   `cancelled`; `clientClosed`.
    /// - Source: librdkafka's transactional producer API (rdkafka.h), KIP-98, KIP-447.
    @discardableResult
    public func withTransaction<Result>(
        timeout: Duration? = nil,
        isolation: isolated (any Actor)? = #isolation,
        _ body: (KafkaTransaction) async throws -> Result
    ) async throws -> Result {
        try await runTransaction(timeout: timeout, isPatient: false, body)
    }

    func runTransaction<Result>(
        timeout: Duration?,
        isPatient: Bool,
        isolation: isolated (any Actor)? = #isolation,
        _ body: (KafkaTransaction) async throws -> Result
    ) async throws -> Result {
        let transactions = try core.requireTransactions()
        let limit = timeout ?? transactions.timeout
        try await transactions.begin(timeout: limit)
        let transaction = KafkaTransaction(core)
        let result: Result
        do {
            result = try await body(transaction)
        } catch {
            guard let error = error as? KafkaError, error.requiresAbort, transaction.gate.failure != nil else {
                await core.abort(transaction, timeout: limit)
                throw error
            }
            throw await core.abort(transaction, failedBy: error, timeout: limit)
        }
        guard !Task.isCancelled else {
            await core.abort(transaction, timeout: limit)
            throw KafkaError(.cancelled, "the task was cancelled before its transaction was committed: it was aborted")
        }
        try await core.commit(transaction, timeout: limit, isPatient: isPatient)
        return result
    }
}
