/// What a consumer has drained and not yet delivered, the message in hand, and the offset marks.
///
/// A plain value behind the consumer's lock: loops take messages out of it on the pool, the client's thread fills it, drains it
/// before a revoke and takes marks to be committed. What always holds:
///
/// - a message whose epoch has ended, or whose partition is being drained or paused, is not delivered;
/// - the backlog holds no message of a paused partition, and what a paused one holds comes before what is drained later;
/// - a mark only grows, and exists only in a current epoch;
/// - one loop reads at a time, or else each partition has a stream of its own.
///
/// Generic over the message, so that tests drive it with small values.
struct DeliveryStateMachine<Message: DeliverableMessage> {
    /// What asking for the next message means for the one before.
    enum Policy {
        /// Nothing: commits are the application's.
        case manual
        /// It is processed.
        case afterProcessing
        /// Nothing: it was committed before it was delivered.
        case onDelivery
    }

    struct Partition {
        /// `PartitionEpoch.none` while the slot is free. Not an optional partition: each look at one of its flags would copy all of it.
        var epoch = PartitionEpoch.none
        /// One behind the last processed message; nil if none is.
        var marked: Int64?
        /// What the broker has acknowledged in this epoch.
        var committed: Int64?
        var isDraining = false
        var isPaused = false
        /// What was drained and not delivered: while it is paused, or for its stream.
        var held = Backlog<Message>()
        /// The first message that no loop gets any more, as the partition goes.
        var dropped: Int64?
        var reading = Reading()
    }

    enum Phase {
        case open
        case failed(KafkaError)
        case closed
    }

    let policy: Policy
    /// False in tests alone, which show what the fence is good for.
    var isFencing = true
    private(set) var phase = Phase.open
    var partitions: [Partition] = []
    var backlog = Backlog<Message>()
    /// Partitions that are paused, whether they are assigned or not.
    var paused: Set<KafkaTopicPartition> = []
    /// Grows whenever there is more in the backlog.
    var revision: UInt = 0
    /// The loop that reads.
    var reader: UInt64?
    private var lastReader: UInt64 = 0
    private var hand = Hand.empty
    /// What is in hand, where the backlog does not have it any more.
    private var kept: Message?
    /// The messages that were delivered last as a batch and are not done with.
    var batchInHand: [Message] = []
    /// Whether a loop works on them now; otherwise the next loop may get them again.
    var isHeld = false
    /// The task that holds it.
    var holder = 0
    /// Whether the client's thread waits for the message in hand.
    private var releaseIsAwaited = false
    /// Whether marks were made since the client's thread last took them.
    private(set) var hasNewMarks = false
    /// Thrown by the loop that waits, once.
    var interruption: KafkaError?
    /// Each thrown once, by whichever loop reads.
    var problems: [KafkaError] = []
    /// Whether partitions are read by streams of their own; the backlog is empty then.
    var isPartitioned = false
    /// The loop that is given the streams.
    var partitionLoop: UInt64?
    /// The slots of the streams that somebody holds and whose partitions are ours.
    var streams: [UInt64: Int] = [:]
    /// What streams have to throw, once.
    var failedStreams: [UInt64: KafkaError] = [:]
    /// Streams that the watchdog has noticed, until they are asked or let go.
    var stuckStreams: Set<UInt64> = []
    /// Grows whenever some stream has something to look at.
    var streamRevision: UInt = 0
    /// Grows whenever the loop over the partitions has something to look at.
    var partitionRevision: UInt = 0

    init(policy: Policy) {
        self.policy = policy
    }

    // MARK: Reading

    /// A new loop. It becomes the reader with its first `next`.
    mutating func makeReader() -> UInt64 {
        lastReader += 1
        return lastReader
    }

    /// What somebody who asks for a message, or for a batch of them, gets.
    struct ReadAction<Delivered> {
        enum Step {
            case deliver(Delivered)
            /// Nothing is here: have the client's thread drain, then ask again.
            case fetch
            case end
            case failed(KafkaError)
        }

        var step: Step
        /// The client's thread waits for what has just happened.
        var wakesThread = false
        /// The last that was made ready begins to be read: there is room for more.
        var hasRoom = false
        /// How many messages are there, and what the backlog's revision is, for whoever waits for more.
        var available = 0
        var revision: UInt = 0
    }

