/// Who waits for what in a producer: credits, records in the queue, flushes.
///
/// A plain value behind the producer's lock. Every method is one transition and returns what is to be done; the caller does it
/// after it has left the lock. What always holds:
///
/// - a record holds its credits from `reserve` to the transition that frees its slot, which is its report, or a refusal;
/// - each suspension is handed out exactly once;
/// - a new sender never passes one that waits for credits;
/// - `producing` counts the records between `reserve` and what follows it: the handle is not destroyed before it is zero.
///
/// Generic over what it holds, so that tests drive it with integers: `Sender` waits for credits, `Receiver` for a delivery,
/// `Pending` stands for a delivery that may be awaited later, `Payload` is kept alive until the report. Records that one sender
/// awaits as one are in `ProducerStateMachine+batch`, the time limit for waiting in `ProducerStateMachine+expiry`, when the linger
/// is lifted in `ProducerStateMachine+kick`.
struct ProducerStateMachine<Sender, Receiver, Pending: Reusable, Payload> {
    typealias Ticket = ProducerTicket
    typealias Outcome = DeliveryOutcome

    struct Slot {
        var generation: UInt32 = 1
        var content = Content.free
        var payload: Payload?
        /// Stands for the record while the content is `.pending`.
        var pending: Pending?
        /// Of the record while the content is `.reported`.
        var outcome: Outcome?
        var bytes = 0
        /// The how-manieth record of the producer this is.
        var number: UInt64 = 0

        /// - Returns: the generation.
        mutating func begin(bytes: Int, number: UInt64) -> UInt32 {
            content = .reserved
            self.bytes = bytes
            self.number = number
            return generation
        }

        mutating func end() {
            payload = nil
            content = .free
            generation &+= 1
            if generation == 0 { generation = 1 }
        }
    }

    enum Content {
        case free
        /// Between `reserve` and `park`.
        case reserved
        /// The report came before anybody waited for it.
        case reported
        case awaited(Receiver)
        /// The slot's pending delivery stands for it, which so many tasks await now.
        case pending(awaiting: Int)
        /// The record with this index in a batch.
        case batch(Int, index: Int)
    }

    private struct Flush {
        let id: UInt64
        let lastNumber: UInt64
        var remaining: Int
    }

    private enum Phase {
        case open
        case closed(KafkaError)
    }

    let maxRecords: Int
    let maxBytes: Int

    private var phase = Phase.open
    var slots: [Slot] = []
    private var freeSlots: [UInt32] = []
    var waiters: OrderedWaiters<Sender> = .init()
    /// Pending deliveries that nobody held any more when their records were delivered: for the next records.
    private var spare: [Pending] = []
    var batches: [Batch] = []
    var freeBatches: [Int] = []
    /// What senders gave along for the delivery reports, by slot. Most records have nothing here.
    private var contexts: [UInt32: any Sendable] = [:]
    private var flushes: [Flush] = []
    private var nextID: UInt64 = 1
    private(set) var nextNumber: UInt64 = 1
    var kicked = Kicked()

    /// Records between `reserve` and what follows it.
    var producing = 0
    /// Calls of the application that use the handle on other threads, such as `purge`. The handle stays until they return; a
    /// close does not wait for them.
    var calls = 0
    /// Records that hold credits.
    private(set) var records = 0
    private(set) var bytes = 0
    /// Records whose delivery somebody awaits now.
    var awaited = 0
    private(set) var delivered = 0
    private(set) var failed = 0

    init(maxRecords: Int, maxBytes: Int) {
        self.maxRecords = maxRecords
        self.maxBytes = maxBytes
    }

    var waitingSenders: Int { waiters.count }

    /// Whether anybody waits for what only a delivery brings: an outcome, or room. Then the linger is lifted.
    var isAwaited: Bool { awaited > 0 || !waiters.isEmpty }

    /// Whether a record that was handed over just now must not wait for the linger, although nobody awaits it: others wait for its
    /// room, a flush waits for it, or the producer ends.
    var isHurried: Bool { !waiters.isEmpty || !flushes.isEmpty || isClosed }

    // MARK: Credits

    enum ReserveAction {
        case granted(Ticket)
        /// There is no room: wait under this id.
        case full(UInt64)
        case refused(KafkaError)
    }

    /// A record of `bytes` wants to go into the queue.
    mutating func reserve(bytes: Int) -> ReserveAction {
        if case .closed(let error) = phase { return .refused(error) }
        if waiters.isEmpty, hasRoom(for: bytes) { return .granted(grant(bytes)) }
        defer { nextID += 1 }
        return .full(nextID)
    }

    enum WaitAction {
        case parked
        case granted(Ticket)
        case refused(KafkaError)
    }

