/// The reports that wait for their reader, and what was dropped among them.
///
/// A plain value behind the lock of a `ReaderBuffer`. Never more than `limit` reports: successes are dropped first, then
/// failures, the oldest first. Each report knows how many of each kind came before it, so the reader is told exactly how many
/// are missing, and where.
struct DeliveryReportQueue: ReaderQueue {
    struct Counts: Equatable, Sendable {
        var delivered = 0
        var failed = 0

        var all: Int { delivered + failed }

        static func - (left: Counts, right: Counts) -> Counts {
            Counts(delivered: left.delivered - right.delivered, failed: left.failed - right.failed)
        }
    }

    private struct Entry: Sendable {
        let report: KafkaDeliveryReport
        /// Reports that came before this one.
        let before: Counts
    }

    let limit: Int
    private var delivered = Fifo<Entry>()
    private var failed = Fifo<Entry>()
    /// All that ever came.
    private var appended = Counts()
    /// What the reader has got, or was told to be missing.
    private var accounted = Counts()

    init(limit: Int) {
        self.limit = limit
    }

    var isEmpty: Bool { appended == accounted }

    /// Returns what was dropped for it: its context may run code of the application's when it is freed.
    mutating func append(_ report: KafkaDeliveryReport) -> KafkaDeliveryReport? {
        let isFailure = report.kind == .failed
        let entry = Entry(report: report, before: appended)
        if isFailure { appended.failed += 1 } else { appended.delivered += 1 }
        var dropped: KafkaDeliveryReport?
        if delivered.count + failed.count >= limit {
            // Of a queue full of failures, the newcomer is the only success.
            if delivered.isEmpty, !isFailure { return report }
            dropped = (delivered.isEmpty ? failed.removeFirst() : delivered.removeFirst())?.report
        }
        if isFailure { failed.append(entry) } else { delivered.append(entry) }
        return dropped
    }

    /// The next report; what is missing before it comes first.
    mutating func take() -> KafkaDeliveryReport? {
        let nextDelivered = delivered.first
        let nextFailed = failed.first
        let isFailure = (nextFailed?.before.all ?? .max) < (nextDelivered?.before.all ?? .max)
        guard let next = isFailure ? nextFailed : nextDelivered else { return missing(before: appended) }
        if let missing = missing(before: next.before) { return missing }
        if isFailure { accounted.failed += 1 } else { accounted.delivered += 1 }
        return (isFailure ? failed.removeFirst() : delivered.removeFirst())?.report
    }

    private mutating func missing(before counts: Counts) -> KafkaDeliveryReport? {
        guard counts != accounted else { return nil }
        let missing = counts - accounted
        accounted = counts
        return .missed(deliveries: missing.delivered, failures: missing.failed)
    }
}
