import AsyncKafka
import Testing

extension RealKafkaTests {
    /// Kafka's own console consumer judges what is visible: the mock cluster shows aborted records too.
    @Suite(.timeLimit(.minutes(3)))
    struct TransactionTests {
        struct Problem: Error {}

        @Test(.needsKafkaTools)
        func whatIsCommittedIsVisibleAndWhatIsAbortedIsNot() async throws {
            try await withTopic(partitions: 2) { topic in
                try await withKafkaProducer(RealKafka.transactionalProducer()) { producer in
                    @Sendable func record(_ name: String, _ partition: Int) -> KafkaRecord {
                        KafkaRecord(topic: topic, partition: partition, value: KafkaBytes(name))
                    }
                    try await producer.withTransaction { transaction in
                        try await transaction.send(record("committed-0", 0))
                        try await transaction.send(record("committed-1", 1))
                    }
                    await #expect(throws: Problem.self) {
                        try await producer.withTransaction { transaction in
                            try await transaction.send(record("thrown-0", 0))
                            try await transaction.send(record("thrown-1", 1))
                            throw Problem()
                        }
                    }
                    let cancelled = Task {
                        try await producer.withTransaction { transaction in
                            try await transaction.send(record("cancelled", 0))
                            unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
                        }
                    }
                    #expect(await kafkaError { try await cancelled.value }?.code == .cancelled)
                    try await producer.withTransaction { transaction in
                        try await transaction.send(record("committed-2", 0))
                    }
                }
                let visible = try await RealKafka.committedValues(of: topic, partitions: 2, count: 3)
                #expect(visible == ["committed-0", "committed-1", "committed-2"])
                // The others were written all the same: only the transaction hides them.
                let written = try await RealKafka.values(
                    of: topic,
                    count: visible.count + 3 + 2,
                    isolation: "read_uncommitted"
                )
                #expect(written.filter { $0.hasPrefix("thrown") || $0 == "cancelled" }.count == 3)
            }
        }

        @Test
        func aProducerThatIsReplacedIsFencedAndSaysWhatToDo() async throws {
            try await withTopic(partitions: 1) { topic in
                let configuration = RealKafka.transactionalProducer()
                try await withKafkaProducer(configuration) { old in
                    try await old.withTransaction { transaction in
                        try await transaction.send(KafkaRecord(topic: topic, value: "old"))
                    }
                    try await withKafkaProducer(configuration) { new in
                        try await new.withTransaction { transaction in
                            try await transaction.send(KafkaRecord(topic: topic, value: "new"))
                        }
                        let error = await kafkaError {
                            try await old.withTransaction { transaction in
                                try await transaction.send(KafkaRecord(topic: topic, value: "zombie"))
                            }
                        }
                        #expect(error?.isFatal == true, "\(String(describing: error))")
                        #expect(error?.message.contains("close this producer") == true)
                        // And it stays so.
                        let again = await kafkaError {
                            try await old.withTransaction { _ in Issue.record("the body runs") }
                        }
                        #expect(again?.code == .fenced, "\(String(describing: again))")
                        try await new.withTransaction { transaction in
                            try await transaction.send(KafkaRecord(topic: topic, value: "newer"))
                        }
                    }
                }
            }
        }

        @Test(.needsKafkaTools)
        func aRecordThatFailedAbortsTheTransactionEvenIfNobodyMinds() async throws {
            try await withTopic(partitions: 1, configuration: ["max.message.bytes": "2000"]) { topic in
                try await withKafkaProducer(RealKafka.transactionalProducer()) { producer in
                    let error = await kafkaError {
                        try await producer.withTransaction { transaction in
                            try await transaction.send(KafkaRecord(topic: topic, value: "small"))
                            let large = KafkaBytes([UInt8](repeating: 0, count: 5000))
                            let error = await kafkaError {
                                try await transaction.send(KafkaRecord(topic: topic, value: large))
                            }
                            #expect(error?.code == .messageTooLarge)
                        }
                    }
                    #expect(error?.code == .transactionAborted, "\(String(describing: error))")
                    // librdkafka has counted the refused record's sequence number: the next transaction may have to be
                    // aborted for that, says that it can be run again, and then it works.
                    do {
                        try await sendNext(producer, to: topic)
                    } catch let error as KafkaError where error.isRetriable {
                        #expect(error.code == .transactionAborted, "\(error)")
                        try await sendNext(producer, to: topic)
                    }
                }
                #expect(try await RealKafka.committedValues(of: topic, partitions: 1, count: 1) == ["next"])
            }
        }