    /// A sender that found no room waits, unless there is room by now.
    mutating func wait(
        id: UInt64,
        bytes: Int,
        isCancelled: Bool,
        deadline: ContinuousClock.Instant? = nil,
        sender: Sender
    ) -> WaitAction {
        if isCancelled { return .refused(.cancelledBeforeQueueing) }
        if case .closed(let error) = phase { return .refused(error) }
        if waiters.isEmpty, hasRoom(for: bytes) { return .granted(grant(bytes)) }
        waiters.append(id: id, bytes: bytes, deadline: deadline, sender: sender)
        return .parked
    }

    /// The sender's task was cancelled. Returns the sender if it still waits.
    mutating func cancelWait(id: UInt64) -> (sender: Sender, grants: [Grant])? {
        guard let sender = waiters.remove(id: id) else { return nil }
        // A large record may have stood before small ones.
        return (sender, grantWaiters())
    }

    struct Grant {
        let sender: Sender
        let ticket: Ticket
    }

    /// A record larger than all credits goes alone.
    func hasRoom(for bytes: Int) -> Bool {
        records < maxRecords && (self.bytes + bytes <= maxBytes || records == 0)
    }

    mutating func grant(_ bytes: Int) -> Ticket {
        records += 1
        self.bytes += bytes
        producing += 1
        let index: UInt32
        if let free = freeSlots.popLast() {
            index = free
        } else {
            index = UInt32(slots.count)
            slots.append(Slot())
        }
        defer { nextNumber += 1 }
        return Ticket(slot: index, generation: slots[Int(index)].begin(bytes: bytes, number: nextNumber))
    }

    mutating func grantWaiters() -> [Grant] {
        var grants: [Grant] = []
        while let first = waiters.first, hasRoom(for: first.bytes) {
            guard let sender = waiters.removeFirst() else { break }
            grants.append(Grant(sender: sender, ticket: grant(first.bytes)))
        }
        return grants
    }

    // MARK: Records in the queue

    /// The record's delivery report is to carry `context`. Between `reserve` and handing over.
    mutating func attach(_ context: any Sendable, to ticket: Ticket) {
        contexts[ticket.slot] = context
    }

    /// librdkafka has refused the record: its credits go back.
    mutating func refuse(_ ticket: Ticket) -> (grants: [Grant], flushed: [UInt64]) {
        guard isCurrent(ticket) else { return ([], []) }
        producing -= 1
        if !contexts.isEmpty { contexts[ticket.slot] = nil }
        if case .batch(let batch, let index) = slots[Int(ticket.slot)].content { leave(batch, index: index) }
        let flushed = release(ticket.slot)
        return (grantWaiters(), flushed)
    }

    enum ParkAction {
        case parked
        /// The report is here already.
        case resume(Outcome)
        /// The task was cancelled: hand out a pending delivery and `keep` it.
        case cancelled
    }

    /// The record is in librdkafka's queue and its sender waits for the report. `payload` is what librdkafka reads without a
    /// copy; the sender kept it alive until now.
    mutating func park(_ ticket: Ticket, payload: Payload?, isCancelled: Bool, receiver: Receiver) -> ParkAction {
        let slot = Int(ticket.slot)
        slots[slot].payload = payload
        // Its sender still has to `keep` it.
        if isCancelled { return .cancelled }
        producing -= 1
        if case .reported = slots[slot].content { return .resume(takeOutcome(slot)) }
        slots[slot].content = .awaited(receiver)
        awaited += 1
        return .parked
    }

    /// The task that waits for the report was cancelled: from here on `pending` stands for it. Returns the receiver that is
    /// to be told; nil if the report was faster.
    mutating func cancelPark(_ ticket: Ticket, pending: Pending) -> Receiver? {
        guard isCurrent(ticket), case .awaited(let receiver) = slots[Int(ticket.slot)].content else { return nil }
        awaited -= 1
        stand(pending, for: ticket)
        return receiver
    }

    /// After `park` said `.cancelled`. Returns the outcome if the report has come meanwhile: then `handedOver` is to follow.
    mutating func keep(_ ticket: Ticket, pending: Pending) -> Outcome? {
        keep(ticket, payload: slots[Int(ticket.slot)].payload, pending: pending)
    }

    /// The record is in librdkafka's queue, and `pending` stands for its delivery from the start. Returns the outcome if the
    /// report is here already. It is to be told then before `handedOver`, so that a close counts it.
    mutating func keep(_ ticket: Ticket, payload: Payload?, pending: Pending) -> Outcome? {
        let slot = Int(ticket.slot)
        guard isCurrent(ticket) else { return nil }
        if case .reported = slots[slot].content { return takeOutcome(slot) }
        producing -= 1
        slots[slot].payload = payload
        stand(pending, for: ticket)
        return nil
    }

