// Partitions that are read by streams of their own, each by a loop that waits for no other.
//
// What always holds: a partition has one stream at a time, which is read by one loop at a time; and either there are streams, or a loop
// over all messages.
extension DeliveryStateMachine {
    /// How a partition is read by itself.
    struct Reading {
        /// Its stream, as long as somebody holds that.
        var stream: UInt64?
        /// The loop over the partitions that was given it last.
        var loop: UInt64?
        /// Whether it may be given: its assignment is answered.
        var isOffered = false
        /// Whether its stream is over: the partition goes.
        var isEnding = false
        /// The loop that reads the stream.
        var reader: UInt64?
        /// The message that was delivered last and is not done with.
        var inHand: Message?
        var isHeld = false
        /// The task that holds it.
        var holder = 0
        /// Whether the client's thread waits for the message in hand.
        var releaseIsAwaited = false
        /// Grows whenever there is something for the stream to look at.
        var revision: UInt = 0
        /// When a stream of this partition's was last given something, whichever it was.
        let lastDelivery = LastDelivery()
        /// Each thrown once by the stream.
        var problems: [KafkaError] = []
        var interruption: KafkaError?

        var isAwaited: Bool { isHeld && releaseIsAwaited }

        /// Nobody works on the message in hand any more. Returns whether the thread waits for that.
        mutating func release() -> Bool {
            isHeld = false
            holder = 0
            defer { releaseIsAwaited = false }
            return releaseIsAwaited
        }
    }

    /// A partition's stream.
    struct Given {
        let stream: UInt64
        let topicPartition: KafkaTopicPartition
        let lastDelivery: LastDelivery
    }

    /// Whether a loop over all messages has to wait for the end of streams.
    var isReadByPartitions: Bool { isPartitioned && (partitionLoop != nil || !streams.isEmpty) }

    // MARK: The loop over partitions

    /// The loop asks for the next partition.
    mutating func nextPartition(loop id: UInt64, isCancelled: Bool) -> ReadAction<Given> {
        if partitionLoop == nil {
            if isCancelled { return ReadAction(step: .end) }
            guard case .open = phase else { return ReadAction(step: ending()) }
            guard reader == nil else { return ReadAction(step: .failed(.alreadyIterating)) }
            partitionLoop = id
            beginPartitions()
        }
        guard partitionLoop == id else { return ReadAction(step: .failed(.alreadyIterating)) }
        if isCancelled {
            partitionLoop = nil
            return ReadAction(step: .end)
        }
        guard case .open = phase else { return ReadAction(step: ending()) }
        guard let slot = nextToGive(to: id) else {
            if !problems.isEmpty { return ReadAction(step: .failed(problems.removeFirst())) }
            return ReadAction(step: .fetch, revision: partitionRevision)
        }
        let stream = makeReader()
        streams[stream] = slot
        partitions[slot].reading.stream = stream
        partitions[slot].reading.loop = id
        let given = Given(
            stream: stream,
            topicPartition: partitions[slot].epoch.topicPartition,
            lastDelivery: partitions[slot].reading.lastDelivery
        )
        return ReadAction(step: .deliver(given))
    }

    private func nextToGive(to loop: UInt64) -> Int? {
        var found: (slot: Int, partition: KafkaTopicPartition)?
        for slot in partitions.indices {
            guard partitions[slot].reading.isOffered, partitions[slot].reading.stream == nil,
                partitions[slot].reading.loop != loop, !partitions[slot].isDraining
            else { continue }
            let name = partitions[slot].epoch.topicPartition
            if let found, found.partition < name { continue }
            found = (slot, name)
        }
        return found?.slot
    }

    /// Whether the client's thread may read partitions apart for this loop: it may be over by the time that it gets there.
    func isRead(byPartitionLoop id: UInt64) -> Bool { isPartitioned && partitionLoop == id }

    /// The loop over the partitions has ended. Its streams go on.
    mutating func releasePartitionLoop(_ id: UInt64) {
        if partitionLoop == id { partitionLoop = nil }
    }

    /// What is there is sorted by partition.
    private mutating func beginPartitions() {
        guard !isPartitioned else { return }
        recall()
        isPartitioned = true
        keepHand()
        appendByPartition(backlog.takeAll())
    }

    /// A loop over all messages begins: what streams have left comes first.
    mutating func endPartitions() {
        guard isPartitioned else { return }
        isPartitioned = false
        var released: [Message] = []
        for slot in partitions.indices {
            partitions[slot].recall()
            problems += partitions[slot].reading.problems
            partitions[slot].reading = Reading(isOffered: partitions[slot].reading.isOffered)
            if !partitions[slot].isPaused { released += partitions[slot].held.takeAll() }
        }
        putFirst(released)
    }

