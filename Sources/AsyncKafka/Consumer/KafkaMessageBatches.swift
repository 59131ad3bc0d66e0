/// The messages of a consumer, several at a time.
///
/// It reads what ``KafkaConsumer/messages`` reads, and goes on where another loop has stopped. It throws once when nothing can be
/// read any more; it ends when the consumer is closed, or when the task that iterates is cancelled.
public struct KafkaMessageBatches: AsyncSequence, Sendable {
    /// A batch: at least one message, in the order of each partition, partitions mixed.
    public typealias Element = [KafkaMessage]
    /// The error that ends the sequence.
    public typealias Failure = KafkaError

    let core: ConsumerCore
    let maxCount: Int
    let maxWait: Duration?
    /// Kept alive: a consumer that nobody holds any more ends.
    let owner: KafkaConsumer

    /// A loop over the batches. One loop at a time: a second one that is alive beside it, over `messages` or batches, throws
    /// `alreadyIterating`.
    public func makeAsyncIterator() -> Iterator {
        Iterator(reader: BatchReader(core, maxCount: maxCount, maxWait: maxWait), owner: owner)
    }

    /// One loop over the batches.
    public struct Iterator: AsyncIteratorProtocol {
        let reader: BatchReader
        let owner: KafkaConsumer

        /// The next batch.
        ///
        /// Suspends until there is a message, and then until the batch is full or its time has passed. Under `.afterProcessing`
        /// this marks all messages of the batch before as processed.
        ///
        /// ## Cancellation
        /// Returns nil, marks nothing and loses nothing.
        ///
        /// - Returns: nil when the consumer is closed or the task is cancelled.
        /// - Throws: `invalidArgument` when `maxCount` is not positive; `fatal`, `groupAuthorizationFailed`, `autoOffsetReset`;
        ///   `alreadyIterating`.
        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(KafkaError) -> [KafkaMessage]? {
            try await reader.next()
        }
    }
}

extension KafkaConsumer {
    /// The messages of the assigned partitions, several at a time, for what is cheaper done for many at once.
    ///
    /// ```swift
    /// for try await batch in consumer.batches(maxCount: 500, maxWait: .milliseconds(100)) {
    ///     try await insert(batch)
    /// }
    /// ```
    ///
    /// Without `maxWait` a batch is what is there, as soon as there is something: batches grow with the load, and a lone message does
    /// not wait. With it a batch waits to be full, for so long at most after its first message is there.
    ///
    /// Under `.afterProcessing` asking for the next batch marks the whole last one as processed. Leaving the loop, by `break` or
    /// `throw`, marks nothing: what of the batch was not marked (`markProcessed(_:)`) or committed comes again in the next loop,
    /// under `.manual` as well, as nobody can tell how far the body has come. Under `.onDelivery` all of it is committed, and none of it
    /// comes again.
    ///
    /// A partition that is revoked waits for the batch that holds messages of it as for a message in hand.
    ///
    /// - Parameters:
    ///   - maxCount: how many messages a batch has at most; one, at least. Up to so many are held in memory beyond what librdkafka
    ///     holds ready, and the next 1,000 messages, or about 1 MiB of them.
    ///   - maxWait: how long a batch that is not full is waited for, from its first message on; nil does not wait.
    public func batches(maxCount: Int = 1000, maxWait: Duration? = nil) -> KafkaMessageBatches {
        KafkaMessageBatches(core: core, maxCount: maxCount, maxWait: maxWait, owner: self)
    }
}
