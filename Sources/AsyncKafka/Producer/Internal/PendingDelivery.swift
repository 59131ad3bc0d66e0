import RdKafka
import Synchronization

/// What stands for a record that is on its way: behind a `KafkaPendingDelivery`, whoever awaits it, and the record's slot.
///
/// One whom only the slot holds when its record is delivered stands for another record next (`ProducerStateMachine.takeSpare`):
/// an allocation for each record, which another thread frees, is a third of what a queued record costs.
final class PendingDelivery: Sendable {
    private typealias Outcome = Result<KafkaDelivery, KafkaError>

    /// Where the record is; let go of with the outcome, so that nobody keeps a closed client's thread.
    private struct Source {
        let core: ProducerCore
        var ticket: ProducerTicket
    }

    private struct Content {
        var topic: String
        var outcome: Outcome?
        var source: Source?
        var waiting: [UInt64: Suspension<Outcome?>] = [:]
        var lastID: UInt64 = 0
        /// Where a failure is counted that nobody has asked for yet.
        var unobserved: UnobservedFailures?
    }

    private let content: InlineLock<Content>

    init(topic: String, core: ProducerCore, ticket: ProducerTicket) {
        content = InlineLock(Content(topic: topic, source: Source(core: core, ticket: ticket)))
    }

    deinit {
        let dropped = content.withLock { content -> (UnobservedFailures, KafkaError)? in
            guard let unobserved = content.unobserved, case .failure(let error) = content.outcome else { return nil }
            return (unobserved, error)
        }
        if let (unobserved, error) = dropped { unobserved.wasDropped(error) }
    }

    var topic: String { content.withLock { $0.topic } }

    /// Stands for another record of the same producer from now on. Only for one that nobody else holds.
    func standFor(_ ticket: ProducerTicket, topic: String) {
        content.withLock { content in
            content.source?.ticket = ticket
            if content.topic != topic { content.topic = topic }
        }
    }

    var delivery: KafkaDelivery {
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
                throw .cancelledOnItsWay(KafkaPendingDelivery(self))
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

extension PendingDelivery: Reusable {
    static func isUnused(_ value: inout PendingDelivery?) -> Bool { isKnownUniquelyReferenced(&value) }
}
