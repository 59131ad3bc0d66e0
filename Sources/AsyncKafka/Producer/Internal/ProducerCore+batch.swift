import RdKafka

// Many records of one sender: handed over one after another, awaited as one.
extension ProducerCore {
    /// How many records at a time ask for credits.
    private static let chunk = 128

    nonisolated func send(
        contentsOf records: sending some Sequence<KafkaRecord>,
        context: (any Sendable)?,
        in gate: TransactionGate? = nil
    ) async -> [Result<KafkaDelivery, KafkaError>] {
        var batch = OutgoingBatch(number: machine.withLock { $0.beginBatch() }, context: context, gate: gate)
        do throws(KafkaError) { try checkTransaction(gate) } catch { batch.end = error }
        batch.topics.reserveCapacity(records.underestimatedCount)
        var records = records.makeIterator()
        var chunk: [KafkaRecord] = []
        while batch.end == nil {
            chunk.removeAll(keepingCapacity: true)
            while chunk.count < Self.chunk, let record = records.next() { chunk.append(record) }
            if chunk.isEmpty { break }
            await handOver(chunk, &batch)
        }
        var results = await results(of: batch)
        if let end = batch.end {
            // What was never asked for.
            while records.next() != nil { results.append(.failure(end)) }
        }
        return results
    }

    /// Waits for room where there is none; sets `batch.end` when no more record can go.
    private nonisolated func handOver(_ records: [KafkaRecord], _ batch: inout OutgoingBatch) async {
        let first = batch.topics.count
        for record in records { batch.topics.append(record.topic) }
        let parts = records.map { Machine.BatchRecord(bytes: $0.size, payload: $0.value?.slice) }
        var next = 0
        while next < records.count {
            let tickets: [ProducerTicket]
            do throws(KafkaError) {
                guard !Task.isCancelled else { throw .cancelledBeforeQueueing }
                tickets = try await self.tickets(for: records[next], parts[next...], batch)
            } catch {
                batch.end = error
                return
            }
            var taken = 0
            for ticket in tickets {
                do throws(KafkaError) {
                    try handOver(records[next], ticket, in: batch.gate)
                    taken += 1
                } catch {
                    batch.refused[first + next] = error
                }
                next += 1
            }
            let (isSettled, isHurried) = machine.withLock { machine in
                machine.handedOver(taken)
                return (machine.isSettledWhileClosed, machine.isHurried)
            }
            if isSettled { wake() }
            // The batch itself kicks when all of it is handed over; it may be cancelled before, others wait all the same.
            if isHurried { flushThread.kick() }
        }
    }

    /// Credits for one record at least.
    private nonisolated func tickets(
        for record: KafkaRecord,
        _ parts: ArraySlice<Machine.BatchRecord>,
        _ batch: OutgoingBatch
    ) async throws(KafkaError) -> [ProducerTicket] {
        switch machine.withLock({ $0.reserve(parts, batch: batch.number, context: batch.context) }) {
        case .granted(let tickets):
            return tickets
        case .refused(let error):
            throw error.with(.notPersisted)
        case .full:
            let ticket = try await credits(for: record)
            machine.withLock { $0.join(batch.number, ticket, parts[parts.startIndex], context: batch.context) }
            return [ticket]
        }
    }

    private nonisolated func results(of batch: OutgoingBatch) async -> [Result<KafkaDelivery, KafkaError>] {
        let number = batch.number
        let received = await withTaskCancellationHandler {
            await suspend { (receiver: Receiver) in
                let action = machine.withLock {
                    $0.park(batch: number, isCancelled: Task.isCancelled, receiver: receiver)
                }
                switch action {
                // All of it is on its way and awaited now: the linger is lifted.
                case .parked: flushThread.kick()
                case .settled: receiver.resume(returning: .batch)
                case .cancelled: receiver.resume(returning: .cancelled(nil))
                }
            }
        } onCancel: {
            machine.withLock { $0.cancelPark(batch: number) }?.resume(returning: .cancelled(nil))
        }
        var pending: [Int: PendingDelivery] = [:]
        if case .cancelled = received {
            for (index, ticket) in machine.withLock({ $0.unsettled(batch: number) }) {
                pending[index] = pendingDelivery(of: ticket, topic: batch.topics[index])
            }
        }
        let entries = machine.withLock { $0.end(batch: number, pending: pending) }
        return batch.topics.indices.map { index in
            guard index < entries.count else { return .failure(batch.end ?? .cancelledBeforeQueueing) }
            switch entries[index] {
            case .settled(let outcome):
                return result(outcome, topic: batch.topics[index])
            case .refused:
                return .failure(batch.refused[index] ?? failure(.lost, topic: batch.topics[index]))
            case .queued(let ticket):
                let pending = pending[index] ?? pendingDelivery(of: ticket, topic: batch.topics[index])
                return .failure(.cancelledOnItsWay(KafkaPendingDelivery(pending)))
            }
        }
    }
}

/// What the sender of a batch itself keeps of it.
private struct OutgoingBatch: Sendable {
    let number: Int
    let context: (any Sendable)?
    /// The transaction that the records belong to.
    let gate: TransactionGate?
    /// Of each record so far.
    var topics: [String] = []
    /// Records that could not be handed over, by index.
    var refused: [Int: KafkaError] = [:]
    /// Why no more record can go.
    var end: KafkaError?
}
