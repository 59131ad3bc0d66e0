import RdKafka

/// An open transaction: what is sent with it becomes visible as a whole, when it is committed, or never.
///
/// `KafkaProducer.withTransaction` hands it to its body. It may be shared between the tasks of the body; once the body has ended it
/// takes nothing more.
public final class KafkaTransaction: Sendable {
    /// What a consumer's part in the transaction is.
    struct Input: Sendable {
        let consumer: ConsumerCore
        var offsets: [KafkaTopicPartition: (epoch: PartitionEpoch, offset: Int64)]
    }

    private let core: ProducerCore
    /// How many records the producer had delivered when this transaction began.
    let deliveredBefore: Int
    let gate = TransactionGate()
    private let inputs = Locked<[ObjectIdentifier: Input]>([:])

    init(_ core: ProducerCore) {
        self.core = core
        deliveredBefore = core.machine.withLock { $0.delivered }
    }

    /// Sends a record as part of the transaction and waits until the cluster has acknowledged it.
    ///
    /// As `KafkaProducer.send(_:)` does, back-pressure and cancellation included. Acknowledged does not mean visible yet: that is
    /// the commit's doing. A record that fails, or is refused, makes the commit impossible: the transaction is then aborted,
    /// whether this error is thrown on or not.
    ///
    /// - Returns: Partition, offset and timestamp of the record.
    /// - Throws: what `KafkaProducer.send(_:)` throws; `invalidState` when the transaction is over, or has failed already and can only
    ///   be aborted (`requiresAbort`).
    @discardableResult
    public nonisolated(nonsending) func send(_ record: KafkaRecord) async throws(KafkaError) -> KafkaDelivery {
        do throws(KafkaError) {
            return try await core.send(record, in: gate)
        } catch {
            fail(error)
            throw error
        }
    }

    /// Sends records as part of the transaction and waits until each has its outcome.
    ///
    /// As `KafkaProducer.send(contentsOf:context:)` does; one failure makes the commit impossible.
    ///
    /// - Returns: one result for each record, in their order; errors are those of `send(_:)`.
    public func send(
        contentsOf records: sending some Sequence<KafkaRecord>
    ) async -> [Result<KafkaDelivery, KafkaError>] {
        let results = await core.send(contentsOf: records, context: nil, in: gate)
        for case .failure(let error) in results { fail(error) }
        return results
    }

    /// Queues a record as part of the transaction. The commit waits for its delivery, and does not take place if it fails, so
    /// nobody has to await the pending delivery.
    ///
    /// Suspends only while the queue is full.
    ///
    /// - Returns: what becomes of the record.
    /// - Throws: as `send(_:)`, as far as that is known by then.
    @discardableResult
    public nonisolated(nonsending) func enqueue(_ record: KafkaRecord) async throws(KafkaError) -> KafkaPendingDelivery
    {
        do throws(KafkaError) {
            return try await core.enqueue(record, context: nil, in: gate)
        } catch {
            fail(error)
            throw error
        }
    }

    /// Adds the offsets of consumed messages: they are committed with the transaction or not at all.
    ///
    /// Each partition is committed up to and including the last of these messages, as by `KafkaConsumer.commit(_:)`. The offsets are
    /// sent once, just before the transaction is committed, with the consumer's place in its group (KIP-447): if a partition
    /// was given to another member by then, the transaction is aborted.
    ///
    /// The consumer's policy has to be `.manual`, so that it commits nothing by itself, and it has to read committed data alone,
    /// which is the default.
    ///
    /// - Parameters:
    ///   - messages: what was processed, in any order.
    ///   - consumer: the consumer that has read them.
    /// - Throws: `staleMessage` when a message's partition was revoked or lost; `invalidArgument` for a message of another consumer;
    ///   `invalidState` when the transaction is over, or for a consumer that is not as said above. None of these messages is added
    ///   then, and the transaction is not committed, whether the error is thrown on or not.
    public func commitOffsets(
        of messages: some Sequence<KafkaMessage>,
        from consumer: KafkaConsumer
    ) throws(KafkaError) {
        // So that none is added behind the look at them that the commit takes.
        guard gate.enter(isRecord: false) else { throw .transactionIsOver }
        defer { gate.leave() }
        do throws(KafkaError) {
            try add(Array(messages), of: consumer.core)
        } catch {
            fail(error)
            throw error
        }
    }

    /// All of them or none.
    private func add(_ messages: [KafkaMessage], of core: ConsumerCore) throws(KafkaError) {
        try core.checkTransactional()
        for message in messages { try core.checkOwned(message) }
        inputs.withLock { inputs in
            var input = inputs[ObjectIdentifier(core)] ?? Input(consumer: core, offsets: [:])
            for message in messages {
                let known = input.offsets[message.topicPartition]
                guard known == nil || known?.epoch !== message.epoch || known?.offset ?? 0 <= message.offset else {
                    continue
                }
                input.offsets[message.topicPartition] = (message.epoch, message.offset + 1)
            }
            inputs[ObjectIdentifier(core)] = input
        }
    }

    /// What did not get in has to be missed by nobody: the commit does not take place. A record that is on its way is librdkafka's,
    /// which looks at its outcome before the commit.
    private func fail(_ error: KafkaError) {
        if error.pendingDelivery == nil { gate.fail(error) }
    }

    /// Adds the offset of one message. See `commitOffsets(of:from:)`.
    public func commitOffset(of message: KafkaMessage, from consumer: KafkaConsumer) throws(KafkaError) {
        try commitOffsets(of: CollectionOfOne(message), from: consumer)
    }

    var consumedInputs: [Input] { inputs.withLock { Array($0.values) } }
}

extension KafkaError {
    static let transactionIsOver = KafkaError(
        .invalidState,
        "the transaction is over: send within the body of withTransaction, and await what you start there"
    ).with(.notPersisted)

    static let transactionHasFailed: KafkaError = {
        let error = KafkaError(
            .invalidState,
            "the transaction has failed and can only be aborted: let the body of withTransaction end"
        )
        return error.with(.notPersisted).asRequiringAbort()
    }()
}