    /// The report was faster than whoever asks for it.
    private mutating func takeOutcome(_ slot: Int) -> Outcome {
        defer { free(slot) }
        return slots[slot].outcome.take() ?? .lost
    }

    mutating func stand(_ pending: Pending, for ticket: Ticket) {
        slots[Int(ticket.slot)].pending = pending
        slots[Int(ticket.slot)].content = .pending(awaiting: 0)
    }

    /// For how many records pending deliveries are kept that nobody holds.
    static var spareLimit: Int { 32_768 }

    /// A pending delivery that can stand for another record.
    mutating func takeSpare() -> Pending? { spare.popLast() }

    /// Tasks begin (1) or end (-1) to await a pending delivery. The two may come in any order. Returns whether the record is
    /// still on its way.
    mutating func countAwaiting(_ ticket: Ticket, by change: Int) -> Bool {
        guard isCurrent(ticket), case .pending(let before) = slots[Int(ticket.slot)].content else {
            return false
        }
        let after = before + change
        awaited += (after > 0 ? 1 : 0) - (before > 0 ? 1 : 0)
        slots[Int(ticket.slot)].content = .pending(awaiting: after)
        return true
    }

    // MARK: Reports

    /// What is to be resumed after a batch of reports.
    struct ReportAction {
        var deliveries: [(Receiver, Outcome)] = []
        var pending: [(Pending, Outcome)] = []
        /// Whoever awaits a batch whose last record this was.
        var batches: [Receiver] = []
        var contexts: [Ticket: any Sendable] = [:]
        var grants: [Grant] = []
        var flushed: [UInt64] = []

        /// Keeps the memory for the next one.
        mutating func removeAll() {
            deliveries.removeAll(keepingCapacity: true)
            pending.removeAll(keepingCapacity: true)
            batches.removeAll(keepingCapacity: true)
            if !contexts.isEmpty { contexts = [:] }
            grants = []
            flushed = []
        }
    }

    /// The outcome of one record. Call `reportsEnd` after the last one of a batch.
    mutating func report(_ ticket: Ticket, _ outcome: Outcome, into action: inout ReportAction) {
        guard isCurrent(ticket) else { return }
        let slot = Int(ticket.slot)
        if outcome.isDelivered { delivered += 1 } else { failed += 1 }
        if !contexts.isEmpty, let context = contexts.removeValue(forKey: ticket.slot) {
            action.contexts[ticket] = context
        }
        // Taken out rather than copied: this runs once a record.
        var content = Content.free
        swap(&content, &slots[slot].content)
        switch content {
        case .free, .reported:
            slots[slot].content = content
            return
        case .reserved:
            // The slot goes on to hold the outcome, the credits go back now.
            action.flushed += releaseCredits(slot)
            slots[slot].content = .reported
            slots[slot].outcome = outcome
            slots[slot].payload = nil
            return
        case .awaited(let receiver):
            awaited -= 1
            action.deliveries.append((receiver, outcome))
        case .pending(let awaiting):
            if awaiting > 0 { awaited -= 1 }
            // Taken out rather than copied: whether anybody else holds it is asked.
            var pending: Pending?
            swap(&pending, &slots[slot].pending)
            if outcome.isDelivered, spare.count < Self.spareLimit, Pending.isUnused(&pending) {
                if let pending { spare.append(pending) }
            } else if let pending {
                action.pending.append((pending, outcome))
            }
        case .batch(let batch, let index):
            if let receiver = settle(batch, index: index, outcome) { action.batches.append(receiver) }
        }
        let flushed = release(ticket.slot)
        if !flushed.isEmpty { action.flushed += flushed }
    }

    /// The credits of a batch are back: senders that waited go on.
    mutating func reportsEnd(_ action: inout ReportAction) {
        action.grants += grantWaiters()
    }

    func isCurrent(_ ticket: Ticket) -> Bool {
        Int(ticket.slot) < slots.count && slots[Int(ticket.slot)].generation == ticket.generation
    }

    private mutating func release(_ slot: UInt32) -> [UInt64] {
        let flushed = releaseCredits(Int(slot))
        free(Int(slot))
        return flushed
    }

    private mutating func releaseCredits(_ slot: Int) -> [UInt64] {
        records -= 1
        bytes -= slots[slot].bytes
        if slots[slot].number <= kicked.lastNumber { kicked.left -= 1 }
        guard !flushes.isEmpty else { return [] }
        var flushed: [UInt64] = []
        for index in flushes.indices where slots[slot].number <= flushes[index].lastNumber {
            flushes[index].remaining -= 1
            if flushes[index].remaining == 0 { flushed.append(flushes[index].id) }
        }
        flushes.removeAll { $0.remaining == 0 }
        return flushed
    }

