import RdKafka

/// The bounded queue between the client's thread and whoever reads the delivery reports. The thread never waits.
final class DeliveryReportBuffer: Sendable {
    let reports: ReaderBuffer<DeliveryReportQueue>
    private let recording = Flag()

    init(limit: Int) {
        reports = ReaderBuffer(DeliveryReportQueue(limit: limit), of: "this producer's delivery reports")
    }

    /// Whether somebody has asked for the reports: all that others pay is this look.
    var isRecording: Bool { recording.isRaised }

    func record() {
        recording.raise()
    }

    func append(_ new: [KafkaDeliveryReport]) {
        let dropped = reports.update { queue in new.compactMap { queue.append($0) } }
        // Freed out here: the last reference to a context may go with it.
        withExtendedLifetime(dropped) {}
    }

    /// No report comes any more.
    func finish() {
        reports.finish()
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