    /// Where the message is that was delivered last and is not done with.
    private enum Hand {
        case empty
        /// It is the last one of the backlog, where it is left as long as nothing but the loop touches that: a copy costs as much as a
        /// delivery.
        case last
        case kept
    }

    /// The message that was delivered last and is not done with.
    var inHand: Message? {
        get {
            switch hand {
            case .empty: nil
            case .last: backlog.last
            case .kept: kept
            }
        }
        set {
            hand = newValue == nil ? .empty : .kept
            kept = newValue
        }
    }

    /// The backlog is about to change otherwise than by a delivery.
    mutating func keepHand() {
        if hand == .last { inHand = backlog.last }
    }

    /// The next message of the loop that reads, where nothing else is to be done: most of them.
    mutating func takeNext(reader id: UInt64, task: Int) -> Message? {
        guard reader == id, hand != .kept, case .open = phase, !releaseIsAwaited,
            policy != .afterProcessing || hasNewMarks
        else { return nil }
        if policy == .afterProcessing, let place = placeInHand { _ = mark(place.epoch, place.offset) }
        hand = .empty
        guard let message = backlog.popBegun(), isDeliverable(message) else { return nil }
        hand = .last
        isHeld = true
        holder = task
        return message
    }

    private var placeInHand: (epoch: PartitionEpoch, offset: Int64)? {
        switch hand {
        case .empty: nil
        case .last: backlog.lastPlace
        case .kept: kept.map { ($0.epoch, $0.offset) }
        }
    }

    /// A loop asks for its next message.
    mutating func next(reader id: UInt64, task: Int, isCancelled: Bool) -> ReadAction<Message> {
        if reader == nil {
            if isCancelled { return ReadAction(step: .end) }
            guard case .open = phase else {
                reader = id
                return ReadAction(step: ending())
            }
            guard !isReadByPartitions else { return ReadAction(step: .failed(.alreadyIterating)) }
            reader = id
            interruption = nil
            endPartitions()
            recall()
        }
        guard reader == id else {
            return ReadAction(step: .failed(.alreadyIterating))
        }
        if isCancelled { return ReadAction(step: .end, wakesThread: releaseReader(id)) }
        let wakes = finishMessageInHand()
        guard case .open = phase else { return ReadAction(step: ending(), wakesThread: wakes) }
        let hadRoom = hasRoom
        while let message = backlog.popFirst() {
            guard isDeliverable(message) else { continue }
            hand = .last
            isHeld = true
            holder = task
            return ReadAction(step: .deliver(message), wakesThread: wakes, hasRoom: !hadRoom && hasRoom)
        }
        if let error = takeInterruption() { return ReadAction(step: .failed(error), wakesThread: wakes) }
        return ReadAction(step: .fetch, wakesThread: wakes, revision: revision)
    }

    /// A failure is thrown once; then the sequence is over.
    mutating func ending<Delivered>() -> ReadAction<Delivered>.Step {
        guard case .failed(let error) = phase else { return .end }
        phase = .closed
        return .failed(error)
    }

    /// Where a partition stands; nil if its epoch has ended. One of another consumer has a slot as well: only its identity tells.
    func slot(of epoch: PartitionEpoch) -> Int? {
        let slot = epoch.slot
        guard partitions.indices.contains(slot), partitions[slot].epoch === epoch else { return nil }
        return slot
    }

    func isDeliverable(_ message: Message) -> Bool {
        guard isFencing else { return true }
        guard message.epoch.isCurrent, let slot = slot(of: message.epoch) else { return false }
        return !partitions[slot].isDraining && !partitions[slot].isPaused
    }

    /// Whether the message was marked or committed by name.
    func isSettled(_ message: Message) -> Bool {
        guard let slot = slot(of: message.epoch) else { return true }
        return max(partitions[slot].marked ?? -1, partitions[slot].committed ?? -1) > message.offset
    }

    /// Returns whether the thread is to be woken.
    private mutating func finishMessageInHand() -> Bool {
        guard let (epoch, offset) = placeInHand else { return false }
        inHand = nil
        var wakes = release()
        if policy == .afterProcessing, mark(epoch, offset) == true { wakes = true }
        return wakes
    }

