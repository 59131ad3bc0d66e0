/// Who waits for which commit, what is merged into the next one, and what is tried again.
///
/// A plain value of the consumer's actor. One commit is in flight at a time; what arrives meanwhile is merged into the next (group
/// commit), so that a thousand waiting committers cost a few requests. What always holds:
///
/// - each waiter is handed out exactly once, when the last of its partitions is done;
/// - nothing is sent for an epoch that has ended;
/// - commits of a partition are sent in the order in which they were asked for;
/// - a merged commit never takes a partition back: what is below what this epoch has committed is done already. An explicit one
///   may, and is merged with nothing.
///
/// librdkafka reports the error of one partition for all of a commit (measured on 2.0.2 and 2.16), so what fails with others is
/// sent again alone, and that result counts.
struct CommitStateMachine<Waiter> {
    typealias Instant = ContinuousClock.Instant

    /// A partition's place in a commit.
    private struct Entry {
        var epoch: PartitionEpoch
        var offset: Int64
        var metadata: String?
        /// The call that asked for it explicitly; nil for what may be merged.
        var call: UInt64?
        var waiters: [UInt64] = []
        /// When it is given up.
        var deadline: Instant
        var attempts = 0
        /// Why the last attempt failed.
        var problem: KafkaError?
        /// When it is tried again.
        var notBefore: Instant?
        /// To be sent without others.
        var isAlone = false
        /// The order of arrival.
        let number: UInt64
    }

    struct Commit {
        struct Row {
            let epoch: PartitionEpoch
            let offset: Int64
            var metadata: String?
        }

        let id: UInt
        let offsets: [Row]
    }

    struct Action {
        var done: [Waiter] = []
        var failed: [(Waiter, KafkaError)] = []
        /// What the broker has acknowledged.
        var committed: [(epoch: PartitionEpoch, offset: Int64)] = []
        /// Failures of commits that nobody waited for.
        var unheard: [KafkaError] = []
    }

    /// How long a commit that fails retriably is tried again.
    let timeout: Duration

    /// By partition, in the order in which they are sent.
    private var queues: [KafkaTopicPartition: [Entry]] = [:]
    private var inFlight: [KafkaTopicPartition: Entry] = [:]
    private var inFlightID: UInt?
    private var lastID: UInt = 0
    private var lastNumber: UInt64 = 0
    private var waiting = CommitWaiters<Waiter>()
    private var committedOffsets: [KafkaTopicPartition: (epoch: PartitionEpoch, offset: Int64)] = [:]
    /// What the last commit of a partition was refused with.
    private var problems: [KafkaTopicPartition: (epoch: PartitionEpoch, error: KafkaError)] = [:]

    init(timeout: Duration) {
        self.timeout = timeout
    }

    // MARK: Requests

    /// Somebody, or the consumer itself, wants an offset committed. Returns the waiter if there is nothing to do.
    mutating func request(
        _ epoch: PartitionEpoch,
        _ offset: Int64,
        id: UInt64 = 0,
        waiter: Waiter?,
        now: Instant
    ) -> Waiter? {
        request([(epoch, offset)], id: id, waiter: waiter, now: now)
    }

    /// The same for several partitions: the waiter waits for all of them.
    mutating func request(
        _ offsets: [(epoch: PartitionEpoch, offset: Int64)],
        id: UInt64 = 0,
        waiter: Waiter?,
        now: Instant
    ) -> Waiter? {
        let open = offsets.filter { !isCommitted($0.epoch, $0.offset) }
        guard !open.isEmpty else { return waiter }
        let deadline = now + timeout
        for (epoch, offset) in open {
            let partition = epoch.topicPartition
            if let last = queues[partition]?.last, last.epoch === epoch, last.call == nil {
                merge(offset, into: partition, id: waiter == nil ? nil : id, deadline: deadline)
            } else {
                let entry = Entry(
                    epoch: epoch,
                    offset: offset,
                    waiters: waiter == nil ? [] : [id],
                    deadline: deadline,
                    number: nextNumber()
                )
                queues[partition, default: []].append(entry)
            }
        }
        if let waiter { waiting.add(waiter, id: id, partitions: open.count, deadline: deadline) }
        return nil
    }

