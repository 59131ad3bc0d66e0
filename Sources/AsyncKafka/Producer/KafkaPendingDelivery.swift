import RdKafka
import Synchronization

/// The outcome of a record that is on its way.
///
/// It resolves once, whether anybody awaits it or not, and can be awaited by several tasks, at any time, as often as they like.
/// Dropping it does not take the record back; a failure that nobody has asked for is logged then, and counted in the report of
/// `close`.
public final class KafkaPendingDelivery: Sendable {
    private typealias Outcome = Result<KafkaDelivery, KafkaError>

    /// Where the record is; let go of with the outcome, so that nobody keeps a closed client's thread.
    private struct Source {
        let core: ProducerCore
        let ticket: ProducerTicket
    }

    private struct Content {
        var outcome: Outcome?
        var source: Source?
        var waiting: [UInt64: Suspension<Outcome?>] = [:]
        var lastID: UInt64 = 0
        /// Where a failure is counted that nobody has asked for yet.
        var unobserved: UnobservedFailures?
    }

    private let content: InlineLock<Content>
    /// The topic of the record.
    public let topic: String

    init(topic: String, core: ProducerCore, ticket: ProducerTicket) {
        self.topic = topic
        content = InlineLock(Content(source: Source(core: core, ticket: ticket)))
    }

    deinit {
        let dropped = content.withLock { content -> (UnobservedFailures, KafkaError)? in
            guard let unobserved = content.unobserved, case .failure(let error) = content.outcome else { return nil }
            return (unobserved, error)
        }
        if let (unobserved, error) = dropped { unobserved.wasDropped(error) }
    }

    /// Waits for the record's outcome.
    ///
    /// Suspends until the cluster has acknowledged the record or the producer has given it up, which is no later than the
    /// delivery timeout; returns at once if that has happened. The record does not wait for the linger while it is awaited.
    ///
    /// ## Cancellation
    /// Ends the wait, not the delivery: code `.cancelled`, persistence `.possiblyPersisted`; this object can be awaited again.
    ///
    /// - Throws: What `KafkaProducer.send(_:context:)` would have thrown.
    public var delivery: KafkaDelivery {
        get async throws(KafkaError) {
            let (known, source, id) = content.withLock { content in
                content.lastID += 1
                return (observe(&content), content.source, content.lastID)
            }
            if let known { return try known.get() }
            if let source { source.core.countAwaiting(source.ticket, by: 1) }
            let outcome = await withTaskCancellationHandler {
                await suspend { (suspension: Suspension<Outcome?>) in
                    register(suspension, id: id)
                }
            } onCancel: {
                content.withLock { $0.waiting.removeValue(forKey: id) }?.resume(returning: nil)
            }
            guard let outcome else {
                if let source { source.core.countAwaiting(source.ticket, by: -1) }
                throw .cancelledOnItsWay(self)
            }
            return try outcome.get()
        }
    }

    private func register(_ suspension: Suspension<Outcome?>, id: UInt64) {
        enum Action {
            case none
            case resume(Outcome?)
        }
        let action = content.withLock { content -> Action in
            if let outcome = observe(&content) { return .resume(outcome) }
            // The flag is set before the handler runs: a handler that was too early is seen here.
            if Task.isCancelled { return .resume(nil) }
            content.waiting[id] = suspension
            return .none
        }
        if case .resume(let outcome) = action { suspension.resume(returning: outcome) }
    }

    /// The outcome, which somebody has asked for now.
    private func observe(_ content: inout Content) -> Outcome? {
        content.unobserved?.wasObserved()
        content.unobserved = nil
        return content.outcome
    }

    func resolve(_ outcome: Result<KafkaDelivery, KafkaError>) {
        let waiting = content.withLock { content -> [Suspension<Outcome?>] in
            guard content.outcome == nil else { return [] }
            content.outcome = outcome
            let unobserved = content.source?.core.unobserved
            content.source = nil
            defer { content.waiting = [:] }
            if content.waiting.isEmpty, case .failure = outcome {
                content.unobserved = unobserved
                unobserved?.arose()
            }
            return Array(content.waiting.values)
        }
        for suspension in waiting { suspension.resume(returning: outcome) }
    }
}
