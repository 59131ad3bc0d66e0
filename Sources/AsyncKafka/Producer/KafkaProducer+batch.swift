extension KafkaProducer {
    /// Sends many records and waits until each has its outcome.
    ///
    /// Suspends until the cluster has acknowledged every record or it has failed. Costs one suspension, however many records
    /// there are, besides those for room.
    ///
    /// ```swift
    /// let results = await producer.send(contentsOf: records)
    /// for (record, result) in zip(records, results) {
    ///     if case .failure(let error) = result { print(record.topic, error) }
    /// }
    /// ```
    ///
    /// While records are handed over the linger governs, so that batches fill; then it is lifted.
    ///
    /// ## Backpressure
    /// There may be more records than the queue takes: it waits for room as `send(_:context:)` does. When `queue.waitLimit` passes
    /// without room, this record and all behind it fail with `queueFull`.
    ///
    /// ## Ordering
    /// Records to one partition keep their order. A record that is refused by itself, such as one that is too large, does not hold
    /// up those behind it.
    ///
    /// ## Cancellation
    /// What is not queued yet is not sent: code `.cancelled`, persistence `.notPersisted`. For what is queued and has no outcome
    /// yet the wait ends: code `.cancelled`, persistence `.possiblyPersisted`, and `pendingDelivery` still resolves. What has its
    /// outcome keeps it.
    ///
    /// - Parameters:
    ///   - records: what to send. Read on the fly; the sequence may be lazy.
    ///   - context: a value of the caller's own that comes back with each record's report in ``deliveryReports``.
    /// - Returns: one result for each record, in the order of the records: what `send(_:context:)` would have returned or thrown.
    public func send(
        contentsOf records: sending some Sequence<KafkaRecord>,
        context: (any Sendable)? = nil
    ) async -> [Result<KafkaDelivery, KafkaError>] {
        await core.send(contentsOf: records, context: context)
    }
}