    mutating func release() -> Bool {
        isHeld = false
        holder = 0
        defer { releaseIsAwaited = false }
        return releaseIsAwaited
    }

    /// The loop is over: by break, throw, cancellation, or its end. Returns whether the thread is to be woken.
    mutating func releaseReader(_ id: UInt64) -> Bool {
        guard reader == id else { return false }
        reader = nil
        // Elsewhere the next loop goes on behind it.
        if policy != .afterProcessing { inHand = nil }
        return release()
    }

    // MARK: Marks

    /// A message is processed. Returns whether the thread is to be woken, to have the mark committed in time; nil if the
    /// message's assignment has ended, or was another consumer's.
    mutating func mark(_ message: Message) -> Bool? {
        mark(message.epoch, message.offset)
    }

    private mutating func mark(_ epoch: PartitionEpoch, _ offset: Int64) -> Bool? {
        guard epoch.isCurrent, let slot = slot(of: epoch) else { return nil }
        let next = offset + 1
        guard next > partitions[slot].marked ?? -1 else { return false }
        partitions[slot].marked = next
        defer { hasNewMarks = true }
        return !hasNewMarks
    }

    /// Whether this is an epoch of this consumer's that has not ended.
    func owns(_ epoch: PartitionEpoch) -> Bool { slot(of: epoch) != nil }

    /// All that is known of a partition, copied.
    func partition(of epoch: PartitionEpoch) -> Partition? {
        slot(of: epoch).map { partitions[$0] }
    }

    /// The marks that the broker has not acknowledged, of some partitions or of all.
    mutating func takeMarks(of epochs: [PartitionEpoch]? = nil) -> [(epoch: PartitionEpoch, offset: Int64)] {
        if epochs == nil { hasNewMarks = false }
        return partitions.compactMap { partition in
            guard let marked = partition.marked, marked > partition.committed ?? -1 else { return nil }
            if let epochs, !epochs.contains(where: { $0 === partition.epoch }) { return nil }
            return (partition.epoch, marked)
        }
    }

    /// A commit of marks has failed for a reason that passes: they are due again.
    mutating func marksAreLeft() {
        hasNewMarks = true
    }

    /// The broker has acknowledged an offset.
    mutating func committed(_ epoch: PartitionEpoch, _ offset: Int64) {
        guard let slot = slot(of: epoch) else { return }
        partitions[slot].committed = max(offset, partitions[slot].committed ?? -1)
    }

    // MARK: The client's thread

    /// A partition was assigned.
    mutating func assign(_ topicPartition: KafkaTopicPartition) -> PartitionEpoch {
        let slot = partitions.firstIndex { $0.epoch === PartitionEpoch.none } ?? partitions.count
        if slot == partitions.count { partitions.append(Partition()) }
        let epoch = PartitionEpoch(topicPartition, slot: slot)
        partitions[slot] = Partition(epoch: epoch, isPaused: paused.contains(topicPartition))
        return epoch
    }

    /// Drained messages, in their order. Returns whether the loop has something to look at.
    @discardableResult
    mutating func append(_ messages: [Message]) -> Bool {
        if isPartitioned { return appendByPartition(messages) }
        keepHand()
        let count = backlog.count
        if paused.isEmpty, !partitions.contains(where: { $0.isDraining }) {
            backlog.append(messages)
        } else {
            for message in messages where !hold(message) && isDeliverable(message) { backlog.append(message) }
        }
        guard backlog.count > count else { return false }
        revision += 1
        return true
    }

    /// Nothing more of these partitions is delivered.
    ///
    /// - Parameter isRevoke: whether they go. Then their streams end, and whoever works on a message of theirs is waited for.
    /// - Returns: whether somebody is waited for; the release then wakes the thread.
    mutating func drain(_ epochs: [PartitionEpoch], isRevoke: Bool = true) -> Bool {
        for epoch in epochs {
            guard let slot = slot(of: epoch) else { continue }
            partitions[slot].dropped = nextUndelivered(of: epoch)
            partitions[slot].isDraining = true
            partitions[slot].held = Backlog()
        }
        dropUndeliverable()
        guard isRevoke else { return false }
        let isStreaming = endStreams(of: epochs)
        guard isHeld, isFencing else { return isStreaming }
        let isConcerned = epochs.contains { epoch in
            inHand?.epoch === epoch || batchInHand.contains { $0.epoch === epoch }
        }
        guard isConcerned else { return isStreaming }
        releaseIsAwaited = true
        return true
    }

