import RdKafka

/// A partition's stream, as long as somebody holds it.
final class PartitionStream: Sendable {
    let core: ConsumerCore
    let id: UInt64
    let topicPartition: KafkaTopicPartition
    let lastDelivery: LastDelivery

    init(core: ConsumerCore, _ given: DeliveryStateMachine<KafkaMessage>.Given) {
        self.core = core
        id = given.stream
        topicPartition = given.topicPartition
        lastDelivery = given.lastDelivery
    }

    deinit {
        if core.delivery.withLock({ $0.dropStream(id) }) { core.wake() }
    }
}

/// One loop over a stream. Ends with the iterator: by break, throw, cancellation, or the end of its task.
final class StreamLoop: Sendable {
    let stream: PartitionStream
    private let id: UInt64

    init(_ stream: PartitionStream) {
        self.stream = stream
        id = stream.core.delivery.withLock { $0.makeReader() }
    }

    /// The next message; nil when there is none any more, or the task is cancelled.
    func next(isolation: isolated (any Actor)? = #isolation) async throws(KafkaError) -> KafkaMessage? {
        let core = stream.core
        while true {
            let (task, isCancelled) = currentTask()
            let action = core.delivery.withLock {
                $0.next(stream: stream.id, reader: id, task: task, isCancelled: isCancelled)
            }
            if action.wakesThread { core.wake() }
            switch action.step {
            case .deliver(let message):
                stream.lastDelivery.note()
                return message
            case .fetch: await core.fill(stream, reader: id, seen: action.revision)
            case .end: return nil
            case .failed(let error): throw error
            }
        }
    }

    deinit {
        if stream.core.delivery.withLock({ $0.releaseReader(id, ofStream: stream.id) }) { stream.core.wake() }
    }
}

/// One loop over a consumer's partitions. Ends with the iterator.
final class PartitionLoop: Sendable {
    private let core: ConsumerCore
    private let id: UInt64

    init(core: ConsumerCore) {
        self.core = core
        id = core.delivery.withLock { $0.makeReader() }
    }

    /// The next partition's stream; nil when there is none any more, or the task is cancelled.
    func next(isolation: isolated (any Actor)? = #isolation) async throws(KafkaError) -> PartitionStream? {
        while true {
            let action = core.delivery.withLock { $0.nextPartition(loop: id, isCancelled: Task.isCancelled) }
            switch action.step {
            case .deliver(let given): return PartitionStream(core: core, given)
            case .fetch: await core.fillPartitions(loop: id, seen: action.revision)
            case .end: return nil
            case .failed(let error): throw error
            }
        }
    }

    deinit {
        core.delivery.withLock { $0.releasePartitionLoop(id) }
    }
}
