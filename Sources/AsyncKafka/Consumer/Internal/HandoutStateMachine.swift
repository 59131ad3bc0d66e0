/// What `.onDelivery` has drained and does not hand out yet, as its commit is not acknowledged; and what is to be committed back.
///
/// A plain value of the consumer's actor. What always holds:
///
/// - a message is handed out only when an offset behind it has been acknowledged, and then once;
/// - nothing more is drained while messages are held, but of other partitions where each has a stream;
/// - once an offset goes back, none of its partition goes forward again;
/// - what was committed and never handed out is known until the broker has taken it back, or it is told.
struct HandoutStateMachine<Message: DeliverableMessage> {
    /// How many messages one commit covers at most.
    let maxCount: Int
    /// Drained, in their order.
    private var held: [Message] = []
    /// Partitions whose commit is under way.
    private var committing: Set<KafkaTopicPartition> = []
    /// Those whose commit has failed, as long as messages of theirs are held and nobody asks for another attempt.
    private var refused: Set<KafkaTopicPartition> = []
    /// Partitions that are being given back: nothing more of them is committed forward, or handed out.
    private var givenBack: [PartitionEpoch] = []
    /// The first message of each that was not handed out.
    private var returning: [KafkaTopicPartition: Int64] = [:]
    private var lastNumber: UInt64 = 1 << 63

    init(maxCount: Int) {
        self.maxCount = maxCount
    }

    var isCommitting: Bool { !committing.isEmpty }

    /// Whether messages wait for their commit.
    var holdsMessages: Bool { !held.isEmpty }

    var heldPartitions: Set<KafkaTopicPartition> { Set(held.map(\.epoch.topicPartition)) }

    /// A number for a commit that no call of the application has.
    mutating func nextNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    /// The first message of a partition that waits for its commit.
    func firstHeld(of epoch: PartitionEpoch) -> Int64? {
        held.first { $0.epoch === epoch }?.offset
    }

    /// Drained messages.
    mutating func hold(_ messages: [Message]) {
        held.append(contentsOf: messages)
    }

    /// What has to be committed before anything is handed out; it is under way from here on. Empty if there is nothing to do.
    ///
    /// - Parameter isRetrying: whether what has failed is tried again, without being asked to.
    mutating func commit(isRetrying: Bool = true) -> [(epoch: PartitionEpoch, offset: Int64)] {
        guard !isCommitting else { return [] }
        held = held.filter { isWanted($0) }
        refused = isRetrying ? [] : refused.intersection(heldPartitions)
        var ends: [KafkaTopicPartition: (epoch: PartitionEpoch, offset: Int64)] = [:]
        for message in held where !refused.contains(message.epoch.topicPartition) {
            ends[message.epoch.topicPartition] = (message.epoch, message.offset + 1)
        }
        committing = Set(ends.keys)
        return Array(ends.values)
    }

    /// The partition's stream asks again: its commit is tried once more if it has failed.
    mutating func retry(_ partition: KafkaTopicPartition) {
        refused.remove(partition)
    }

    /// The commit has ended. Returns what may be handed out; what failed is held for the next attempt.
    ///
    /// - Parameter hasFailed: whether the commit of a partition has failed.
    mutating func result(hasFailed: (KafkaTopicPartition) -> Bool) -> [Message] {
        let failed = committing.filter { hasFailed($0) }
        let acknowledged = committing.subtracting(failed)
        committing = []
        let current = held.filter { isWanted($0) }
        held = current.filter { !acknowledged.contains($0.epoch.topicPartition) }
        refused.formUnion(failed)
        refused.formIntersection(heldPartitions)
        return current.filter { acknowledged.contains($0.epoch.topicPartition) }
    }

    /// Partitions are given back: nothing more of them is handed out.
    ///
    /// - Parameters:
    ///   - epochs: those partitions.
    ///   - undelivered: the first message of each partition that was handed out to no loop, if there is one.
    /// - Returns: where their offsets have to go back to.
    mutating func giveBack(
        _ epochs: [PartitionEpoch],
        undelivered: [(epoch: PartitionEpoch, offset: Int64)]
    ) -> [(epoch: PartitionEpoch, offset: Int64)] {
        let new = epochs.filter { epoch in !givenBack.contains { $0 === epoch } }
        let places = new.compactMap { epoch -> (epoch: PartitionEpoch, offset: Int64)? in
            // What is held came after what waits for a loop.
            let first =
                undelivered.first { $0.epoch === epoch }?.offset ?? firstHeld(of: epoch)
            guard let first else { return nil }
            returning[epoch.topicPartition] = first
            return (epoch, first)
        }
        givenBack += new
        if !isCommitting { held = held.filter { isWanted($0) } }
        return places
    }

    private func isWanted(_ message: Message) -> Bool {
        message.epoch.isCurrent && !givenBack.contains { $0 === message.epoch }
    }

    /// The broker has acknowledged an offset.
    mutating func committed(_ epoch: PartitionEpoch, _ offset: Int64) {
        if returning[epoch.topicPartition] == offset { returning[epoch.topicPartition] = nil }
    }

    /// The epochs have ended. Returns what was committed and handed out to nobody.
    mutating func fence(_ epochs: [PartitionEpoch]) -> [(partition: KafkaTopicPartition, offset: Int64)] {
        if !isCommitting { held.removeAll { message in epochs.contains { $0 === message.epoch } } }
        givenBack.removeAll { !$0.isCurrent }
        return epochs.compactMap { epoch in
            returning.removeValue(forKey: epoch.topicPartition).map { (epoch.topicPartition, $0) }
        }
    }

    /// Everything that was committed and handed out to nobody.
    mutating func takeReturning() -> [KafkaTopicPartition: Int64] {
        defer { returning = [:] }
        return returning
    }
}