    // MARK: Streams

    /// The same for a stream.
    func isRead(byStream id: UInt64) -> Bool { isPartitioned && streams[id] != nil }

    /// A stream's loop asks for its next message.
    mutating func next(
        stream id: UInt64,
        reader: UInt64,
        task: Int,
        isCancelled: Bool
    ) -> ReadAction<Message> {
        var wakes = stuckStreams.remove(id) != nil
        guard let slot = streams[id] else {
            return ReadAction(step: isCancelled ? .end : streamEnding(id), wakesThread: wakes)
        }
        if partitions[slot].reading.reader == nil {
            if isCancelled { return ReadAction(step: .end, wakesThread: wakes) }
            partitions[slot].reading.reader = reader
            partitions[slot].reading.interruption = nil
            partitions[slot].recall()
        }
        guard partitions[slot].reading.reader == reader else {
            return ReadAction(step: .failed(.streamIsRead), wakesThread: wakes)
        }
        if isCancelled {
            return ReadAction(step: .end, wakesThread: releaseReader(reader, ofStream: id) || wakes)
        }
        if partitions[slot].reading.release() { wakes = true }
        if let done = partitions[slot].reading.inHand {
            partitions[slot].reading.inHand = nil
            if policy == .afterProcessing, mark(done) == true { wakes = true }
        }
        guard case .open = phase, !partitions[slot].reading.isEnding else {
            return ReadAction(step: streamEnding(id), wakesThread: wakes)
        }
        if let message = partitions[slot].take(for: task) {
            return ReadAction(step: .deliver(message), wakesThread: wakes)
        }
        if let error = partitions[slot].reading.takeProblem() {
            return ReadAction(step: .failed(error), wakesThread: wakes)
        }
        return ReadAction(step: .fetch, wakesThread: wakes, revision: partitions[slot].reading.revision)
    }

    /// A failure is thrown once, by each stream.
    private mutating func streamEnding(_ id: UInt64) -> ReadAction<Message>.Step {
        failedStreams.removeValue(forKey: id).map { .failed($0) } ?? .end
    }

    /// A stream's loop is over: by break, throw, cancellation, or its end. Returns whether the thread is to be woken.
    mutating func releaseReader(_ reader: UInt64, ofStream id: UInt64) -> Bool {
        let wasStuck = stuckStreams.remove(id) != nil
        guard let slot = streams[id], partitions[slot].reading.reader == reader else { return wasStuck }
        partitions[slot].reading.reader = nil
        // Elsewhere the next loop goes on behind it.
        if policy != .afterProcessing { partitions[slot].reading.inHand = nil }
        return partitions[slot].reading.release() || wasStuck
    }

    /// Nobody holds the stream any more: its partition is read by nobody until it is given again. Returns whether the thread is to be
    /// woken.
    mutating func dropStream(_ id: UInt64) -> Bool {
        failedStreams[id] = nil
        let wasStuck = stuckStreams.remove(id) != nil
        guard let slot = streams.removeValue(forKey: id) else { return wasStuck }
        partitions[slot].reading.stream = nil
        // Of an earlier loop's, it may be given to the one that waits now.
        partitionRevision += 1
        return wasStuck || partitionLoop != nil
    }

    // MARK: The client's thread

    /// The partitions are being read: the loop over partitions is given their streams.
    mutating func offer(_ epochs: [PartitionEpoch]) {
        for epoch in epochs where slot(of: epoch) != nil { partitions[epoch.slot].reading.isOffered = true }
        partitionRevision += 1
    }

    /// The partition goes on somewhere else, in an epoch of its own; its stream stays.
    mutating func replace(_ epoch: PartitionEpoch) -> PartitionEpoch {
        var reading = slot(of: epoch).map { partitions[$0].reading } ?? Reading()
        fence([epoch])
        let next = assign(epoch.topicPartition)
        reading.problems = []
        reading.interruption = nil
        reading.revision += 1
        if let stream = reading.stream {
            streams[stream] = next.slot
        } else {
            // Whoever let go of it, and seeks it, wants it.
            reading.loop = nil
        }
        partitions[next.slot].reading = reading
        streamRevision += 1
        partitionRevision += 1
        return next
    }

