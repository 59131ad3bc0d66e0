import AsyncKafkaTesting
import Testing

@testable import AsyncKafka

/// What does not need a judge of visibility: the mock cluster knows the protocol of transactions alone.
@Suite struct KafkaTransactionTests {
    func configuration(of cluster: KafkaMockCluster, id: String = "orders-1") -> KafkaProducerConfiguration {
        var configuration = producerConfiguration(of: cluster)
        configuration.transactionalID = id
        return configuration
    }

    struct Problem: Error {}

    @Test(.timeLimit(.minutes(1))) func aTransactionReturnsWhatItsBodyReturns() async throws {
        try await withTopic { cluster, topic in
            try await withKafkaProducer(configuration(of: cluster)) { producer in
                for number in 0..<3 {
                    let offset = try await producer.withTransaction { transaction in
                        try await transaction.send(KafkaRecord(topic: topic, value: "\(number)")).offset
                    }
                    #expect(offset != nil)
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func anErrorOfTheBodyIsThrownAndTheProducerGoesOn() async throws {
        try await withTopic { cluster, topic in
            try await withKafkaProducer(configuration(of: cluster)) { producer in
                await #expect(throws: Problem.self) {
                    try await producer.withTransaction { transaction in
                        try await transaction.send(KafkaRecord(topic: topic, value: "dropped"))
                        throw Problem()
                    }
                }
                try await producer.withTransaction { transaction in
                    try await transaction.send(KafkaRecord(topic: topic, value: "kept"))
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func concurrentTransactionsRunOneAfterAnother() async throws {
        try await withTopic { cluster, topic in
            try await withKafkaProducer(configuration(of: cluster)) { producer in
                let open = Counter()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<20 {
                        group.addTask {
                            try await producer.withTransaction { transaction in
                                #expect(open.add(1) == 1)
                                try await transaction.send(KafkaRecord(topic: topic, value: "\(number)"))
                                _ = open.add(-1)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aTransactionThatIsOverTakesNothing() async throws {
        try await withTopic { cluster, topic in
            try await withKafkaProducer(configuration(of: cluster)) { producer in
                let record = KafkaRecord(topic: topic, value: "late")
                let kept = try await producer.withTransaction { $0 }
                await expectError(.invalidState, .notPersisted) { try await kept.send(record) }
                try await producer.withTransaction { _ in
                    await expectError(.invalidState, .notPersisted) { try await kept.send(record) }
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aTransactionalProducerSendsInTransactionsAlone() async throws {
        try await withTopic { cluster, topic in
            try await withKafkaProducer(configuration(of: cluster)) { producer in
                await expectError(.invalidState, .notPersisted) {
                    try await producer.send(KafkaRecord(topic: topic, value: "loose"))
                }
            }
            try await withKafkaProducer(producerConfiguration(of: cluster)) { producer in
                await expectError(.invalidState) { try await producer.withTransaction { _ in } }
            }
        }
    }

    /// Whatever did not get in, the commit does not take place, though nobody minds.
    @Test(.timeLimit(.minutes(1)), arguments: ["send", "enqueue", "batch"])
    func aRecordThatWasRefusedAbortsTheTransaction(way: String) async throws {
        try await withTopic { cluster, topic in
            var configuration = configuration(of: cluster)
            configuration.maxMessageBytes = 2000
            try await withKafkaProducer(configuration) { producer in
                let large = KafkaRecord(topic: topic, value: KafkaBytes([UInt8](repeating: 0, count: 5000)))
                await expectError(.transactionAborted) {
                    try await producer.withTransaction { transaction in
                        try await transaction.send(KafkaRecord(topic: topic, value: "small"))
                        switch way {
                        case "send": _ = try? await transaction.send(large)
                        case "enqueue": _ = try? await transaction.enqueue(large)
                        default: _ = await transaction.send(contentsOf: [large])
                        }
                    }
                }
                try await producer.withTransaction { transaction in
                    try await transaction.send(KafkaRecord(topic: topic, value: "next"))
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func closeDoesNotWaitForAnIDThatNobodyNeeds() async throws {
        var configuration = unreachableProducerConfiguration()
        configuration.transactionalID = "orders-1"
        let producer = try KafkaProducer(configuration)
        let task = Task { try await producer.withTransaction { _ in } }
        // It is under way, or has not begun; in both cases nothing is to be waited for.
        await Task.yield()
        task.cancel()
        await expectError(.cancelled) { try await task.value }
        let start = ContinuousClock.now
        #expect(await producer.close(timeout: .seconds(50)).unsent == 0)
        #expect(ContinuousClock.now - start < .seconds(20))
    }

    @Test(.timeLimit(.minutes(1))) func cancellationBeforeTheBodyMeansThatItDoesNotRun() async throws {
        // Nobody is there to initialise the producer.
        var configuration = unreachableProducerConfiguration()
        configuration.transactionalID = "orders-1"
        configuration.closeTimeout = .zero
        try await withKafkaProducer(configuration) { producer in
            let task = Task {
                try await producer.withTransaction { _ in Issue.record("the body runs") }
            }
            task.cancel()
            await expectError(.cancelled) { try await task.value }
        }
    }

    @Test(.timeLimit(.minutes(1))) func cancellationDuringTheBodyAborts() async throws {
        try await withTopic { cluster, topic in
            try await withKafkaProducer(configuration(of: cluster)) { producer in
                let task = Task {
                    try await producer.withTransaction { transaction in
                        try await transaction.send(KafkaRecord(topic: topic, value: "dropped"))
                        unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
                    }
                }
                await expectError(.cancelled) { try await task.value }
                try await producer.withTransaction { transaction in
                    try await transaction.send(KafkaRecord(topic: topic, value: "kept"))
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aProducerThatCannotBeInitialisedSaysSoInTime() async throws {
        var configuration = unreachableProducerConfiguration()
        configuration.transactionalID = "orders-1"
        configuration.closeTimeout = .zero
        try await withKafkaProducer(configuration) { producer in
            do {
                try await producer.withTransaction(timeout: .seconds(1)) { _ in Issue.record("the body runs") }
                Issue.record("nothing is thrown")
            } catch let error as KafkaError {
                #expect(error.isRetriable)
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func closeEndsWhoWaitsForATurn() async throws {
        try await withTopic { cluster, topic in
            let producer = try KafkaProducer(configuration(of: cluster))
            let (isOpen, open) = AsyncStream<Void>.makeStream()
            let (mayEnd, end) = AsyncStream<Void>.makeStream()
            let first = Task {
                try await producer.withTransaction { transaction in
                    open.finish()
                    for await _ in mayEnd {}
                    try await transaction.send(KafkaRecord(topic: topic, value: "late"))
                }
            }
            for await _ in isOpen {}
            let second = Task { try await producer.withTransaction { _ in } }
            let close = Task { await producer.close() }
            await expectError(.clientClosed) { try await second.value }
            end.finish()
            await expectError(.clientClosed) { try await first.value }
            #expect(await close.value.unsent == 0)
            await expectError(.clientClosed) { try await producer.withTransaction { _ in } }
        }
    }

    @Test(.timeLimit(.minutes(1))) func closeDoesNotWaitBeyondItsLimitForAnOpenTransaction() async throws {
        try await withTopic { cluster, topic in
            let producer = try KafkaProducer(configuration(of: cluster))
            await expectError(.clientClosed) {
                try await producer.withTransaction { transaction in
                    try await transaction.send(KafkaRecord(topic: topic, value: "dropped"))
                    _ = await producer.close(timeout: .milliseconds(100))
                }
            }
        }
    }
}