    /// In place: thousands may wait for one entry.
    private mutating func merge(
        _ offset: Int64,
        into partition: KafkaTopicPartition,
        id: UInt64?,
        deadline: Instant
    ) {
        guard let last = queues[partition]?.indices.last else { return }
        queues[partition]?[last].offset.raise(to: offset)
        queues[partition]?[last].deadline.raise(to: deadline)
        if let id { queues[partition]?[last].waiters.append(id) }
    }

    /// Exactly these offsets, also if a partition goes back by them. They are sent together, and with nothing else.
    ///
    /// - Parameter id: a number that no other call has.
    mutating func requestExplicitly(_ rows: [Commit.Row], id: UInt64, waiter: Waiter?, now: Instant) -> Waiter? {
        guard !rows.isEmpty else { return waiter }
        let deadline = now + timeout
        for row in rows {
            let entry = Entry(
                epoch: row.epoch,
                offset: row.offset,
                metadata: row.metadata,
                call: id,
                waiters: waiter == nil ? [] : [id],
                deadline: deadline,
                number: nextNumber()
            )
            queues[row.epoch.topicPartition, default: []].append(entry)
        }
        if let waiter { waiting.add(waiter, id: id, partitions: rows.count, deadline: deadline) }
        return nil
    }

    /// Whether nothing is to be done for this offset, now or later.
    private func isCommitted(_ epoch: PartitionEpoch, _ offset: Int64) -> Bool {
        let partition = epoch.topicPartition
        guard let committed = committedOffsets[partition], committed.epoch === epoch, committed.offset >= offset else {
            return false
        }
        // What was asked for explicitly may take it back.
        if inFlight[partition]?.call != nil { return false }
        return !(queues[partition] ?? []).contains { $0.call != nil }
    }

    private mutating func nextNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    // MARK: Sending

    /// What to send now, if anything. While commits are held, nothing is.
    mutating func send(isHeld: Bool, now: Instant) -> Commit? {
        guard inFlightID == nil, !isHeld, !queues.isEmpty else { return nil }
        queues = queues.compactMapValues { queue in
            let current = queue.filter(\.epoch.isCurrent)
            return current.isEmpty ? nil : current
        }
        let ready = queues.values.compactMap(\.first).filter { $0.notBefore ?? now <= now }
        // First come, first served.
        guard let first = ready.min(by: { $0.number < $1.number }) else { return nil }
        let together = ready.filter { entry in
            if first.isAlone { return entry.number == first.number }
            return entry.call == first.call && !entry.isAlone
        }
        for entry in together {
            let partition = entry.epoch.topicPartition
            inFlight[partition] = entry
            queues[partition]?.removeFirst()
            if queues[partition]?.isEmpty == true { queues[partition] = nil }
        }
        lastID += 1
        inFlightID = lastID
        return Commit(
            id: lastID,
            offsets: together.map { Commit.Row(epoch: $0.epoch, offset: $0.offset, metadata: $0.metadata) }
        )
    }

    // MARK: Results

