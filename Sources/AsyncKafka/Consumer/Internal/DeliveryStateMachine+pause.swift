// Paused partitions: what was drained of them is held back, and comes first when they go on.
extension DeliveryStateMachine {
    /// Nothing of these partitions is delivered from now on, not after they were assigned anew either. The message in hand may be
    /// finished.
    mutating func pause(_ topicPartitions: [KafkaTopicPartition]) {
        paused.formUnion(topicPartitions)
        for slot in partitions.indices {
            guard let partition = partitions[slot], paused.contains(partition.epoch.topicPartition) else { continue }
            partitions[slot]?.isPaused = true
        }
        var rest: [Message] = []
        for message in batch[index...] where !hold(message) { rest.append(message) }
        batch = rest
        index = 0
    }

    /// These partitions go on, with what is held of them.
    ///
    /// - Returns: those that were paused, and whether the loop has something to look at.
    mutating func resume(_ topicPartitions: [KafkaTopicPartition]) -> (resumed: [KafkaTopicPartition], hasMore: Bool) {
        let resumed = topicPartitions.filter { paused.remove($0) != nil }
        if isPartitioned { return (resumed, resumeStreams()) }
        var released: [Message] = []
        for slot in partitions.indices {
            guard let partition = partitions[slot], partition.isPaused, !paused.contains(partition.epoch.topicPartition)
            else { continue }
            released += partition.held
            partitions[slot]?.isPaused = false
            partitions[slot]?.held = []
        }
        putFirst(released)
        return (resumed, !released.isEmpty)
    }

    /// Keeps a message of a paused partition back; returns false if it is none.
    mutating func hold(_ message: Message) -> Bool {
        guard let partition = partition(of: message.epoch), partition.isPaused, !partition.isDraining else {
            return false
        }
        partitions[message.epoch.slot]?.held.append(message)
        return true
    }

    /// These come before what is there.
    mutating func putFirst(_ messages: [Message]) {
        guard !messages.isEmpty else { return }
        if messages.count <= index {
            // Mostly the place that they were taken from.
            index -= messages.count
            batch.replaceSubrange(index..<index + messages.count, with: messages)
        } else {
            batch.replaceSubrange(0..<index, with: messages)
            index = 0
        }
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
            } else if let partition = partition(of: message.epoch), partition.isPaused, !partition.isDraining {
                aside[message.epoch.slot, default: []].append(message)
            }
        }
        inHand = nil
        batchInHand = []
        putFirst(first)
        for (slot, messages) in aside { partitions[slot]?.held.putFirst(messages) }
    }

    /// What is there is what may be delivered, so that its number says something.
    mutating func dropUndeliverable() {
        guard index < batch.count else { return }
        batch = batch[index...].filter { isDeliverable($0) }
        index = 0
    }
}

extension ArraySlice {
    mutating func putFirst(_ elements: some Collection<Element>) {
        insert(contentsOf: elements, at: startIndex)
    }
}
