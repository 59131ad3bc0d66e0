// What `.onDelivery` asks of it.
extension DeliveryStateMachine {
    /// The first message of each of these partitions that was handed out to no loop.
    func undelivered(of epochs: [PartitionEpoch]) -> [(epoch: PartitionEpoch, offset: Int64)] {
        epochs.compactMap { epoch in nextUndelivered(of: epoch).map { (epoch, $0) } }
    }

    /// The loop throws this once it has been given what is there, and may go on afterwards; nil takes it back. Where partitions have
    /// streams, those of `partitions` do.
    mutating func interrupt(_ error: KafkaError?, of partitions: Set<KafkaTopicPartition> = []) {
        guard isPartitioned else {
            interruption = error
            return
        }
        for slot in self.partitions.indices {
            let isConcerned = error != nil && partitions.contains(self.partitions[slot].epoch.topicPartition)
            self.partitions[slot].reading.interruption = isConcerned ? error : nil
            if isConcerned { self.partitions[slot].reading.revision += 1 }
        }
        streamRevision += 1
    }

    /// A loop throws this once it has been given what is there, whichever loop it is, and may go on afterwards. Where partitions have
    /// streams, that of the problem's partition does.
    mutating func tell(_ problem: KafkaError) {
        guard isPartitioned, let partition = problem.topicPartition,
            let slot = partitions.firstIndex(where: { $0.epoch.topicPartition == partition })
        else {
            problems.append(problem)
            partitionRevision += 1
            return
        }
        partitions[slot].reading.problems.append(problem)
        partitions[slot].reading.revision += 1
        streamRevision += 1
    }

    var isInterrupted: Bool { interruption != nil || !problems.isEmpty }

    /// What a loop throws that has nothing more to take.
    mutating func takeInterruption() -> KafkaError? {
        if !problems.isEmpty { return problems.removeFirst() }
        defer { interruption = nil }
        return interruption
    }
}
