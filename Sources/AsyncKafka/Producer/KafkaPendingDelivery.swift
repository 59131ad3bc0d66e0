import RdKafka

/// The outcome of a record that is on its way.
///
/// It resolves once, whether anybody awaits it or not, and can be awaited by several tasks, at any time, as often as they like.
/// Dropping it does not take the record back.
public final class KafkaPendingDelivery: Sendable {
    private enum State {
        case waiting([UInt64: Suspension<Result<KafkaDelivery, KafkaError>?>])
        case resolved(Result<KafkaDelivery, KafkaError>)
    }

    private struct Content {
        var state = State.waiting([:])
        var nextID: UInt64 = 0
    }

    private let content = Locked(Content())
    /// The topic of the record.
    public let topic: String

    init(topic: String) {
        self.topic = topic
    }

    /// Waits for the record's outcome.
    ///
    /// Suspends until the cluster has acknowledged the record or the producer has given it up, which is no later than the
    /// delivery timeout; returns at once if that has happened.
    ///
    /// ## Cancellation
    /// Ends the wait with code `.cancelled`, not the delivery; this object can be awaited again.
    ///
    /// - Throws: What `KafkaProducer.send(_:)` would have thrown.
    public var delivery: KafkaDelivery {
        get async throws(KafkaError) {
            let id = content.withLock { content in
                content.nextID += 1
                return content.nextID
            }
            let result = await withTaskCancellationHandler {
                await suspend { (suspension: Suspension<Result<KafkaDelivery, KafkaError>?>) in
                    register(suspension, id: id)
                }
            } onCancel: {
                cancel(id)
            }
            guard let result else {
                throw KafkaError(.cancelled, "the wait for the delivery was cancelled; the record is still on its way")
                    .with(self)
            }
            return try result.get()
        }
    }

    private func register(_ suspension: Suspension<Result<KafkaDelivery, KafkaError>?>, id: UInt64) {
        enum Action {
            case none
            case resume(Result<KafkaDelivery, KafkaError>?)
        }
        let action = content.withLock { content -> Action in
            switch content.state {
            case .resolved(let result):
                return .resume(result)
            case .waiting(var waiting):
                // The flag is set before the handler runs: a handler that was too early is seen here.
                if Task.isCancelled { return .resume(nil) }
                waiting[id] = suspension
                content.state = .waiting(waiting)
                return .none
            }
        }
        if case .resume(let result) = action { suspension.resume(returning: result) }
    }

    private func cancel(_ id: UInt64) {
        let suspension = content.withLock { content -> Suspension<Result<KafkaDelivery, KafkaError>?>? in
            guard case .waiting(var waiting) = content.state else { return nil }
            let suspension = waiting.removeValue(forKey: id)
            content.state = .waiting(waiting)
            return suspension
        }
        suspension?.resume(returning: nil)
    }

    func resolve(_ result: Result<KafkaDelivery, KafkaError>) {
        let waiting = content.withLock { content -> [Suspension<Result<KafkaDelivery, KafkaError>?>] in
            guard case .waiting(let waiting) = content.state else { return [] }
            content.state = .resolved(result)
            return Array(waiting.values)
        }
        for suspension in waiting { suspension.resume(returning: result) }
    }
}