    /// Drained messages, or others, in their order. Returns whether a stream has something to look at.
    @discardableResult
    mutating func appendByPartition(_ messages: [Message]) -> Bool {
        streamRevision += 1
        guard let first = messages.first else { return false }
        // Mostly all of them are of one partition: then nothing is copied.
        if messages.allSatisfy({ $0.epoch === first.epoch }) { return append(messages, of: first.epoch) }
        var hasMore = false
        var rest = messages[...]
        while let epoch = rest.first?.epoch {
            let run = rest.prefix { $0.epoch === epoch }
            rest = rest[run.endIndex...]
            if append(Array(run), of: epoch) { hasMore = true }
        }
        return hasMore
    }

    private mutating func append(_ messages: [Message], of epoch: PartitionEpoch) -> Bool {
        guard epoch.isCurrent, let slot = slot(of: epoch), !partitions[slot].isDraining else { return false }
        partitions[slot].held.append(messages)
        partitions[slot].reading.revision += 1
        return !partitions[slot].isPaused
    }

    /// Those that are not paused any more go on. Returns whether one of them has messages.
    mutating func resumeStreams() -> Bool {
        var hasMore = false
        for slot in partitions.indices {
            guard partitions[slot].isPaused, !paused.contains(partitions[slot].epoch.topicPartition) else { continue }
            partitions[slot].isPaused = false
            partitions[slot].reading.revision += 1
            if !partitions[slot].held.isEmpty { hasMore = true }
        }
        streamRevision += 1
        return hasMore
    }

    /// These partitions go. Returns whether somebody who works on a message of theirs is waited for.
    mutating func endStreams(of epochs: [PartitionEpoch]) -> Bool {
        var isAwaited = false
        for epoch in epochs where slot(of: epoch) != nil {
            partitions[epoch.slot].reading.isEnding = true
            guard isFencing, partitions[epoch.slot].reading.isHeld else { continue }
            partitions[epoch.slot].reading.releaseIsAwaited = true
            isAwaited = true
        }
        streamRevision += 1
        return isAwaited
    }

    /// The consumer closes. Returns whether somebody works on a message, other than this task.
    mutating func awaitStreams(but task: Int) -> Bool {
        var isAwaited = false
        releaseStreams(heldBy: task)
        for slot in partitions.indices where partitions[slot].reading.isHeld {
            partitions[slot].reading.releaseIsAwaited = true
            isAwaited = true
        }
        streamRevision += 1
        partitionRevision += 1
        return isAwaited
    }

    mutating func releaseStreams(heldBy task: Int) {
        for slot in partitions.indices {
            guard partitions[slot].reading.isHeld, partitions[slot].reading.holder == task else { continue }
            _ = partitions[slot].reading.release()
        }
    }

    mutating func forgetStream(of slot: Int) {
        if let stream = partitions[slot].reading.stream { streams[stream] = nil }
        streamRevision += 1
    }

    /// Nobody waits any more for whoever works on a message of this partition, until its stream is asked again.
    mutating func letGo(of epoch: PartitionEpoch) {
        guard let slot = slot(of: epoch) else { return }
        _ = partitions[slot].reading.release()
        if let stream = partitions[slot].reading.stream { stuckStreams.insert(stream) }
    }

    /// Whether a stream that has seen this revision has something to look at.
    func hasNews(stream id: UInt64, seen revision: UInt) -> Bool {
        guard isOpen, let slot = streams[id] else { return true }
        return partitions[slot].reading.revision != revision || partitions[slot].reading.isEnding
    }
}

extension DeliveryStateMachine.Reading {
    fileprivate init(isOffered: Bool) {
        self.init()
        self.isOffered = isOffered
    }

    fileprivate mutating func takeProblem() -> KafkaError? {
        if !problems.isEmpty { return problems.removeFirst() }
        defer { interruption = nil }
        return interruption
    }
}

extension DeliveryStateMachine.Partition {
    /// The next message, if one may be delivered: it is in hand.
    fileprivate mutating func take(for task: Int) -> Message? {
        guard !isDraining, !isPaused, let message = held.popFirst() else { return nil }
        reading.inHand = message
        reading.isHeld = true
        reading.holder = task
        return message
    }

    /// The last loop ended without a word on what it had in hand: that comes again, before the rest.
    fileprivate mutating func recall() {
        guard let message = reading.inHand else { return }
        reading.inHand = nil
        guard message.epoch === epoch, !isDraining, max(marked ?? -1, committed ?? -1) <= message.offset else { return }
        held.putFirst([message])
    }
}

extension KafkaError {
    static let streamIsRead = KafkaError(
        .alreadyIterating,
        "another loop reads this partition's messages; end it first"
    )
}
