import RdKafka
import Synchronization

// What a group has processed: commits, marks, and what is committed.
extension KafkaConsumer {
    /// Commits that everything up to and including this message is processed, and waits for the broker.
    ///
    /// Suspends until the broker has acknowledged it, which takes a round trip. Commits of many tasks share requests. During a
    /// rebalance it waits for the group to settle, or for its partition to be taken away.
    ///
    /// Below what was committed already it returns at once: an offset never goes back this way.
    ///
    /// ## Cancellation
    /// Ends the wait with `cancelled`; the commit may still be acknowledged.
    ///
    /// - Throws: `staleMessage` when the partition was revoked, lost or assigned anew since the message was read; `timedOut` when
    ///   no broker has answered within the configuration's `commitTimeout`; `groupAuthorizationFailed`; `invalidArgument` for
    ///   a message of another consumer; `cancelled`; `clientClosed`.
    public func commit(_ message: KafkaMessage) async throws(KafkaError) {
        guard message.isCurrent else { throw .stale(message.topicPartition) }
        try await core.commit(upTo: [(message.epoch, message.offset)], id: nextCommit())
    }

    /// Commits that everything up to and including these messages is processed, and waits for the broker.
    ///
    /// Of each partition the last message counts; their order does not matter. Suspends until the broker has acknowledged
    /// all of them, usually for one round trip. Everything else is as with a single message: commits of many tasks share
    /// requests, and no partition goes back. Without messages it returns at once.
    ///
    /// ```swift
    /// try await consumer.commit(batch)
    /// ```
    ///
    /// ## Cancellation
    /// Ends the wait with `cancelled`; the commit may still be acknowledged.
    ///
    /// - Parameter messages: messages of this consumer, of any of its partitions.
    /// - Throws: `staleMessage` and `invalidArgument` as for a single message, with the partition, and nothing is committed
    ///   then. What happens later to one partition does not keep the others from being committed: `topicPartition` and
    ///   `partitionErrors` say which failed. `timedOut`; `groupAuthorizationFailed`; `cancelled`; `clientClosed`.
    public func commit(_ messages: some Sequence<KafkaMessage>) async throws(KafkaError) {
        var last: [KafkaTopicPartition: KafkaMessage] = [:]
        for message in messages {
            guard message.isCurrent else { throw .stale(message.topicPartition) }
            if let known = last[message.topicPartition], known.epoch === message.epoch, known.offset >= message.offset {
                continue
            }
            last[message.topicPartition] = message
        }
        try await core.commit(upTo: last.values.map { ($0.epoch, $0.offset) }, id: nextCommit())
    }

    /// Commits exactly these offsets, and waits for the broker. A partition may go back by it.
    ///
    /// For places that are not one behind a message that was read, and for notes beside an offset. It moves no position: this
    /// consumer reads on where it is; whoever is assigned the partition next begins there. (So may this one, if it is made before the first
    /// message of an assignment was delivered.) Suspends until the broker has
    /// acknowledged it; like all commits, it waits for a rebalance under way to end. Offsets of one call travel together, unless
    /// one of them has to wait for an earlier commit of its partition, and with no others; commits of a partition take effect in the order in which they were asked for. Under `.afterProcessing`
    /// the next message that is marked as processed commits again what was processed.
    ///
    /// ```swift
    /// let place = KafkaOffsetAndMetadata(offset: 1200, metadata: "import of Monday")
    /// try await consumer.commit([KafkaTopicPartition(topic: "orders", partition: 0): place])
    /// ```
    ///
    /// ## Cancellation
    /// Ends the wait with `cancelled`; the commit may still be acknowledged.
    ///
    /// - Parameter offsets: what to commit, by partition. Only partitions that are assigned to this consumer, as whoever else
    ///   owns one commits it too. Empty: nothing happens.
    /// - Throws: `invalidArgument` for an offset below zero or metadata with a NUL character, `offsetMetadataTooLarge` for more than
    ///   32,767 bytes of it (what the protocol carries), `staleMessage` for a partition that is not assigned to this consumer:
    ///   nothing is committed then. `offsetMetadataTooLarge` for metadata that the broker refuses, and what else it says of one
    ///   partition: the others are committed. `topicPartition` and `partitionErrors` say which failed. `timedOut` when no broker
    ///   has answered within the configuration's `commitTimeout`; `groupAuthorizationFailed`; `cancelled`; `clientClosed`.
    public func commit(_ offsets: [KafkaTopicPartition: KafkaOffsetAndMetadata]) async throws(KafkaError) {
        for (partition, place) in offsets.sorted(by: { $0.key < $1.key }) {
            if let error = place.problem { throw error.at(partition) }
        }
        try await core.commit(offsets, id: nextCommit())
    }

