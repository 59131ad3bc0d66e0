import CRdKafka

// Partitions that are read apart from each other.
extension Handle {
    /// What librdkafka keeps partitions apart by.
    struct PartitionKey: Hashable {
        let topic: String
        let partition: Int32

        init(_ row: PartitionOffset) {
            topic = row.topic
            partition = row.partition
        }
    }

    /// From now on each partition that is read has a queue of its own, these first. What the message queue holds of them stays there, and
    /// comes before.
    package func splitQueues(_ partitions: [PartitionOffset]) {
        isSplit = true
        attach(partitions)
    }

    /// All partitions share the message queue again. What their own ones hold comes behind what is there.
    package func mergeQueues() {
        isSplit = false
        for queue in partitionQueues.values { queue.join(messages) }
        partitionQueues = [:]
        messagesArrived.raise()
    }

    /// The queue of a partition that is read apart.
    package func queue(of topic: String, _ partition: Int32) -> PartitionQueue? {
        partitionQueues[PartitionKey(PartitionOffset(topic: topic, partition: partition))]
    }

    /// Has messages of these partitions go where they are taken from.
    func attach(_ partitions: [PartitionOffset]) {
        for partition in partitions {
            let key = PartitionKey(partition)
            if let queue = partitionQueues[key] {
                queue.raise()
                continue
            }
            guard let queue = rd_kafka_queue_get_partition(pointer, partition.topic, partition.partition) else {
                continue
            }
            if isSplit {
                let queue = PartitionQueue(queue, anyArrived: partitionsArrived, waking: control)
                queue.queue.fetchPace = fetchPace
                partitionQueues[key] = queue
            } else {
                Queue(queue).forward(to: messages)
            }
        }
    }

    /// These are read no more; nil is all. What their queues still hold is outdated, and is dropped from the message queue.
    func detach(_ partitions: [PartitionOffset]?) {
        guard isSplit else { return }
        let keys = partitions.map { $0.map { PartitionKey($0) } } ?? Array(partitionQueues.keys)
        for key in keys { partitionQueues.removeValue(forKey: key)?.join(messages) }
        messagesArrived.raise()
    }
}