    /// The result of a commit: the error of each partition, nil for success.
    ///
    /// - Parameter isEnding: whether the group waits for us to hand the partition back. Then it will not settle before, and
    ///   what it refuses now it refuses until it evicts us: such a commit is not tried again.
    mutating func result(
        id: UInt,
        now: Instant,
        isEnding: (PartitionEpoch) -> Bool = { _ in false },
        error: (KafkaTopicPartition) -> KafkaError?
    ) -> Action {
        var action = Action()
        guard inFlightID == id else { return action }
        inFlightID = nil
        let entries = inFlight
        inFlight = [:]
        for (partition, entry) in entries {
            guard let error = error(partition) else {
                succeed(entry, &action)
                continue
            }
            let isOfAnother =
                entries.count > 1 && !error.isFatal && (error.isOfOnePartition || !error.isWorthRetryingCommit)
            // What one of several was refused for need not be what this one will be.
            if !isOfAnother { problems[partition] = (entry.epoch, error) }
            guard entry.epoch.isCurrent else {
                fail(entry, .stale(partition).causedBy(error), &action)
                continue
            }
            if error.isOfMembership, isEnding(entry.epoch) {
                fail(entry, .stale(partition).causedBy(error), &action)
            } else if isOfAnother {
                retry(entry, isAlone: true, notBefore: nil)
            } else if error.isWorthRetryingCommit, now < entry.deadline {
                var entry = entry
                entry.problem = error
                // Kafka's own clients wait 100 ms between attempts (`retry.backoff.ms`), and more as they go on.
                retry(entry, isAlone: entry.isAlone, notBefore: now + .milliseconds(100 << min(entry.attempts, 3)))
            } else {
                // Whoever is not a member any more has lost the partition, only does not know it yet.
                fail(entry, error.isOfMembership ? .stale(partition).causedBy(error) : error.at(partition), &action)
            }
        }
        return action
    }

    private mutating func succeed(_ entry: Entry, _ action: inout Action) {
        let partition = entry.epoch.topicPartition
        committedOffsets[partition] = (entry.epoch, entry.offset)
        problems[partition] = nil
        action.committed.append((entry.epoch, entry.offset))
        finish(entry, &action)
        // What came meanwhile and lies below is done with it: sent, it would take the offset back.
        while let behind = queues[partition]?.first, behind.call == nil, behind.epoch === entry.epoch,
            behind.offset <= entry.offset
        {
            queues[partition]?.removeFirst()
            finish(behind, &action)
        }
        if queues[partition]?.isEmpty == true { queues[partition] = nil }
    }

    private mutating func finish(_ entry: Entry, _ action: inout Action) {
        for id in entry.waiters { settle(id, nil, &action) }
    }

    private mutating func fail(_ entry: Entry, _ error: KafkaError, _ action: inout Action) {
        var isHeard = false
        for id in entry.waiters where settle(id, (entry.epoch.topicPartition, error), &action) { isHeard = true }
        if !isHeard { action.unheard.append(error) }
    }

    /// One of a waiter's partitions is done. Returns whether somebody waits for it.
    @discardableResult
    private mutating func settle(
        _ id: UInt64,
        _ error: (partition: KafkaTopicPartition, error: KafkaError)?,
        _ action: inout Action
    ) -> Bool {
        switch waiting.settle(id, error) {
        case .unknown: return false
        case .open: return true
        case .done(let waiter, let errors):
            if let error = KafkaError.ofPartitions(errors, "committed") {
                action.failed.append((waiter, error))
            } else {
                action.done.append(waiter)
            }
            return true
        }
    }

    private mutating func retry(_ entry: Entry, isAlone: Bool, notBefore: Instant?) {
        var entry = entry
        entry.isAlone = isAlone
        entry.notBefore = notBefore
        if notBefore != nil { entry.attempts += 1 }
        let partition = entry.epoch.topicPartition
        if entry.call == nil, let newer = queues[partition]?.first, newer.call == nil, newer.epoch === entry.epoch {
            entry.offset = max(entry.offset, newer.offset)
            entry.waiters += newer.waiters
            entry.deadline = max(entry.deadline, newer.deadline)
            queues[partition]?.removeFirst()
        }
        queues[partition, default: []].insert(entry, at: 0)
    }

    // MARK: Waiters

    /// The task that waits was cancelled. The commit goes on.
    mutating func cancel(id: UInt64) -> Waiter? { waiting.remove(id) }

