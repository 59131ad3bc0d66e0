import RdKafka

/// The messages of a consumer, as they are asked for.
///
/// The sequence draws on what the consumer holds: ending a loop loses nothing, and the next loop goes on. It throws once when
/// nothing can be read any more; it ends when the consumer is closed, or when the task that iterates is cancelled.
public struct KafkaMessages: AsyncSequence, Sendable {
    /// A message.
    public typealias Element = KafkaMessage
    /// The error that ends the sequence.
    public typealias Failure = KafkaError

    let core: ConsumerCore
    /// Kept alive: a consumer that nobody holds any more ends.
    var owner: KafkaConsumer?

    /// A loop over the messages. One loop at a time: a second one that is alive beside it throws `alreadyIterating`.
    public func makeAsyncIterator() -> Iterator {
        Iterator(core: core, owner: owner)
    }

    /// One loop over the messages.
    public struct Iterator: AsyncIteratorProtocol {
        private let loop: MessageLoop
        private let owner: KafkaConsumer?
        /// Whether the loop is over: the consumer is closed or has failed, or `next` was called in a cancelled task.
        ///
        /// Tells the nil of a time limit that has passed from the last one.
        public private(set) var hasEnded = false

        init(core: ConsumerCore, owner: KafkaConsumer?) {
            loop = MessageLoop(core: core)
            self.owner = owner
        }

        /// The next message.
        ///
        /// Suspends until there is one. Under `.afterProcessing` this marks the message before as processed.
        ///
        /// ## Cancellation
        /// Returns nil, marks nothing and loses nothing.
        ///
        /// - Returns: nil when the consumer is closed or the task is cancelled.
        /// - Throws: `fatal`, `groupAuthorizationFailed`; `alreadyIterating`. `autoOffsetReset`, where the configuration's
        ///   `autoOffsetReset` is `.error`, for a partition whose log does not have the position (`requestedOffset`, `watermarks`),
        ///   or for which nothing is committed: the next loop goes on with the other partitions, and with this one after a seek.
        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(KafkaError) -> KafkaMessage? {
            let core = loop.core
            let (task, isCancelled) = currentTask()
            // What is there needs no wait, and so no frame to wait in.
            if !isCancelled, let message = core.delivery.withLock({ $0.takeNext(reader: loop.id, task: task) }) {
                core.lastDelivery.note()
                return message
            }
            return try await next(until: nil, after: look())
        }

        /// The next message, if it comes in time.
        ///
        /// Suspends until there is one, at most for `timeout`. Under `.afterProcessing` this marks the message before as processed,
        /// whether another one comes or not. What comes later is there for the next call: a time limit loses nothing.
        ///
        /// ```swift
        /// var messages = consumer.messages.makeAsyncIterator()
        /// while !messages.hasEnded {
        ///     if let message = try await messages.next(timeout: .seconds(5)) {
        ///         try await handle(message)
        ///     } else {
        ///         try await flush()
        ///     }
        /// }
        /// ```
        ///
        /// ## Cancellation
        /// Returns nil, marks nothing and loses nothing.
        ///
        /// - Parameters:
        ///   - timeout: how long to wait; zero takes what is there.
        ///   - actor: the caller's, unless said otherwise.
        /// - Returns: nil when no message has come in time, and as `next()` does when the consumer is closed or the task is cancelled:
        ///   `hasEnded` is true then.
        /// - Throws: `fatal`, `groupAuthorizationFailed`, `autoOffsetReset`; `alreadyIterating`.
        public mutating func next(
            timeout: Duration,
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(KafkaError) -> KafkaMessage? {
            try await next(until: .after(timeout), after: look())
        }

        private func look() -> DeliveryStateMachine<KafkaMessage>.ReadAction<KafkaMessage> {
            let (task, isCancelled) = currentTask()
            let action = loop.core.delivery.withLock {
                $0.next(reader: loop.id, task: task, isCancelled: isCancelled)
            }
            loop.core.serve(action)
            if case .deliver = action.step { loop.core.lastDelivery.note() }
            return action
        }

        private mutating func next(
            until deadline: ContinuousClock.Instant?,
            after first: DeliveryStateMachine<KafkaMessage>.ReadAction<KafkaMessage>,
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(KafkaError) -> KafkaMessage? {
            var hasLooked = false
            var action = first
            while true {
                switch action.step {
                case .deliver(let message):
                    return message
                case .fetch:
                    // At the deadline as well: what is there is delivered.
                    if hasLooked, let deadline, deadline <= .now { return nil }
                    await loop.core.fill(reader: loop.id, seen: action.revision, until: deadline)
                    hasLooked = true
                    action = look()
                case .end:
                    hasEnded = true
                    return nil
                case .failed(let error):
                    hasEnded = !loop.core.delivery.withLock { $0.isOpen }
                    throw error
                }
            }
        }
    }
}

/// One loop over messages. Ends with the iterator: by break, throw, cancellation, or the end of its task.
final class MessageLoop {
    let core: ConsumerCore
    let id: UInt64

    init(core: ConsumerCore) {
        self.core = core
        id = core.delivery.withLock { $0.makeReader() }
    }

    deinit {
        if core.delivery.withLock({ $0.releaseReader(id) }) { core.wake() }
    }
}

/// What happens to a consumer besides messages, in order. One loop at a time; it ends when the consumer is closed.
public struct KafkaConsumerEvents: AsyncSequence, Sendable {
    /// An event.
    public typealias Element = KafkaConsumerEvent
    /// The error of a misuse.
    public typealias Failure = KafkaError

    let core: ConsumerCore
    let owner: KafkaConsumer

    /// A loop over the events.
    public func makeAsyncIterator() -> Iterator {
        Iterator(core: core, owner: owner)
    }

    /// One loop over the events.
    public struct Iterator: AsyncIteratorProtocol {
        let core: ConsumerCore
        let owner: KafkaConsumer

        /// The next event.
        ///
        /// Suspends until there is one.
        ///
        /// ## Cancellation
        /// Returns nil and loses nothing.
        ///
        /// - Returns: nil when the consumer is closed or the task is cancelled.
        /// - Throws: `alreadyIterating` while another loop waits.
        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(KafkaError) -> KafkaConsumerEvent? {
            try await core.events.next()
        }
    }
}
