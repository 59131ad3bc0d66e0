import RdKafka

/// Reads a consumer's messages in batches. What it did not finish comes again, in the next loop, unless it is marked or committed by
/// then.
final class BatchReader: Sendable {
    private let core: ConsumerCore
    private let id: UInt64
    private let maxCount: Int
    private let maxWait: Duration?

    /// - Parameter maxWait: how long to wait for a full batch from the moment on in which there is a first message; nil takes what is
    ///   there.
    init(_ core: ConsumerCore, maxCount: Int, maxWait: Duration? = nil) {
        self.core = core
        self.maxCount = maxCount
        self.maxWait = maxWait
        id = core.delivery.withLock { $0.makeReader() }
    }

    /// The next batch; the one before is finished. Nil when the consumer is closed or the task is cancelled.
    func next(isolation: isolated (any Actor)? = #isolation) async throws(KafkaError) -> [KafkaMessage]? {
        guard maxCount > 0 else {
            throw KafkaError(.invalidArgument, "`maxCount` is \(maxCount): a batch has at least one message")
        }
        var deadline: ContinuousClock.Instant?
        while true {
            let isFullWanted = maxWait != nil && (deadline.map { $0 > .now } ?? true)
            let (task, isCancelled) = currentTask()
            let action = core.delivery.withLock {
                $0.nextBatch(
                    reader: id,
                    task: task,
                    maxCount: maxCount,
                    minCount: isFullWanted ? maxCount : 1,
                    isCancelled: isCancelled
                )
            }
            core.serve(action)
            switch action.step {
            case .deliver(let messages):
                core.lastDelivery.note()
                return messages
            case .fetch:
                // A revoke may have taken away what was there.
                if action.available == 0 { deadline = nil }
                if let maxWait, action.available > 0, deadline == nil { deadline = .after(maxWait) }
                await core.fill(reader: id, seen: action.revision, until: deadline)
            case .end:
                return nil
            case .failed(let error):
                throw error
            }
        }
    }

    deinit {
        if core.delivery.withLock({ $0.releaseReader(id) }) { core.wake() }
    }
}
