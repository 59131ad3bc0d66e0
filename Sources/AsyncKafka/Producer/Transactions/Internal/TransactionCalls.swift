import Dispatch
import RdKafka

/// librdkafka's blocking calls of a transactional producer. Tests put a script in their place.
protocol TransactionEngine: Sendable {
    associatedtype Group

    func initTransactions(timeout: Int32) -> EngineError?
    func beginTransaction() -> EngineError?
    func sendOffsets(_ offsets: [PartitionOffset], of group: Group, timeout: Int32) -> EngineError?
    func commitTransaction(timeout: Int32) -> EngineError?
    func abortTransaction(timeout: Int32) -> EngineError?
}

extension Handle: TransactionEngine {}

/// Sequences of those calls: what is retriable is called again until a deadline, what is not is told with what to do.
///
/// They block, and run on the coordinator's own thread.
struct TransactionCalls<Engine: TransactionEngine>: Sendable {
    let engine: Engine
    let transactionalID: String
    /// Raised once the producer has no time left: nothing is tried again.
    let stop: DispatchSemaphore

    /// How long the wait between two attempts is at first and at most: `retry.backoff.ms` of the Java client, ten times that.
    private static var firstBackoff: Int { 100 }
    private static var longestBackoff: Int { 1000 }

    // MARK: Sequences

    /// Pays the debt, then begins a transaction.
    ///
    /// - Returns: `.begun`, or what is still to be done and why.
    func prepare(_ debt: TransactionDebt, deadline: ContinuousClock.Instant) -> TransactionEnd {
        let left = settle(debt, deadline: deadline)
        if let error = left.error, left.fatal == nil, debt != .initialise {
            // It is another transaction's, not that of the caller, who has sent nothing.
            let earlier = KafkaError(.timedOut, "an earlier transaction of this producer is not finished yet")
            return TransactionEnd(debt: left.debt, error: earlier.asRetriable().causedBy(error))
        }
        guard left.error == nil, left.debt == .none else { return left }
        let error = engine.beginTransaction()
        return TransactionEnd(debt: error == nil ? .begun : .none, error: error.map { told($0) })
    }

    /// Does what an earlier transaction has left to do.
    func settle(_ debt: TransactionDebt, deadline: ContinuousClock.Instant) -> TransactionEnd {
        switch debt {
        case .none, .begun:
            return TransactionEnd(debt: debt)
        case .initialise:
            let error = attempt(deadline, engine.initTransactions)
            return TransactionEnd(debt: error == nil ? .none : .initialise, error: error.map { told($0) })
        case .commit:
            var end = commit(deadline: deadline)
            // Aborted is settled as well: whoever committed was told that it was not known.
            if end.debt == .none, end.fatal == nil { end.error = nil }
            return end
        case .abort:
            return abort(deadline: deadline)
        }
    }

    /// Adds offsets to the transaction.
    func sendOffsets(_ offsets: [PartitionOffset], of group: Engine.Group, deadline: ContinuousClock.Instant)
        -> KafkaError?
    {
        attempt(deadline) { engine.sendOffsets(offsets, of: group, timeout: $0) }.map { told($0) }
    }

    /// Commits; aborts if that is what is left.
    func commit(deadline: ContinuousClock.Instant) -> TransactionEnd {
        guard let error = attempt(deadline, engine.commitTransaction) else { return TransactionEnd(debt: .none) }
        if error.isFatal {
            let told = told(error)
            return TransactionEnd(
                debt: .none,
                error: told.saying("\(told.message); whether this transaction was committed is not known")
            )
        }
        if error.requiresAbort {
            // That is little work, and leaves the producer ready for the next transaction.
            let left = abort(deadline: max(deadline, .now + .seconds(1)))
            if let fatal = left.fatal { return TransactionEnd(debt: .none, error: fatal) }
            return TransactionEnd(debt: left.debt, error: .transactionAborted(causedBy: KafkaError(error)))
        }
        let unknown = KafkaError(
            .transactionOutcomeUnknown,
            "the commit was not acknowledged in time: the transaction may be committed or not"
        ).causedBy(KafkaError(error))
        // What librdkafka neither retries nor aborts leaves its producer in a state that nothing leads out of.
        return error.isRetriable
            ? TransactionEnd(debt: .commit, error: unknown) : TransactionEnd(debt: .none, error: unknown.asFatal())
    }

    /// Aborts.
    func abort(deadline: ContinuousClock.Instant) -> TransactionEnd {
        guard let error = attempt(deadline, engine.abortTransaction) else { return TransactionEnd(debt: .none) }
        if error.isFatal { return TransactionEnd(debt: .none, error: told(error)) }
        return TransactionEnd(debt: .abort, error: told(error))
    }

    // MARK: One call

    /// Calls until it succeeds, fails for good, or the time is over.
    private func attempt(_ deadline: ContinuousClock.Instant, _ call: (Int32) -> EngineError?) -> EngineError? {
        var backoff = Self.firstBackoff
        while true {
            // Not less than a second: librdkafka may mistake the late result of a call for the next one's
            // (rdkafka.h, rd_kafka_commit_transaction).
            let remaining = min(max(deadline - .now, .seconds(1)), .longest)
            guard let error = call(Int32(clamping: remaining.wholeMilliseconds)) else { return nil }
            guard error.isRetriable, !error.requiresAbort, !error.isFatal else { return error }
            guard ContinuousClock.now + .milliseconds(backoff) < deadline else { return error }
            if stop.wait(timeout: .now() + .milliseconds(backoff)) == .success {
                stop.signal()
                return error
            }
            backoff = min(backoff * 2, Self.longestBackoff)
        }
    }

    /// What the caller is to do.
    private func told(_ error: EngineError) -> KafkaError {
        error.isFatal ? .fatalProducer(error, transactionalID: transactionalID) : KafkaError(error)
    }
}

extension KafkaError {
    static func transactionAborted(causedBy cause: KafkaError) -> KafkaError {
        let error = KafkaError(
            .transactionAborted,
            "the transaction was aborted, nothing of it is visible to readers of committed data: \(cause.message)"
        ).causedBy(cause).atPlace(of: cause)
        let passes =
            cause.isRetriable || cause.isOfMembership
            || [.staleMessage, .outOfOrderSequence, .unknownProducerID, .invalidProducerIDMapping].contains(cause.code)
        return passes ? error.asRetriable() : error
    }
}
