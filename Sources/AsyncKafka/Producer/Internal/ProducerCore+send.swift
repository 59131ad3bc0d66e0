import RdKafka

// The way in: credits, then librdkafka's queue, then the wait for the report. All of it runs on the caller's own thread, and on its
// actor: each hop costs as much as a lock, and there are several awaited calls.
extension ProducerCore {
    /// - Parameter gate: the transaction that the record belongs to.
    @inline(__always)
    nonisolated(nonsending) func send(
        _ record: KafkaRecord,
        context: (any Sendable)? = nil,
        in gate: TransactionGate? = nil
    ) async throws(KafkaError) -> KafkaDelivery {
        // What does not suspend stands in functions of its own: a suspended task keeps in memory whatever this one has room for.
        let ticket: ProducerTicket
        switch try handOverIfRoom(record, context, in: gate) {
        case .handedOver(let handedOver):
            ticket = handedOver
        case .full(let id):
            ticket = try await credits(for: record, id)
            try handOver(record, ticket, context, in: gate)
        }
        return try delivery(await report(of: ticket, record), of: ticket, record)
    }

    private enum HandOverAction {
        case handedOver(ProducerTicket)
        /// There is no room: wait under this id.
        case full(UInt64)
    }

    @inline(never)
    private nonisolated func handOverIfRoom(
        _ record: KafkaRecord,
        _ context: (any Sendable)?,
        in gate: TransactionGate?
    ) throws(KafkaError) -> HandOverAction {
        try checkTransaction(gate)
        guard !Task.isCancelled else { throw .cancelledBeforeQueueing }
        switch machine.withLock({ $0.reserve(bytes: record.size) }) {
        case .granted(let ticket):
            try handOver(record, ticket, context, in: gate)
            return .handedOver(ticket)
        case .full(let id): return .full(id)
        case .refused(let error): throw error.with(.notPersisted)
        }
    }

    @inline(never)
    private nonisolated func handOver(
        _ record: KafkaRecord,
        _ ticket: ProducerTicket,
        _ context: (any Sendable)?,
        in gate: TransactionGate?
    ) throws(KafkaError) {
        if let context { machine.withLock { $0.attach(context, to: ticket) } }
        try handOver(record, ticket, in: gate)
    }

    @inline(never)
    private nonisolated func delivery(
        _ received: Received,
        of ticket: ProducerTicket,
        _ record: KafkaRecord
    ) throws(KafkaError) -> KafkaDelivery {
        switch received {
        case .outcome(let outcome):
            return try result(outcome, topic: record.topic).get()
        case .cancelled(let pending):
            let pending = pending ?? pendingDelivery(of: ticket, topic: record.topic)
            throw .cancelledOnItsWay(KafkaPendingDelivery(pending))
        case .batch:
            // Nobody but the sender of a batch is told so.
            throw failure(.lost, topic: record.topic)
        }
    }

    /// A record of a transactional producer belongs to a transaction.
    nonisolated func checkTransaction(_ gate: TransactionGate?) throws(KafkaError) {
        if let gate {
            guard gate.isOpen else { throw .transactionIsOver }
        } else if transactions != nil {
            throw KafkaError(
                .invalidState,
                "this producer has a `transactionalID`: send with the transaction that `withTransaction` hands out"
            ).with(.notPersisted)
        }
    }

    nonisolated func pendingDelivery(of ticket: ProducerTicket, topic: String) -> PendingDelivery {
        PendingDelivery(topic: topic, core: self, ticket: ticket)
    }

    /// Suspends while the queue is full, first come first served.
    nonisolated(nonsending) func credits(for record: KafkaRecord) async throws(KafkaError) -> ProducerTicket {
        switch machine.withLock({ $0.reserve(bytes: record.size) }) {
        case .granted(let ticket): ticket
        case .refused(let error): throw error.with(.notPersisted)
        case .full(let id): try await credits(for: record, id)
        }
    }

    /// - Parameter id: what `reserve` has said.
    private nonisolated(nonsending) func credits(
        for record: KafkaRecord,
        _ id: UInt64
    ) async throws(KafkaError) -> ProducerTicket {
        let bytes = record.size
        let deadline = waitLimit.map { ContinuousClock.Instant.after($0) }
        let result = await withTaskCancellationHandler {
            await suspend { (sender: Sender) in
                let (action, isFirst) = machine.withLock { machine in
                    let action = machine.wait(
                        id: id,
                        bytes: bytes,
                        isCancelled: Task.isCancelled,
                        deadline: deadline,
                        sender: sender
                    )
                    return (action, machine.waitingSenders == 1)
                }
                switch action {
                case .parked: isWaiting(isFirst: isFirst)
                case .granted(let ticket): sender.resume(returning: .success(ticket))
                case .refused(let error): sender.resume(returning: .failure(error.with(.notPersisted)))
                }
            }
        } onCancel: {
            guard let cancelled = machine.withLock({ $0.cancelWait(id: id) }) else { return }
            cancelled.sender.resume(returning: .failure(.cancelledBeforeQueueing))
            grant(cancelled.grants)
        }
        let ticket = try result.get()
        guard !Task.isCancelled else {
            refuse(ticket)
            throw .cancelledBeforeQueueing
        }
        return ticket
    }

