// Paused partitions: what was drained of them is held back, and comes first when they go on.
extension DeliveryStateMachine {
    /// Nothing of these partitions is delivered from now on, not after they were assigned anew either. The message in hand may be
    /// finished.
    mutating func pause(_ topicPartitions: [KafkaTopicPartition]) {
        paused.formUnion(topicPartitions)
        for slot in partitions.indices {
            if paused.contains(partitions[slot].epoch.topicPartition) { partitions[slot].isPaused = true }
        }
        keepHand()
        var rest: [Message] = []
        for message in backlog.takeAll() where !hold(message) { rest.append(message) }
        backlog.append(rest)
    }

    /// These partitions go on, with what is held of them.
    ///
    /// - Returns: those that were paused, and whether the loop has something to look at.
    mutating func resume(_ topicPartitions: [KafkaTopicPartition]) -> (resumed: [KafkaTopicPartition], hasMore: Bool) {
        let resumed = topicPartitions.filter { paused.remove($0) != nil }
        if isPartitioned { return (resumed, resumeStreams()) }
        var released: [Message] = []
        for slot in partitions.indices {
            guard partitions[slot].isPaused, !paused.contains(partitions[slot].epoch.topicPartition) else { continue }
            released += partitions[slot].held.takeAll()
            partitions[slot].isPaused = false
        }
        putFirst(released)
        return (resumed, !released.isEmpty)
    }

    /// Keeps a message of a paused partition back; returns false if it is none.
    mutating func hold(_ message: Message) -> Bool {
        guard let slot = slot(of: message.epoch), partitions[slot].isPaused, !partitions[slot].isDraining else {
            return false
        }
        partitions[slot].held.append(message)
        return true
    }

    /// These come before what is there.
    mutating func putFirst(_ messages: [Message]) {
        guard !messages.isEmpty else { return }
        keepHand()
        backlog.putFirst(messages)
        revision += 1
    }

    /// The last loop ended without a word on what it had in hand: that comes again, before the rest of its partition.
    mutating func recall() {
        guard inHand != nil || !batchInHand.isEmpty else { return }
        var first: [Message] = []
        var aside: [Int: [Message]] = [:]
        for message in (inHand.map { [$0] } ?? []) + batchInHand where !isSettled(message) {
            if isDeliverable(message) {
                first.append(message)
            } else if let slot = slot(of: message.epoch), partitions[slot].isPaused, !partitions[slot].isDraining {
                aside[slot, default: []].append(message)
            }
        }
        inHand = nil
        batchInHand = []
        putFirst(first)
        for (slot, messages) in aside { partitions[slot].held.putFirst(messages) }
    }

    /// What is there is what may be delivered, so that its number says something.
    mutating func dropUndeliverable() {
        guard !backlog.isEmpty else { return }
        keepHand()
        var rest = Backlog<Message>()
        swap(&rest, &backlog)
        rest.removeAll { !isDeliverable($0) }
        backlog = rest
    }
}
