import RdKafka

// Records that nobody awaits yet: into the queue, with a pending delivery that stands for them.
extension ProducerCore {
    nonisolated(nonsending) func enqueue(
        _ record: KafkaRecord,
        context: (any Sendable)?,
        in gate: TransactionGate? = nil
    ) async throws(KafkaError) -> KafkaPendingDelivery {
        try checkTransaction(gate)
        guard !Task.isCancelled else { throw .cancelledBeforeQueueing }
        let ticket = try await credits(for: record)
        return try enqueue(record, ticket, machine.withLock { $0.takeSpare() }, context, in: gate)
    }

    /// Returns nil where the record has to wait for room.
    nonisolated func enqueueIfRoom(
        _ record: KafkaRecord,
        context: (any Sendable)?
    ) throws(KafkaError) -> KafkaPendingDelivery? {
        try checkTransaction(nil)
        guard !Task.isCancelled else { throw .cancelledBeforeQueueing }
        let (action, spare) = reserve(record.size)
        guard case .granted(let ticket) = action else { return nil }
        return try enqueue(record, ticket, spare, context, in: nil)
    }

    nonisolated func tryEnqueue(
        _ record: KafkaRecord,
        context: (any Sendable)?
    ) throws(KafkaError) -> KafkaPendingDelivery {
        try checkTransaction(nil)
        let (action, spare) = reserve(record.size)
        switch action {
        case .granted(let ticket): return try enqueue(record, ticket, spare, context, in: nil)
        case .full: throw .queueFull("the queue is full, or others wait for room")
        case .refused(let error): throw error.with(.notPersisted)
        }
    }

    private nonisolated func reserve(_ bytes: Int) -> (Machine.ReserveAction, spare: PendingDelivery?) {
        machine.withLock { machine in
            let action = machine.reserve(bytes: bytes)
            guard case .granted = action else { return (action, nil) }
            return (action, machine.takeSpare())
        }
    }

    private nonisolated func enqueue(
        _ record: KafkaRecord,
        _ ticket: ProducerTicket,
        _ spare: PendingDelivery?,
        _ context: (any Sendable)?,
        in gate: TransactionGate?
    ) throws(KafkaError) -> KafkaPendingDelivery {
        if let context { machine.withLock { $0.attach(context, to: ticket) } }
        try handOver(record, ticket, in: gate)
        let pending: PendingDelivery
        if let spare {
            pending = spare
            spare.standFor(ticket, topic: record.topic)
        } else {
            pending = pendingDelivery(of: ticket, topic: record.topic)
        }
        let (outcome, isSettled, isHurried) = machine.withLock { machine in
            let outcome = machine.keep(ticket, payload: record.value?.slice, pending: pending)
            return (outcome, machine.isSettledWhileClosed, machine.isHurried)
        }
        if isSettled { wake() }
        // A record that nobody awaits has the linger's time, unless others wait for it to leave: their own kick may have come
        // before it was in librdkafka's queue.
        if isHurried { flushThread.kick() }
        if let outcome {
            pending.resolve(result(outcome, topic: record.topic))
            handedOver()
        }
        return KafkaPendingDelivery(pending)
    }

    /// Behind the outcome of a record whose report was faster than its sender.
    nonisolated func handedOver() {
        let isSettled = machine.withLock { machine in
            machine.handedOver(1)
            return machine.isSettledWhileClosed
        }
        if isSettled { wake() }
    }

    /// A task begins (1) or ends (-1) to await a pending delivery.
    nonisolated func countAwaiting(_ ticket: ProducerTicket, by change: Int) {
        let isOnItsWay = machine.withLock { $0.countAwaiting(ticket, by: change) }
        if isOnItsWay, change > 0 { flushThread.kick() }
    }
}
