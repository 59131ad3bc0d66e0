import RdKafka

/// The bounded queue between the client's thread and whoever reads the delivery reports. The thread never waits.
final class DeliveryReportBuffer: Sendable {
    private struct State {
        var queue: DeliveryReportQueue
        var isFinished = false
        var lastReader: UInt64 = 0
        /// The loop that reads.
        var reader: UInt64?
        /// The task of that loop, while there is nothing to read.
        var parked: (id: UInt64, suspension: Suspension<Void>)?
        var lastPark: UInt64 = 0

        mutating func unpark(_ id: UInt64? = nil) -> Suspension<Void>? {
            guard let parked, id == nil || parked.id == id else { return nil }
            self.parked = nil
            return parked.suspension
        }
    }

    private let state: Locked<State>
    private let recording = Flag()

    init(limit: Int) {
        state = Locked(State(queue: DeliveryReportQueue(limit: limit)))
    }

    /// Whether somebody has asked for the reports: all that others pay is this look.
    var isRecording: Bool { recording.isRaised }

    func record() {
        recording.raise()
    }

    func append(_ reports: [KafkaDeliveryReport]) {
        let (reader, dropped) = state.withLock { state in
            let dropped = reports.compactMap { state.queue.append($0) }
            return (state.unpark(), dropped)
        }
        reader?.resume(returning: ())
        // Freed out here: the last reference to a context may go with it.
        withExtendedLifetime(dropped) {}
    }

    /// No report comes any more.
    func finish() {
        let reader = state.withLock { state in
            state.isFinished = true
            return state.unpark()
        }
        reader?.resume(returning: ())
    }

    func makeReader() -> UInt64 {
        state.withLock { state in
            state.lastReader += 1
            return state.lastReader
        }
    }

    func releaseReader(_ id: UInt64) {
        state.withLock { if $0.reader == id { $0.reader = nil } }
    }

    /// The next report; nil at the end, and in a cancelled task.
    func next(reader: UInt64) async throws(KafkaError) -> KafkaDeliveryReport? {
        enum Step {
            case report(KafkaDeliveryReport?)
            case wait(UInt64)
            case busy
        }
        while true {
            let step = state.withLock { state -> Step in
                if let current = state.reader, current != reader { return .busy }
                state.reader = reader
                if Task.isCancelled { return .report(nil) }
                if let report = state.queue.take() { return .report(report) }
                if state.isFinished { return .report(nil) }
                if state.parked != nil { return .busy }
                state.lastPark += 1
                return .wait(state.lastPark)
            }
            switch step {
            case .report(let report): return report
            case .busy: throw KafkaError(.alreadyIterating, "another loop reads this producer's delivery reports")
            case .wait(let id): await park(id)
            }
        }
    }

    private func park(_ id: UInt64) async {
        await withTaskCancellationHandler {
            await suspend { (suspension: Suspension<Void>) in
                let mustGoOn = state.withLock { state in
                    if Task.isCancelled || state.isFinished || !state.queue.isEmpty || state.parked != nil {
                        return true
                    }
                    state.parked = (id, suspension)
                    return false
                }
                if mustGoOn { suspension.resume(returning: ()) }
            }
        } onCancel: {
            state.withLock { $0.unpark(id) }?.resume(returning: ())
        }
    }
}

extension ProducerCore {
    /// Runs on the client's thread, with the reports of one event.
    nonisolated func record(
        _ reports: [Event.DeliveryReport],
        _ outcomes: [DeliveryOutcome],
        _ topics: [String],
        _ contexts: [ProducerTicket: any Sendable]
    ) {
        deliveryReports.append(
            zip(reports, zip(outcomes, topics)).map { report, place in
                let (outcome, topic) = place
                return
                    KafkaDeliveryReport(
                        topic: topic,
                        context: contexts.isEmpty ? nil : contexts[ProducerTicket(opaque: report.opaque)],
                        result: result(outcome, topic: topic)
                    )
            }
        )
    }
}
