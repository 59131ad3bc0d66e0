// Records that one sender hands over one after another and awaits as one. The outcomes gather here; the sender is resumed once.
//
// What always holds: `remaining` counts the entries that are `.queued`, and each of them has its slot; a batch ends with
// `end`, after which no slot refers to it.
extension ProducerStateMachine {
    struct Batch {
        /// One for each record that was granted credits, in order.
        var entries: [BatchEntry] = []
        var remaining = 0
        /// Set while the sender waits for the last report.
        var receiver: Receiver?
    }

    /// What a record of a batch needs.
    struct BatchRecord {
        let bytes: Int
        let payload: Payload?
    }

    mutating func beginBatch() -> Int {
        if let free = freeBatches.popLast() { return free }
        batches.append(Batch())
        return batches.count - 1
    }

    enum BatchReserveAction {
        /// For as many of the records as there is room for, from the first one on.
        case granted([Ticket])
        /// There is room for none: the sender has to wait as any other.
        case full
        case refused(KafkaError)
    }

    /// Records of a batch want to go into the queue. Like a single sender, a batch never passes one that waits.
    mutating func reserve(
        _ records: ArraySlice<BatchRecord>,
        batch: Int,
        context: (any Sendable)?
    ) -> BatchReserveAction {
        if let closeError { return .refused(closeError) }
        guard waiters.isEmpty else { return .full }
        var tickets: [Ticket] = []
        for record in records {
            guard hasRoom(for: record.bytes) else { break }
            let ticket = grant(record.bytes)
            join(batch, ticket, record, context: context)
            tickets.append(ticket)
        }
        return tickets.isEmpty ? .full : .granted(tickets)
    }

    /// The record that holds this ticket is the next one of the batch. Its payload is kept from now on.
    mutating func join(_ batch: Int, _ ticket: Ticket, _ record: BatchRecord, context: (any Sendable)?) {
        let slot = Int(ticket.slot)
        slots[slot].payload = record.payload
        slots[slot].content = .batch(batch, index: batches[batch].entries.count)
        batches[batch].entries.append(.queued(ticket))
        batches[batch].remaining += 1
        if let context { attach(context, to: ticket) }
    }

    /// What so many records have to do with the handle is done.
    mutating func handedOver(_ count: Int) {
        producing -= count
    }

    /// librdkafka has refused the record.
    mutating func leave(_ batch: Int, index: Int) {
        batches[batch].entries[index] = .refused
        batches[batch].remaining -= 1
    }

    /// Returns the receiver if this was the last one.
    mutating func settle(_ batch: Int, index: Int, _ outcome: Outcome) -> Receiver? {
        batches[batch].entries[index] = .settled(outcome)
        batches[batch].remaining -= 1
        guard let receiver = batches[batch].receiver else { return nil }
        awaited -= 1
        guard batches[batch].remaining == 0 else { return nil }
        batches[batch].receiver = nil
        return receiver
    }

    enum BatchParkAction {
        case parked
        /// Nothing is left to wait for.
        case settled
        case cancelled
    }

    /// All records are handed over and the sender waits for the reports.
    mutating func park(batch: Int, isCancelled: Bool, receiver: Receiver) -> BatchParkAction {
        if batches[batch].remaining == 0 { return .settled }
        if isCancelled { return .cancelled }
        batches[batch].receiver = receiver
        awaited += batches[batch].remaining
        return .parked
    }

    /// The task that waits for the batch was cancelled. Returns the receiver that is to be told; nil if the reports were faster.
    mutating func cancelPark(batch: Int) -> Receiver? {
        guard let receiver = batches[batch].receiver else { return nil }
        batches[batch].receiver = nil
        awaited -= batches[batch].remaining
        return receiver
    }

    /// The records of a cancelled batch that have no outcome yet: pending deliveries are to stand for them.
    func unsettled(batch: Int) -> [(index: Int, ticket: Ticket)] {
        var unsettled: [(index: Int, ticket: Ticket)] = []
        for (index, entry) in batches[batch].entries.enumerated() {
            if case .queued(let ticket) = entry { unsettled.append((index, ticket)) }
        }
        return unsettled
    }

    /// The end of a batch. What has no outcome yet goes on with the pending delivery of its index; its entry stays `.queued`.
    mutating func end(batch: Int, pending: [Int: Pending]) -> [BatchEntry] {
        let entries = batches[batch].entries
        batches[batch] = Batch()
        freeBatches.append(batch)
        for (index, pending) in pending {
            guard case .queued(let ticket) = entries[index] else { continue }
            stand(pending, for: ticket)
        }
        return entries
    }
}

/// What has become of a record of a batch.
enum BatchEntry {
    case queued(ProducerTicket)
    case settled(DeliveryOutcome)
    case refused
}