        /// The cluster completes a transaction behind the answer to its commit; what is begun and aborted meanwhile must not
        /// reach it as the end of a transaction that it knows nothing of.
        @Test
        func anAbortRightBehindACommitLeavesTheProducerUsable() async throws {
            try await withTopic(partitions: 1) { topic in
                try await withKafkaProducer(RealKafka.transactionalProducer()) { producer in
                    for _ in 0..<50 {
                        try await sendNext(producer, to: topic)
                        await #expect(throws: Problem.self) {
                            try await producer.withTransaction { transaction in
                                // A cancelled task ends its wait as soon as the record is queued.
                                let send = Task {
                                    try await transaction.send(KafkaRecord(topic: topic, value: "dropped"))
                                }
                                for _ in 0..<5 { await Task.yield() }
                                send.cancel()
                                _ = await send.result
                                throw Problem()
                            }
                        }
                    }
                }
            }
        }

        private func sendNext(_ producer: KafkaProducer, to topic: String) async throws {
            try await producer.withTransaction { transaction in
                try await transaction.send(KafkaRecord(topic: topic, value: "next"))
            }
        }

        /// The answer to the commit does not come in time; what it was is asked for before the next transaction.
        @Test(.needsKafkaTools, .needsNodeFaults)
        func aCommitWithoutAnAnswerIsFinishedBeforeTheNextTransaction() async throws {
            try await withTopic(partitions: 1) { topic in
                try await withKafkaProducer(RealKafka.transactionalProducer()) { producer in
                    let error = try await withNodes { nodes in
                        await kafkaError {
                            try await producer.withTransaction(timeout: .seconds(2)) { transaction in
                                try await transaction.send(KafkaRecord(topic: topic, value: "in doubt"))
                                try await nodes.pause(1)
                            }
                        }
                    }
                    #expect(error?.code == .transactionOutcomeUnknown, "\(String(describing: error))")
                    try await producer.withTransaction { transaction in
                        try await transaction.send(KafkaRecord(topic: topic, value: "next"))
                    }
                }
                let visible = try await RealKafka.committedValues(of: topic, partitions: 1, count: 2)
                #expect(visible == ["in doubt", "next"])
            }
        }

        @Test(.needsKafkaTools)
        func consumedOffsetsAreCommittedWithTheTransactionOrNotAtAll() async throws {
            try await withTopic(partitions: 1) { input in
                try await withTopic(partitions: 1) { output in
                    try await fill(input, count: 10, partition: 0)
                    let group = RealKafka.uniqueName("group")
                    let configuration = RealKafka.consumer(group: group, policy: .manual)
                    try await withKafkaProducer(RealKafka.transactionalProducer()) { producer in
                        try await withKafkaConsumer(configuration, subscribingTo: [input]) { consumer in
                            for try await message in consumer.messages {
                                await #expect(throws: Problem.self) {
                                    try await producer.withTransaction { transaction in
                                        try await transaction.send(KafkaRecord(topic: output, value: message.value))
                                        try transaction.commitOffset(of: message, from: consumer)
                                        throw Problem()
                                    }
                                }
                                if message.offset == 4 { break }
                            }
                            let aborted = try await RealKafka.committedOffset(group, input, 0)
                            #expect(aborted == nil)
                            for try await message in consumer.messages {
                                try await producer.withTransaction { transaction in
                                    try await transaction.send(KafkaRecord(topic: output, value: message.value))
                                    try transaction.commitOffset(of: message, from: consumer)
                                }
                                if message.offset == 7 { break }
                            }
                            let committed = try await RealKafka.committedOffset(group, input, 0)
                            #expect(committed == 8)
                        }
                    }
                    // Whoever reads next begins behind what was committed.
                    try await withKafkaConsumer(configuration, subscribingTo: [input]) { consumer in
                        let first = try await consumer.messages.first { _ in true }
                        #expect(first?.offset == 8)
                    }
                    let visible = try await RealKafka.committedValues(of: output, partitions: 1, count: 3)
                    #expect(visible.count == 3)
                }
            }
        }

        @Test
        func messagesOfAnEndedAssignmentAbortTheTransaction() async throws {
            try await withTopic(partitions: 1) { topic in
                try await fill(topic, count: 2, partition: 0)
                let group = RealKafka.uniqueName("group")
                let configuration = RealKafka.consumer(group: group, policy: .manual)
                try await withKafkaProducer(RealKafka.transactionalProducer()) { producer in
                    let consumer = try KafkaConsumer(configuration)
                    try await consumer.subscribe(to: [topic])
                    let message = try #require(try await consumer.messages.first { _ in true })
                    // The offset is taken while the partition is ours, and the partition is gone at the commit.
                    let late = await kafkaError {
                        try await producer.withTransaction { transaction in
                            try transaction.commitOffset(of: message, from: consumer)
                            await consumer.close()
                        }
                    }
                    #expect(late?.code == .transactionAborted, "\(String(describing: late))")
                    let stale = await kafkaError {
                        try await producer.withTransaction { transaction in
                            try transaction.commitOffset(of: message, from: consumer)
                        }
                    }
                    #expect(stale?.code == .staleMessage, "\(String(describing: stale))")
                }
            }
        }

        @Test
        func messagesOfAnotherConsumerAreRefused() async throws {
            try await withTopic(partitions: 1) { topic in
                try await fill(topic, count: 2, partition: 0)
                let group = RealKafka.uniqueName("group")
                let configuration = RealKafka.consumer(group: group, policy: .manual)
                try await withKafkaProducer(RealKafka.transactionalProducer()) { producer in
                    try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                        let message = try #require(try await consumer.messages.first { _ in true })
                        let other = try KafkaConsumer(configuration)
                        let error = await kafkaError {
                            try await producer.withTransaction { transaction in
                                try transaction.commitOffset(of: message, from: other)
                            }
                        }
                        #expect(error?.code == .invalidArgument, "\(String(describing: error))")
                        await other.close()
                    }
                }
            }
        }

        @Test
        func aConsumerThatCommitsByItselfIsRefused() async throws {
            try await withTopic(partitions: 1) { topic in
                var uncommitted = RealKafka.consumer(group: RealKafka.uniqueName("group"), policy: .manual)
                uncommitted.isolationLevel = .readUncommitted
                let automatic = RealKafka.consumer(group: RealKafka.uniqueName("group"))
                try await withKafkaProducer(RealKafka.transactionalProducer()) { producer in
                    for configuration in [uncommitted, automatic] {
                        try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                            let error = await kafkaError {
                                try await consumer.processInTransactions(of: producer) { _, _ in }
                            }
                            #expect(error?.code == .invalidState)
                        }
                    }
                }
            }
        }
    }
}