    /// The partitions are not ours any more: their epochs end.
    mutating func fence(_ epochs: [PartitionEpoch]) {
        for epoch in epochs {
            epoch.fence()
            guard slot(of: epoch) != nil else { continue }
            forgetStream(of: epoch.slot)
            partitions[epoch.slot] = Partition()
        }
        dropUndeliverable()
        // What is in hand of them is nobody's to wait for any more, with the next revoke least of all.
        if isOpen, inHand?.epoch.isCurrent != true, !batchInHand.contains(where: \.epoch.isCurrent) {
            releaseIsAwaited = false
        }
    }

    /// No message is delivered any more. Returns whether a loop other than that of the calling task still works on one; its
    /// release then wakes the thread.
    mutating func close(task: Int) -> Bool {
        if case .open = phase { phase = .closed }
        keepHand()
        for slot in partitions.indices {
            partitions[slot].dropped = nextUndelivered(of: partitions[slot].epoch)
            partitions[slot].held = Backlog()
        }
        backlog = Backlog()
        let isStreaming = awaitStreams(but: task)
        guard isHeld, inHand != nil || !batchInHand.isEmpty else { return isStreaming }
        guard holder != task else {
            // Called from within the body: nobody waits for the message in hand, a revoke neither.
            _ = release()
            return isStreaming
        }
        releaseIsAwaited = true
        return true
    }

    /// Somebody else waits for the close as well, from within a body: what its task holds is waited for no more.
    mutating func letGo(heldBy task: Int) {
        if isHeld, holder == task { _ = release() }
        releaseStreams(heldBy: task)
    }

    /// The partitions of what was delivered last and is not done with.
    var partitionsInHand: Set<KafkaTopicPartition> {
        var partitions = Set(batchInHand.map { $0.epoch.topicPartition })
        if let inHand { partitions.insert(inHand.epoch.topicPartition) }
        return partitions
    }

    /// Whether there are messages that no loop was given.
    var hasUndelivered: Bool { !backlog.isEmpty }

    /// Whether a loop reads what is left, so that the next batch may be made ready for it. What it has to throw would not come behind
    /// that otherwise; and under `.onDelivery` a batch is committed before.
    var hasRoom: Bool {
        isOpen && reader != nil && !isPartitioned && policy != .onDelivery && !isInterrupted && backlog.hasRoom
    }

    /// The same, if not more than this is left: pausing and resuming gathers what was there.
    func hasRoom(behind count: Int) -> Bool { hasRoom && backlog.count <= count }

    /// Nobody waits any more for what a loop holds.
    mutating func letGoOfHand() {
        _ = release()
    }

    /// Whether a loop, or a stream's, that the thread waits for still holds its message.
    var isWaitingForRelease: Bool {
        releaseIsAwaited && isHeld || partitions.contains { $0.reading.isAwaited }
    }

    /// The first drained message of an assignment that no loop was given yet, or is to get no more.
    func nextUndelivered(of epoch: PartitionEpoch) -> Int64? {
        guard let slot = slot(of: epoch) else { return nil }
        return partitions[slot].dropped ?? partitions[slot].held.first?.offset
            ?? backlog.messages.first { $0.epoch === epoch }?.offset
    }

    /// The client has failed: the sequence throws once.
    mutating func fail(_ error: KafkaError) {
        guard case .open = phase else { return }
        phase = .failed(error)
        for stream in streams.keys { failedStreams[stream] = error }
        streamRevision += 1
        partitionRevision += 1
    }

    /// Whether there is a message that no loop was given yet, of a paused partition too.
    var holdsMessages: Bool { hasUndelivered || partitions.contains { !$0.held.isEmpty } }

    var isOpen: Bool {
        if case .open = phase { return true }
        return false
    }
}

extension KafkaError {
    static let alreadyIterating = KafkaError(
        .alreadyIterating,
        "another loop reads this consumer's messages; end it first, or use a consumer for each"
    )
}

/// What the state machine has to know of a message.
protocol DeliverableMessage {
    var epoch: PartitionEpoch { get }
    var offset: Int64 { get }
}

extension KafkaMessage: DeliverableMessage {}
