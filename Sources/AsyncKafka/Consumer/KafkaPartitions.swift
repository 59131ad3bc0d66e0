/// The partitions of a consumer, each as a stream of its messages, as they are assigned.
///
/// It ends when the consumer is closed, or when the task that iterates is cancelled, and throws once when nothing can be read any
/// more. The streams that it gave do the same; what becomes of them when only the loop over the partitions ends is up to them.
public struct KafkaPartitions: AsyncSequence, Sendable {
    /// A partition.
    public typealias Element = KafkaPartition
    /// The error that ends the sequence.
    public typealias Failure = KafkaError

    let core: ConsumerCore
    /// Kept alive: a consumer that nobody holds any more ends.
    let owner: KafkaConsumer

    /// A loop over the partitions. One loop at a time: a second one that is alive beside it, over partitions, messages or batches,
    /// throws `alreadyIterating`.
    public func makeAsyncIterator() -> Iterator {
        Iterator(loop: PartitionLoop(core: core), owner: owner)
    }

    /// One loop over the partitions.
    public struct Iterator: AsyncIteratorProtocol {
        let loop: PartitionLoop
        let owner: KafkaConsumer

        /// The next partition.
        ///
        /// Suspends until there is one that this loop was not given in its present assignment, and that nobody holds a stream of.
        ///
        /// ## Cancellation
        /// Returns nil and loses nothing.
        ///
        /// - Returns: nil when the consumer is closed or the task is cancelled.
        /// - Throws: `fatal`, `groupAuthorizationFailed`; `alreadyIterating` while another loop reads this consumer's messages.
        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(KafkaError) -> KafkaPartition? {
            try await loop.next().map { KafkaPartition(stream: $0, owner: owner) }
        }
    }
}

/// A partition that is assigned to a consumer: a sequence of its messages, in their order.
///
/// It ends when the partition is revoked or lost, when the consumer is closed, or when the task that iterates is cancelled. Leaving a loop
/// loses nothing, and the next one over the same value goes on. A seek does not end it: it goes on at the new place.
///
/// Once no copy of the value is left, the partition is read by nobody, though it stays assigned: nothing of it is marked or lost, librdkafka
/// stops to fetch it when its queue is full, and the watchdog (`group.maxPollInterval`) counts the messages that wait. It is given again
/// when it is assigned anew or sought, and to the next loop over the partitions; a loop over all messages reads it too.
public struct KafkaPartition: AsyncSequence, Sendable {
    /// A message.
    public typealias Element = KafkaMessage
    /// The error that ends the sequence.
    public typealias Failure = KafkaError

    let stream: PartitionStream
    let owner: KafkaConsumer

    /// Topic and partition.
    public var topicPartition: KafkaTopicPartition { stream.topicPartition }

    /// The topic.
    public var topic: String { stream.topicPartition.topic }

    /// The partition's number.
    public var partition: Int { stream.topicPartition.partition }

    /// A loop over the messages. One loop at a time: a second one that is alive beside it throws `alreadyIterating`.
    public func makeAsyncIterator() -> Iterator {
        Iterator(loop: StreamLoop(stream), owner: owner)
    }

    /// One loop over a partition's messages.
    public struct Iterator: AsyncIteratorProtocol {
        let loop: StreamLoop
        let owner: KafkaConsumer

        /// The next message.
        ///
        /// Suspends until there is one. Under `.afterProcessing` this marks the message before as processed. Until it is called, the message
        /// before is in hand: a revoke of this partition waits for it, at most for `revokeTimeout`, and no other partition does.
        ///
        /// ## Cancellation
        /// Returns nil, marks nothing and loses nothing.
        ///
        /// - Returns: nil when the partition is not this consumer's any more, the consumer is closed, or the task is cancelled.
        /// - Throws: `fatal`, `groupAuthorizationFailed`; `alreadyIterating`. `autoOffsetReset`, where the configuration's
        ///   `autoOffsetReset` is `.error`, if the partition's log does not have the position (`requestedOffset`, `watermarks`) or
        ///   nothing is committed for it: the next loop goes on after a seek. Under `.onDelivery` what kept its messages from being
        ///   committed: the next loop tries again.
        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(KafkaError) -> KafkaMessage? {
            try await loop.next()
        }
    }
}

extension KafkaConsumer {
    /// The assigned partitions, each as a stream of its own, for a task a partition.
    ///
    /// ```swift
    /// try await withThrowingDiscardingTaskGroup { group in
    ///     for try await partition in consumer.partitions {
    ///         group.addTask {
    ///             for try await message in partition {
    ///                 try await handle(message)
    ///                 try await consumer.commit(message)
    ///             }
    ///         }
    ///     }
    /// }
    /// ```
    ///
    /// A partition comes when it is assigned, those that are assigned already at once; its stream ends when it is taken away, and
    /// an assignment of the same partition that follows gives another stream. Messages of a partition come in order; between
    /// partitions there is none.
    ///
    /// Everything that holds for a loop over `messages` holds for each stream: the offset policy, the message in hand that a revoke or a
    /// close waits for, the watchdog's limit, `pause(_:)` and `seek(_:to:timeout:)`.
    ///
    /// ## Backpressure
    /// A slow task holds up its own partition alone. Each partition has a queue of its own in librdkafka then, so `fetch.prefetchBytes` and
    /// `fetch.prefetchRecords` bound what is held ready of each partition, not of all together: with many partitions, lower them.
    public var partitions: KafkaPartitions { KafkaPartitions(core: core, owner: self) }
}
