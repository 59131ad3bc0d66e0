/// The outcome of every record of a producer, in the order in which outcomes become known.
///
/// Bounded by `KafkaProducerConfiguration.deliveryReportLimit`, and no sender ever waits for its reader: when nobody reads fast
/// enough, deliveries are dropped first, the oldest first, then failures, and a report of kind `.missed` stands in their place
/// with exact counts. What must not be missed is awaited with `send`, or by a `KafkaPendingDelivery`.
///
/// It ends when the producer is closed, or released, behind the report of the last record; or when the task that reads is
/// cancelled.
public struct KafkaDeliveryReports: AsyncSequence, Sendable {
    /// A report.
    public typealias Element = KafkaDeliveryReport
    /// The error of a misuse.
    public typealias Failure = KafkaError

    let buffer: DeliveryReportBuffer

    /// A loop over the reports. One loop at a time: a second one that is alive beside it throws `alreadyIterating`. The next one
    /// goes on where the last one was left.
    public func makeAsyncIterator() -> Iterator {
        Iterator(buffer: buffer)
    }

    /// One loop over the reports.
    public struct Iterator: AsyncIteratorProtocol {
        private let claim: ReaderClaim<DeliveryReportQueue>

        init(buffer: DeliveryReportBuffer) {
            claim = ReaderClaim(buffer.reports)
        }

        /// The next report.
        ///
        /// Suspends until there is one.
        ///
        /// ## Cancellation
        /// Returns nil and loses nothing.
        ///
        /// - Returns: nil behind the last report of a closed producer, or when the task is cancelled.
        /// - Throws: `alreadyIterating`.
        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(KafkaError) -> KafkaDeliveryReport? {
            try await claim.next()
        }
    }
}

extension KafkaProducer {
    /// The outcome of every record from the first access on, with the `context` that its sender gave along.
    ///
    /// ```swift
    /// let reports = producer.deliveryReports
    /// let reader = Task {
    ///     for try await report in reports where report.kind == .failed {
    ///         print(report.error?.description ?? "", report.context ?? "")
    ///     }
    /// }
    /// ```
    ///
    /// Records that a call refuses at once (`clientClosed`, too large, cancelled before it was queued) have no report. A producer
    /// whose reports nobody asks for pays nothing for them. The sequence does not keep the producer alive.
    public var deliveryReports: KafkaDeliveryReports {
        core.deliveryReports.record()
        return KafkaDeliveryReports(buffer: core.deliveryReports)
    }
}
