extension KafkaProducer {
    /// Puts a record into the queue and returns; its delivery can be awaited later, by several tasks, or never.
    ///
    /// Suspends only while the queue is full; until then it stays on its caller's actor. A record that nobody awaits leaves when
    /// its batch is full or the configured linger has passed; awaiting `pending.delivery` lifts the linger, and so do `flush` and `close`.
    ///
    /// ```swift
    /// let pending = try await producer.enqueue(KafkaRecord(topic: "orders", key: "42", value: "paid"))
    /// // …
    /// let delivery = try await pending.delivery
    /// ```
    ///
    /// Dropping the result loses nothing: the record is sent all the same. If it fails and nobody asks, the failure is logged and
    /// counted in the report of `close`.
    ///
    /// ## Backpressure
    /// While the queue is full it waits for room, first come first served, for as long as `queue.waitLimit` allows.
    ///
    /// ## Ordering
    /// Records that one task enqueues one after another to a partition keep their order.
    ///
    /// ## Cancellation
    /// While the record still waits for room it is not sent: code `.cancelled`, persistence `.notPersisted`. Once it is queued,
    /// `enqueue` returns its pending delivery, cancelled or not.
    ///
    /// - Parameters:
    ///   - record: what to send.
    ///   - context: a value of the caller's own that comes back with the record's report in ``deliveryReports``.
    /// - Returns: what stands for the record's delivery.
    /// - Throws: `queueFull` when `queue.waitLimit` has passed without room; `messageTooLarge`; `unknownTopic` and
    ///   `unknownPartition` where the cluster is known to have none; `cancelled`; `clientClosed`; `fatal`. Nothing was sent then.
    @discardableResult
    public nonisolated(nonsending) func enqueue(
        _ record: KafkaRecord,
        context: (any Sendable)? = nil
    ) async throws(KafkaError) -> KafkaPendingDelivery {
        // Without a hop as long as there is room.
        if let pending = try core.enqueueIfRoom(record, context: context) { return pending }
        return try await core.enqueue(record, context: context)
    }

    /// Puts a record into the queue if there is room for it now; never suspends.
    ///
    /// ```swift
    /// do {
    ///     try producer.tryEnqueue(record)
    /// } catch let error where error.code == .queueFull {
    ///     // Drop it, or come again later.
    /// }
    /// ```
    ///
    /// In all else it is `enqueue(_:context:)`. It does not look at cancellation.
    ///
    /// - Parameters:
    ///   - record: what to send.
    ///   - context: a value of the caller's own that comes back with the record's report in ``deliveryReports``.
    /// - Returns: what stands for the record's delivery.
    /// - Throws: `queueFull` when there is no room, or others wait for it; what `enqueue(_:context:)` throws.
    @discardableResult
    public func tryEnqueue(
        _ record: KafkaRecord,
        context: (any Sendable)? = nil
    ) throws(KafkaError) -> KafkaPendingDelivery {
        try core.tryEnqueue(record, context: context)
    }
}