    /// Those whose time has passed, each with what is known about its partitions.
    mutating func expire(now: Instant) -> [(waiter: Waiter, error: KafkaError)] {
        let expired = waiting.expire(now: now)
        guard !expired.isEmpty else { return [] }
        var errors = Dictionary(uniqueKeysWithValues: expired.map { ($0.id, $0.errors) })
        for entry in [Array(inFlight.values), queues.values.flatMap(\.self)].joined() {
            let partition = entry.epoch.topicPartition
            for id in entry.waiters where errors[id] != nil {
                errors[id]?[partition] = .commitTimedOut.at(partition).causedBy(entry.problem)
            }
        }
        return expired.map { ($0.waiter, .ofPartitions(errors[$0.id] ?? [:], "committed") ?? .commitTimedOut) }
    }

    /// Nobody waits any more. What was asked for is still committed once that is possible.
    mutating func refuse() -> [Waiter] { waiting.removeAll() }

    /// When the thread has to look again.
    func deadline(isHeld: Bool) -> Instant? {
        let first = waiting.firstDeadline
        guard inFlightID == nil, !isHeld else { return first }
        return queues.values.compactMap { $0.first?.notBefore }.reduce(first) { min($0 ?? $1, $1) }
    }

    // MARK: The end of epochs

    /// Whether something is to be sent, and nothing is on its way.
    var isWaiting: Bool { inFlightID == nil && !queues.isEmpty }

    /// Whether something of these epochs is still to be committed.
    func isBusy(_ epochs: [PartitionEpoch]) -> Bool {
        func concerns(_ entry: Entry) -> Bool { epochs.contains { $0 === entry.epoch } }
        return inFlight.values.contains(where: concerns) || queues.values.contains { $0.contains(where: concerns) }
    }

    var isIdle: Bool { inFlightID == nil && queues.isEmpty }

    /// What the last commit of this epoch was refused with. It is known until the fence that follows the epoch's own.
    func problem(of epoch: PartitionEpoch) -> KafkaError? {
        problems[epoch.topicPartition].flatMap { $0.epoch === epoch ? $0.error : nil }
    }

    /// The epochs have ended: what was still to be committed fails. What is in flight is told by its result.
    mutating func fence(_ epochs: [PartitionEpoch]) -> Action {
        var action = Action()
        problems = problems.filter { problem in
            problem.value.epoch.isCurrent || epochs.contains { $0 === problem.value.epoch }
        }
        for epoch in epochs {
            let partition = epoch.topicPartition
            if let committed = committedOffsets[partition], committed.epoch === epoch {
                committedOffsets[partition] = nil
            }
            guard let queue = queues[partition] else { continue }
            let others = queue.filter { $0.epoch !== epoch }
            queues[partition] = others.isEmpty ? nil : others
            for entry in queue where entry.epoch === epoch {
                fail(entry, .stale(partition).causedBy(entry.problem), &action)
            }
        }
        return action
    }

    /// The client is gone: everybody who still waits.
    mutating func abandon() -> [Waiter] {
        queues = [:]
        inFlight = [:]
        return waiting.removeAll()
    }
}

extension Comparable {
    fileprivate mutating func raise(to other: Self) {
        if self < other { self = other }
    }
}

extension KafkaError {
    static let commitTimedOut = KafkaError(.timedOut, "the commit was not acknowledged within the commit timeout")
        .asRetriable()

    static func stale(_ partition: KafkaTopicPartition) -> KafkaError {
        KafkaError(
            .staleMessage,
            "the message is of an assignment of \(partition) that has ended; whoever owns the partition now gets it again"
        ).at(partition)
    }

    /// Whether the group refuses the member, not the commit.
    var isOfMembership: Bool {
        [.rebalanceInProgress, .illegalGeneration, .staleMemberEpoch, .unknownMember, .fencedInstanceID].contains(code)
    }

    /// Whether it says something about one partition, not about the group or the connection.
    var isOfOnePartition: Bool {
        [.unknownTopicOrPartition, .topicAuthorizationFailed, .offsetMetadataTooLarge].contains(code)
    }

    /// While the epoch is current, these pass: the coordinator moves or loads, the group joins, a connection ends.
    var isWorthRetryingCommit: Bool {
        isRetriable
            || [.illegalGeneration, .staleMemberEpoch, .unknownTopicOrPartition].contains(code)
    }
}
