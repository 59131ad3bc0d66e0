import RdKafka
import Testing

@testable import AsyncKafka

/// A coordinator that answers no commit, which only the mock can be made to be: an outage hits the sending of offsets first.
@Suite(.timeLimit(.minutes(1)))
struct ProcessInTransactionsTests {
    private static let endTransaction: Int16 = 26

    /// A cluster with five orders, of which a transaction each is processed by `process`.
    ///
    /// - Parameter onUnanswered: called for each commit that is not answered in time.
    private func withUnansweredCommits(
        onUnanswered: @escaping @Sendable (MockCluster) -> Void,
        _ process: (KafkaConsumer, KafkaProducer) async throws -> Void
    ) async throws {
        try await withFaultyCluster { cluster in
            let servers = cluster.servers
            try await cluster.fill(5)
            var producing = KafkaProducerConfiguration(bootstrapServers: servers)
            producing.transactionalID = "orders-1"
            producing.log = .handler(level: .warning) { entry in
                if entry.facility == "TXNCOMMIT", entry.message.contains("in time: the transaction may be") {
                    onUnanswered(cluster)
                }
            }
            var consuming = KafkaConsumerConfiguration(bootstrapServers: servers, groupID: "group")
            consuming.offsetPolicy = .manual
            consuming.isolationLevel = .readCommitted
            consuming.log = .none
            try await withKafkaProducer(producing) { producer in
                try await withKafkaConsumer(consuming, subscribingTo: ["orders"]) { consumer in
                    // A transaction that is answered: the coordinator is known.
                    try await producer.withTransaction { _ in }
                    await cluster.refuse(kind: Self.endTransaction, with: .coordinatorLoadInProgress, count: 10_000)
                    try await process(consumer, producer)
                }
            }
        }
    }

    @Test
    func aCommitThatIsNotAnsweredIsWaitedForBeyondTheTimeout() async throws {
        let unanswered = Counter()
        let seen = Locked<[String]>([])
        try await withUnansweredCommits { cluster in
            // Long after the timeout of the first attempt.
            if unanswered.add(1) == 1 { cluster.clearFailures(ofKind: Self.endTransaction) }
        } _: { consumer, producer in
            let task = Task {
                try await consumer.processInTransactions(of: producer, maxCount: 1, timeout: .seconds(5)) {
                    messages,
                    transaction in
                    let isLast = seen.withLock { seen in
                        seen += messages.map { String($0.value ?? "") }
                        return seen.count == 5
                    }
                    for message in messages {
                        try await transaction.send(KafkaRecord(topic: "paid", value: message.value))
                    }
                    if isLast { unsafe withUnsafeCurrentTask { unsafe $0?.cancel() } }
                }
            }
            _ = await task.result
        }
        // librdkafka asks again by itself; a second attempt may be over before the cluster answers.
        #expect(unanswered.count >= 1)
        #expect(
            seen.withLock { $0 } == ["0", "1", "2", "3", "4"],
            "none twice, although the commit was unknown for a time"
        )
    }

    /// Which messages are done only the committed offsets can tell then.
    @Test
    func cancelledBeforeTheAnswerItEndsTheConsumer() async throws {
        let (isUnanswered, unanswered) = AsyncStream<Void>.makeStream()
        try await withUnansweredCommits { _ in
            unanswered.finish()
        } _: { consumer, producer in
            let task = Task {
                try await consumer.processInTransactions(of: producer, maxCount: 1, timeout: .seconds(1)) {
                    messages,
                    transaction in
                    try await transaction.send(KafkaRecord(topic: "paid", value: messages.first?.value))
                }
            }
            for await _ in isUnanswered {}
            task.cancel()
            await expectError(.transactionOutcomeUnknown) { try await task.value }
            var messages = consumer.messages.makeAsyncIterator()
            await expectError(.transactionOutcomeUnknown) { _ = try await messages.next() }
            await producer.close(timeout: .zero)
        }
    }
}