    /// Marks everything up to and including this message as processed: it is committed with the next background commit.
    ///
    /// For loops that are left by `break` or `throw`: under `.afterProcessing` the message in hand otherwise comes again. Under
    /// `.manual` the mark is committed when the partition is revoked and when the consumer is closed. Under `.onDelivery` it changes
    /// nothing, as everything that is delivered is committed.
    ///
    /// - Returns: false if the message comes from an assignment that has ended, or from another consumer, or there is no group, which
    ///   makes the mark meaningless.
    @discardableResult
    public func markProcessed(_ message: KafkaMessage) -> Bool {
        guard core.hasGroup, let wakes = core.delivery.withLock({ $0.mark(message) }) else { return false }
        if wakes { core.wake() }
        return true
    }

    /// Commits what is marked as processed by now, and waits for the broker.
    ///
    /// Suspends until the broker has acknowledged it, all partitions together; without uncommitted marks it returns at once. The
    /// message in hand is not marked before the next one is asked for, unless `markProcessed(_:)` did it.
    ///
    /// ## Cancellation
    /// Ends the wait with `cancelled`; the commit may still be acknowledged.
    ///
    /// - Throws: `staleMessage` when a partition is taken away meanwhile; `timedOut` when no broker has answered within the
    ///   configuration's `commitTimeout`; `groupAuthorizationFailed`; `cancelled`; `clientClosed`. What happens to one partition
    ///   does not keep the others from being committed: `partitionErrors` says which failed.
    public func commitMarked() async throws(KafkaError) {
        try await core.commitMarked(id: nextCommit())
    }

    /// What the group has committed for partitions, as the coordinator knows it; of any partitions, not only those assigned.
    ///
    /// Suspends until the coordinator has answered. Under `isolationLevel` `.readCommitted`, the default, the answer waits
    /// for transactions that are about to commit offsets of these partitions (KIP-447), within `timeout`.
    ///
    /// ## Cancellation
    /// Ends the wait with `cancelled`.
    ///
    /// - Parameters:
    ///   - partitions: which ones.
    ///   - timeout: how long to wait at most.
    /// - Returns: what is committed, by partition; a partition that is not in it has nothing committed.
    /// - Throws: `timedOut`; `groupAuthorizationFailed`; what the coordinator says of a partition, with `partitionErrors`;
    ///   `invalidArgument` for a name or number that cannot be one; `cancelled`; `clientClosed`.
    public func committed(
        _ partitions: some Sequence<KafkaTopicPartition>,
        timeout: Duration = .seconds(30)
    ) async throws(KafkaError) -> [KafkaTopicPartition: KafkaOffsetAndMetadata] {
        try await core.committed(Set(partitions), timeout: timeout)
    }

    /// A number that no other commit of this consumer has.
    private func nextCommit() -> UInt64 { lastCommit.add(1, ordering: .relaxed).newValue }
}

extension KafkaOffsetAndMetadata {
    /// What a string of Kafka's protocol holds, in bytes (https://kafka.apache.org/protocol#protocol_types).
    private static let longestMetadata = Int(Int16.max)

    /// Why it cannot be committed at all.
    fileprivate var problem: KafkaError? {
        if offset < 0 { return KafkaError(.invalidArgument, "the offset is \(offset): there is none below zero") }
        guard let metadata else { return nil }
        if metadata.utf8.contains(0) {
            return KafkaError(.invalidArgument, "the metadata contains a NUL character, which would cut it off")
        }
        guard metadata.utf8.count > Self.longestMetadata else { return nil }
        return KafkaError(
            .offsetMetadataTooLarge,
            "the metadata has \(metadata.utf8.count) bytes, and the protocol takes \(Self.longestMetadata) at most"
        )
    }
}
