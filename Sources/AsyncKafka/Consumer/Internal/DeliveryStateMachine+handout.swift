// What `.onDelivery` asks of it.
extension DeliveryStateMachine {
    /// The first message of each of these partitions that was handed out to no loop.
    func undelivered(of epochs: [PartitionEpoch]) -> [(epoch: PartitionEpoch, offset: Int64)] {
        let waiting = batch[index...]
        return epochs.compactMap { epoch in
            (partition(of: epoch)?.held.first ?? waiting.first { $0.epoch === epoch }).map { (epoch, $0.offset) }
        }
    }

    /// The loop throws this once it has been given what is there, and may go on afterwards; nil takes it back.
    mutating func interrupt(_ error: KafkaError?) {
        interruption = error
    }

    /// A loop throws this once it has been given what is there, whichever loop it is, and may go on afterwards.
    mutating func tell(_ problem: KafkaError) {
        problems.append(problem)
    }

    var isInterrupted: Bool { interruption != nil || !problems.isEmpty }

    /// What a loop throws that has nothing more to take.
    mutating func takeInterruption() -> KafkaError? {
        if !problems.isEmpty { return problems.removeFirst() }
        defer { interruption = nil }
        return interruption
    }
}
