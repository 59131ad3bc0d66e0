import Synchronization

/// One stretch of time in which this consumer owns a partition, from its assignment until it is fenced.
///
/// Every message refers to the one it came from. A message of an epoch that has ended is never delivered, and committing it fails.
final class PartitionEpoch: Sendable {
    let topicPartition: KafkaTopicPartition
    /// Where the consumer's state machine keeps the marks of this epoch.
    let slot: Int
    private let current = Atomic<Bool>(true)

    /// Stands where there is no assignment.
    static let none = PartitionEpoch(KafkaTopicPartition(topic: "", partition: -1), slot: -1)

    init(_ topicPartition: KafkaTopicPartition, slot: Int) {
        self.topicPartition = topicPartition
        self.slot = slot
    }

    var isCurrent: Bool { current.load(ordering: .acquiring) }

    func fence() {
        current.store(false, ordering: .releasing)
    }
}

/// What messages that were drained together refer to their epoch by: the thread that drains the next ones and the task that reads these
/// would otherwise count references to one object, each in turn taking its cache line from the other.
final class MessageOrigin: Sendable {
    let epoch: PartitionEpoch

    init(_ epoch: PartitionEpoch) {
        self.epoch = epoch
    }
}
