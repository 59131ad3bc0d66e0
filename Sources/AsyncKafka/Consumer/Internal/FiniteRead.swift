import RdKafka

/// A read of partitions up to where their logs ended when it began.
///
/// The client's thread says how far was drained, the loop how far was delivered.
final class FiniteRead: Sendable {
    private struct Partition {
        var position: Int64
        let end: Int64
        var isDrained: Bool
    }

    private let state: Locked<[KafkaTopicPartition: Partition]>
    /// Offsets from the beginnings to the ends.
    let total: Int64

    init(begins: [KafkaTopicPartition: Int64], ends: [KafkaTopicPartition: Int64]) {
        var partitions: [KafkaTopicPartition: Partition] = [:]
        for (partition, end) in ends {
            let begin = min(begins[partition] ?? end, end)
            partitions[partition] = Partition(position: begin, end: end, isDrained: begin >= end)
        }
        total = partitions.values.reduce(0) { $0 + $1.end - $1.position }
        state = Locked(partitions)
    }

    /// Offsets that are not delivered, or known to be no messages, yet.
    var remaining: Int64 {
        state.withLock { $0.values.reduce(0) { $0 + $1.end - $1.position } }
    }

    /// Partitions whose end was not drained yet.
    var open: [KafkaTopicPartition] {
        state.withLock { $0.filter { !$0.value.isDrained }.map(\.key) }
    }

    /// Whether everything was drained.
    var isComplete: Bool {
        state.withLock { $0.values.allSatisfy(\.isDrained) }
    }

    /// Whether the read wants this message; what lies behind the end says that the end was drained.
    func wants(_ partition: KafkaTopicPartition, _ offset: Int64) -> Bool {
        state.withLock { partitions in
            guard let end = partitions[partition]?.end else { return false }
            if offset + 1 >= end { partitions[partition]?.isDrained = true }
            return offset < end
        }
    }

    func drained(_ partition: KafkaTopicPartition, upTo offset: Int64) {
        state.withLock { partitions in
            guard let end = partitions[partition]?.end, offset >= end else { return }
            partitions[partition]?.isDrained = true
        }
    }

    func delivered(_ partition: KafkaTopicPartition, _ offset: Int64) {
        state.withLock { partitions in
            guard let end = partitions[partition]?.end else { return }
            partitions[partition]?.position = min(offset + 1, end)
        }
    }

    func moved(_ partition: KafkaTopicPartition, to offset: Int64) {
        state.withLock { partitions in
            guard let end = partitions[partition]?.end else { return }
            partitions[partition]?.position = min(offset, end)
            partitions[partition]?.isDrained = offset >= end
        }
    }

    /// Everything is delivered: what is left were no messages.
    func finish() {
        state.withLock { partitions in
            for (partition, state) in partitions { partitions[partition]?.position = state.end }
        }
    }
}
