import RdKafka

/// The messages that partitions held when the read began: a sequence that ends by itself.
///
/// Leaving a loop loses nothing: the next one goes on behind the last message. A new read, assignment or `close()` ends it.
public struct KafkaRecords: AsyncSequence, Sendable {
    /// A message.
    public typealias Element = KafkaMessage
    /// The error that ends the sequence.
    public typealias Failure = KafkaError

    let core: ConsumerCore
    let owner: KafkaConsumer
    let read: FiniteRead

    /// Offsets between where the read began and where it ends. There may be fewer messages: markers of transactions and what
    /// compaction has removed have offsets too.
    public var total: Int64 { read.total }

    /// How many of them lie before the loop; 0 once it has ended. Free of cost, for a display of progress.
    public var remaining: Int64 { read.remaining }

    /// A loop over the messages. One loop at a time: a second one that is alive beside it throws `alreadyIterating`.
    public func makeAsyncIterator() -> Iterator {
        Iterator(core: core, owner: owner, read: read)
    }

    /// One loop over the messages.
    public struct Iterator: AsyncIteratorProtocol {
        private let loop: MessageLoop
        private let owner: KafkaConsumer
        private let read: FiniteRead

        init(core: ConsumerCore, owner: KafkaConsumer, read: FiniteRead) {
            loop = MessageLoop(core: core)
            self.owner = owner
            self.read = read
        }

        /// The next message.
        ///
        /// Suspends until there is one, or everything was delivered.
        ///
        /// ## Cancellation
        /// Returns nil and loses nothing.
        ///
        /// - Returns: nil at the end, when the consumer is closed or assigned anew, or when the task is cancelled.
        /// - Throws: `fatal`; `autoOffsetReset` when the log was cut while it was read and the configuration's `autoOffsetReset` is
        ///   `.error`; `alreadyIterating`.
        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(KafkaError) -> KafkaMessage? {
            while true {
                let core = loop.core
                let (task, isCancelled) = currentTask()
                let action = core.delivery.withLock {
                    $0.next(reader: loop.id, task: task, isCancelled: isCancelled)
                }
                if action.wakesThread { core.wake() }
                switch action.step {
                case .deliver(let message):
                    core.lastDelivery.note()
                    read.delivered(message.topicPartition, message.offset)
                    return message
                case .fetch:
                    guard await core.fill(reader: loop.id, seen: action.revision, read) else {
                        if read.isComplete { read.finish() }
                        return nil
                    }
                case .end: return nil
                case .failed(let error): throw error
                }
            }
        }
    }
}

/// Where a read ends: an open set.
public struct KafkaReadEnd: Sendable, Hashable {
    private enum Value { case endAtCall }
    private let value: Value

    /// Where the logs end when the read begins: what is written later is not read. Under `.readCommitted` that is before the first
    /// transaction that is still open; one that has just been committed may be for a moment, as the coordinator answers its producer
    /// before it has the end written to the partitions (KIP-98).
    public static let endAtCall = KafkaReadEnd(value: .endAtCall)
}

extension KafkaConsumer {
    /// Reads what a topic holds now, and ends.
    ///
    /// Suspends until the ends are known; what is written from then on is not read. Needs a consumer without a group; it replaces
    /// what was assigned before, and leaves nothing assigned when it has ended.
    ///
    /// ```swift
    /// let records = try await consumer.records(in: "orders", from: .beginning)
    /// for try await message in records {
    ///     print(message.offset, "still", records.remaining)
    /// }
    /// ```
    ///
    /// ## Cancellation
    /// Throws `cancelled` as long as nothing has changed.
    ///
    /// ## Ordering
    /// Messages of a partition come in order, partitions mixed.
    ///
    /// - Parameters:
    ///   - topic: the topic.
    ///   - partitions: which of its partitions; nil is all that it has now.
    ///   - place: where to begin in each of them.
    ///   - end: where to end.
    ///   - timeout: how long to wait for brokers at most, until the read begins.
    /// - Returns: the messages, partly on their way already.
    /// - Throws: `invalidState` for a consumer that has a group or is subscribed; `unknownTopicOrPartition`; `invalidArgument`;
    ///   `timedOut` and what else brokers say; `cancelled`; `clientClosed`.
    public func records(
        in topic: String,
        partitions: [Int]? = nil,
        from place: KafkaOffsetSpecification = .beginning,
        through end: KafkaReadEnd = .endAtCall,
        timeout: Duration = .seconds(30)
    ) async throws(KafkaError) -> KafkaRecords {
        let chosen = partitions.map { $0.map { KafkaTopicPartition(topic: topic, partition: $0) } }
        let read = try await core.read(chosen, in: topic, from: place, deadline: .after(timeout))
        return KafkaRecords(core: core, owner: self, read: read)
    }
}