    private mutating func free(_ slot: Int) {
        slots[slot].end()
        freeSlots.append(UInt32(slot))
    }

    // MARK: Flush

    enum FlushAction {
        case done
        /// Wait until `report` or `refuse` names this id.
        case wait(UInt64)
    }

    /// Somebody wants all records that are in the queue now to be resolved.
    mutating func flush() -> FlushAction {
        guard records > 0 else { return .done }
        defer { nextID += 1 }
        flushes.append(Flush(id: nextID, lastNumber: nextNumber - 1, remaining: records))
        return .wait(nextID)
    }

    func isFlushing(id: UInt64) -> Bool {
        flushes.contains { $0.id == id }
    }

    /// The flush has run out of time, or was cancelled. Returns how many of its records are unresolved; nil if it is done.
    mutating func endFlush(id: UInt64) -> Int? {
        guard let index = flushes.firstIndex(where: { $0.id == id }) else { return nil }
        return flushes.remove(at: index).remaining
    }

    // MARK: The end

    /// No record is taken from now on. Returns those who wait for credits: they fail with `error`.
    mutating func close(_ error: KafkaError) -> [Sender] {
        phase = .closed(error)
        return waiters.removeAll()
    }

    var isClosed: Bool { closeError != nil }

    /// What newcomers are refused with.
    var closeError: KafkaError? {
        if case .closed(let error) = phase { return error }
        return nil
    }

    /// Whether the last record between `reserve` and what follows it has just been settled while the producer closes: the
    /// client's thread waits for that.
    var isSettledWhileClosed: Bool {
        isClosed && producing == 0
    }

    /// Whether no record is on its way, and none about to be.
    var isQuiet: Bool { records == 0 && producing == 0 }

    struct Abandoned {
        let receivers: [Receiver]
        let pending: [Pending]
        /// They hold the client: to be dropped.
        let spare: [Pending]
        let flushes: [UInt64]
    }

    /// After the handle was destroyed: whatever still waits. There is nobody left, as a purge reports every record; this is
    /// the net under it, so that no task ever hangs.
    mutating func abandon() -> Abandoned {
        var receivers: [Receiver] = []
        var pending: [Pending] = []
        let flushes = flushes.map(\.id)
        self.flushes = []
        let spare = spare
        self.spare = []
        for index in slots.indices {
            switch slots[index].content {
            case .awaited(let receiver): receivers.append(receiver)
            case .pending: if let handle = slots[index].pending.take() { pending.append(handle) }
            case .batch(let batch, let position):
                if let receiver = settle(batch, index: position, .lost) { receivers.append(receiver) }
            case .free, .reserved, .reported: continue
            }
            _ = release(UInt32(index))
        }
        awaited = 0
        return Abandoned(receivers: receivers, pending: pending, spare: spare, flushes: flushes)
    }
}

/// What can stand for another record once nobody holds it any more.
protocol Reusable {
    /// Whether `value` has the only reference.
    static func isUnused(_ value: inout Self?) -> Bool
}

/// Names one record in the queue: the slot and how often it was used. Travels through librdkafka as the message opaque.
struct ProducerTicket: Hashable, Sendable {
    let slot: UInt32
    let generation: UInt32

    init(slot: UInt32, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }

    init(opaque: UInt) {
        slot = UInt32(truncatingIfNeeded: opaque)
        generation = UInt32(truncatingIfNeeded: opaque >> 32)
    }

    /// Never zero.
    var opaque: UInt { UInt(generation) << 32 | UInt(slot) }
}

/// What became of a record, as its report says.
struct DeliveryOutcome: Sendable, Equatable {
    /// 0, or librdkafka's code.
    var error: Int32 = 0
    var partition: Int32 = 0
    var offset: Int64 = 0
    var timestamp: Int64 = -1
    var isLogAppendTime = false
    var persistence = KafkaError.Persistence.notPersisted
    /// What a custom partitioner said instead of a partition.
    var partitionerFault: PartitionerFault?
    /// What else is known of a failure.
    var circumstances: FailureCircumstances?

    var isDelivered: Bool { error == 0 }

    /// Nothing was heard of it when the handle was destroyed.
    static let lost = DeliveryOutcome(
        error: KafkaError.Code.purgedInFlight.rawValue,
        persistence: .possiblyPersisted
    )
}

extension KafkaError {
    static let cancelledBeforeQueueing = KafkaError(
        .cancelled,
        "the task was cancelled while the record waited for room in the queue; it was not sent"
    ).with(.notPersisted)
}