    nonisolated func handOver(
        _ record: KafkaRecord,
        _ ticket: ProducerTicket,
        in gate: TransactionGate?
    ) throws(KafkaError) {
        // Asked again here: the wait for room may have outlasted the transaction.
        if let gate, !gate.enter() {
            refuse(ticket)
            throw .transactionIsOver
        }
        defer { gate?.leave() }
        if let timestamp = record.timestamp, timestamp.millisecondsSince1970 <= 0 {
            refuse(ticket)
            throw KafkaError(.invalidArgument, "a record's timestamp lies behind the beginning of 1970: 0 means now")
                .with(.notPersisted)
        }
        let partition: Int32
        if let explicit = record.partition {
            guard let number = Int32(exactly: explicit), number >= 0 else {
                refuse(ticket)
                throw KafkaError(.invalidArgument, "partition \(explicit) is not a partition's number")
                    .at(KafkaTopicPartition(topic: record.topic, partition: explicit)).with(.notPersisted)
            }
            partition = number
        } else {
            partition = -1
        }
        let code = handle.produce(
            topic: record.topic,
            partition: partition,
            key: record.key?.slice,
            value: record.value?.slice,
            headers: headerList(record.headers),
            timestamp: record.timestamp?.millisecondsSince1970 ?? 0,
            opaque: ticket.opaque
        )
        guard code != 0 else { return }
        // After a fatal error librdkafka refuses with that error's own code. Asked while the ticket keeps the handle.
        let fatal = handle.fatalError
        let fault = partitionerFault(code, ticket.opaque)
        refuse(ticket)
        guard !record.topic.utf8.contains(0) else {
            throw KafkaError(.invalidTopic, "a topic's name cannot contain a NUL character").with(.notPersisted)
        }
        if let fatal { throw explain(fatal: fatal).with(.notPersisted) }
        if gate != nil, code == KafkaError.Code.wrongState.rawValue { throw .transactionHasFailed }
        throw failure(
            DeliveryOutcome(error: code, partition: partition, partitionerFault: fault),
            topic: record.topic
        )
    }

    private nonisolated func headerList(_ headers: KafkaHeaders) -> HeaderList? {
        guard !headers.isEmpty else { return nil }
        let list = HeaderList(count: headers.count)
        for header in headers { list.add(header.name, header.value?.slice) }
        return list
    }

    private nonisolated(nonsending) func report(
        of ticket: ProducerTicket,
        _ record: KafkaRecord
    ) async -> Received {
        let received = await withTaskCancellationHandler {
            await suspend { (receiver: Receiver) in park(receiver, ticket, record) }
        } onCancel: {
            cancelPark(ticket, topic: record.topic)
        }
        guard case .cancelled(nil) = received else { return received }
        return keep(ticket, topic: record.topic)
    }

    @inline(never)
    private nonisolated func park(_ receiver: Receiver, _ ticket: ProducerTicket, _ record: KafkaRecord) {
        let (action, kick, isSettled) = machine.withLock { machine in
            let action = machine.park(
                ticket,
                payload: record.value?.slice,
                isCancelled: Task.isCancelled,
                receiver: receiver
            )
            // Awaited: the linger is lifted.
            var kick = Machine.Kick.now
            if case .parked = action { kick = machine.kick(ticket) }
            return (action, kick, machine.isSettledWhileClosed)
        }
        if isSettled { wake() }
        switch action {
        case .parked: flush(kick)
        case .resume(let outcome): receiver.resume(returning: .outcome(outcome))
        case .cancelled:
            flush(kick)
            receiver.resume(returning: .cancelled(nil))
        }
    }

    private nonisolated func cancelPark(_ ticket: ProducerTicket, topic: String) {
        let pending = pendingDelivery(of: ticket, topic: topic)
        let receiver = machine.withLock { $0.cancelPark(ticket, pending: pending) }
        receiver?.resume(returning: .cancelled(pending))
    }

    /// Cancelled before it could wait: somebody has to stand for the delivery all the same.
    @inline(never)
    private nonisolated func keep(_ ticket: ProducerTicket, topic: String) -> Received {
        let pending = pendingDelivery(of: ticket, topic: topic)
        let (outcome, isSettled) = machine.withLock { machine in
            let outcome = machine.keep(ticket, pending: pending)
            return (outcome, machine.isSettledWhileClosed)
        }
        if isSettled { wake() }
        guard let outcome else { return .cancelled(pending) }
        handedOver()
        return .outcome(outcome)
    }

    nonisolated func flush(_ kick: Machine.Kick) {
        switch kick {
        case .none: break
        case .now: flushThread.kick()
        case .later: flushThread.kickLater()
        }
    }

    nonisolated func refuse(_ ticket: ProducerTicket) {
        let (action, kick, isSettled) = machine.withLock { machine in
            let action = machine.refuse(ticket)
            return (action, machine.kickBehindReports(), machine.isSettledWhileClosed)
        }
        flush(kick)
        grant(action.grants)
        finish(flushes: action.flushed)
        if isSettled { wake() }
    }

    nonisolated func grant(_ grants: [Machine.Grant]) {
        for grant in grants { grant.sender.resume(returning: .success(grant.ticket)) }
    }
}
