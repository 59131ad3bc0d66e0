import AsyncKafkaTesting
import RdKafka
import Testing

@testable import AsyncKafka

/// The fatal error of each kind of client, raised by librdkafka's own hook.
@Suite(.timeLimit(.minutes(1)))
struct FatalErrorTests {
    @Test func everybodyWhoWaitsHearsOfAFatalErrorAtOnce() async throws {
        var configuration = unreachableProducerConfiguration()
        configuration.queue.maxRecords = 2
        let core = try ProducerCore(configuration)
        let queued = (0..<2).map { _ in Task { try await core.send(KafkaRecord(topic: "t", value: "v")) } }
        while core.machine.withLock({ $0.awaited }) < 2 { await Task.yield() }
        let waiting = (0..<3).map { _ in Task { try await core.send(KafkaRecord(topic: "t", value: "v")) } }
        while core.machine.withLock({ $0.waitingSenders }) < 3 { await Task.yield() }
        let flush = Task { try await core.flush(deadline: .now + .seconds(3600)) }

        core.handle.triggerFatalError(code: 45, reason: "test")
        for send in queued + waiting {
            let error = try #require(await failure(of: send))
            #expect(error.code == .fatal)
            #expect(error.isFatal)
            #expect(error.persistence == .notPersisted)
            #expect(error.message.contains("make a new one"))
            #expect((error.underlyingError as? KafkaError)?.code.rawValue == 45)
        }
        #expect(await failure(of: flush)?.isFatal == true)
        // And whoever comes later.
        #expect(await failure(of: Task { try await core.flush(deadline: .now) })?.isFatal == true)
        let late = Task { try await core.send(KafkaRecord(topic: "t", value: "v")) }
        #expect(await failure(of: late)?.code == .fatal)
        let report = await core.close(deadline: .now + .seconds(30))
        #expect(report == KafkaProducerCloseReport(delivered: 0, failed: 2, unsent: 0))
    }

    @Test func eachWayOfAProducerEndsInItsFatalError() async throws {
        let producer = try KafkaProducer(unreachableProducerConfiguration())
        let record = KafkaRecord(topic: "t", value: "v")
        var reports = producer.deliveryReports.makeAsyncIterator()
        let pending = try await producer.enqueue(record, context: 7)
        producer.core.handle.triggerFatalError(code: KafkaError.Code.outOfOrderSequence.rawValue, reason: "test")

        let report = try #require(try await reports.next())
        let batch = await producer.send(contentsOf: [record, record])
        let errors = [
            await outcome { () throws(KafkaError) in try await pending.delivery }.error, report.error,
            await outcome { () throws(KafkaError) in try await producer.enqueue(record).delivery }.error,
            await outcome { () throws(KafkaError) in try producer.tryEnqueue(record) }.error,
            await outcome { () throws(KafkaError) in try await producer.flush() }.error,
        ]
        #expect(report.kind == .failed && report.context as? Int == 7)
        for error in errors + batch.map(\.error) {
            let error = try #require(error)
            #expect(error.code == .fatal && error.isFatal && !error.isRetriable)
            #expect(error.message.contains("make a new one"))
            #expect((error.underlyingError as? KafkaError)?.code == .outOfOrderSequence)
        }
        let end = await producer.close()
        #expect(end.delivered == 0 && end.unsent == 0)
        while try await reports.next() != nil {}
        await expectError(.clientClosed) { try await producer.send(record) }
    }

    @Test(arguments: [(KafkaError.Code.outOfOrderSequence, KafkaError.Code.fatal), (.producerFenced, .fenced)])
    func aTransactionEndsInItsFatalError(_ cause: KafkaError.Code, _ code: KafkaError.Code) async throws {
        try await withTopic { cluster, topic in
            var configuration = producerConfiguration(of: cluster)
            configuration.transactionalID = "orders-1"
            let producer = try KafkaProducer(configuration)
            for round in 0..<2 {
                do {
                    try await producer.withTransaction { transaction in
                        if round == 0 { producer.core.handle.triggerFatalError(code: cause.rawValue, reason: "test") }
                        try await transaction.send(KafkaRecord(topic: topic, value: "v"))
                    }
                    Issue.record("nothing can be sent")
                } catch let error as KafkaError {
                    #expect(error.code == code && error.isFatal && !error.isRetriable)
                    #expect((error.underlyingError as? KafkaError)?.code == cause)
                }
            }
            let report = await producer.close()
            #expect(report.unsent == 0)
        }
    }

    @Test func aConsumersBatchesAndEventsHaveItsFatalError() async throws {
        try await withTopic { cluster, topic in
            try await produce(1, to: topic, partition: 0, of: cluster)
            var configuration = consumerConfiguration(of: cluster)
            configuration.offsetPolicy = .manual
            let consumer = try KafkaConsumer(configuration)
            try await consumer.subscribe(to: [topic])
            var batches = consumer.batches().makeAsyncIterator()
            #expect(try await batches.next()?.count == 1)
            let code = KafkaError.Code.fencedInstanceID
            consumer.core.handle.triggerFatalError(code: code.rawValue, reason: "test")
            let error = try #require(await outcome { () throws(KafkaError) in try await batches.next() }.error)
            #expect(error.code == .fatal && error.isFatal)
            #expect(error.message.contains("make a new one"))
            #expect((error.underlyingError as? KafkaError)?.code == code)

            for try await event in consumer.events where event.error?.isFatal == true {
                #expect(event.kind == .error)
                break
            }
            await consumer.close()
        }
    }

    @Test func commitsBehindAConsumersFatalErrorSayWhy() async throws {
        try await withTopic { cluster, topic in
            try await produce(2, to: topic, partition: 0, of: cluster)
            var configuration = consumerConfiguration(of: cluster)
            configuration.offsetPolicy = .manual
            // Of these alone librdkafka looks whether they have failed for good (rdkafka_int.h, `rd_kafka_fatal_error_code`).
            configuration.group.instanceID = "member"
            let consumer = try KafkaConsumer(configuration)
            try await consumer.subscribe(to: [topic])
            let message = try #require(try await consumer.messages.first { _ in true })
            let code = KafkaError.Code.fencedInstanceID
            consumer.core.handle.triggerFatalError(code: code.rawValue, reason: "test")
            let partition = message.topicPartition
            let errors = [
                await outcome { () async throws(KafkaError) in try await consumer.commit(message) }.error,
                await outcome { () async throws(KafkaError) in
                    try await consumer.commit([partition: KafkaOffsetAndMetadata(offset: 1)])
                }.error,
            ]
            for error in errors {
                let error = try #require(error)
                #expect(error.code == .fatal && error.isFatal && !error.isRetriable, "\(error)")
                #expect(error.message.contains("make a new one"))
                #expect((error.underlyingError as? KafkaError)?.code == code)
                #expect(error.topicPartition == partition)
            }
            await consumer.close()
        }
    }

    @Test func whatAFatalErrorLeavesUncommittedHasItForItsCause() async throws {
        try await withTopic { cluster, topic in
            try await produce(1, to: topic, partition: 0, of: cluster)
            let code = KafkaError.Code.fencedInstanceID
            do {
                var configuration = consumerConfiguration(of: cluster)
                configuration.group.instanceID = "member"
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                    for try await message in consumer.messages {
                        consumer.core.handle.triggerFatalError(code: code.rawValue, reason: "test")
                        consumer.markProcessed(message)
                        break
                    }
                }
                Issue.record("it was committed")
            } catch let error as KafkaError {
                #expect(error.code == .uncommitted, "\(error)")
                let cause = try #require(error.underlyingError as? KafkaError)
                #expect(cause.code == .fatal)
                #expect((cause.underlyingError as? KafkaError)?.code == code)
            }
        }
    }

    /// librdkafka raises none for an admin client, which neither counts records nor is a member; one that it did raise would be told by
    /// the calls that it makes fail, and hold up no other.
    @Test func anAdminClientAnswersBehindAFatalError() async throws {
        try await withTopic { cluster, topic in
            var configuration = KafkaAdminConfiguration(bootstrapServers: cluster.bootstrapServers)
            configuration.log = .none
            try await withKafkaAdmin(configuration) { admin in
                let partition = KafkaTopicPartition(topic: topic, partition: 0)
                admin.core.handle.triggerFatalError(code: KafkaError.Code.fenced.rawValue, reason: "test")
                let places = [partition: KafkaOffsetAndMetadata(offset: 4)]
                try await admin.alterGroupOffsets(of: "group", places)[partition]?.get()
                #expect(
                    try await admin.groupOffsets(of: "group", partitions: [partition])[partition]?.get().offset == 4
                )
            }
        }
    }

    @Test func whatWasOnItsWayKeepsItsOwnOutcome() async throws {
        try await withTopic { cluster, topic in
            let core = try ProducerCore(producerConfiguration(of: cluster))
            _ = try await core.send(KafkaRecord(topic: topic, value: "v"))
            core.handle.triggerFatalError(code: 45, reason: "test")
            let error = await failure(of: Task { try await core.send(KafkaRecord(topic: topic, value: "v")) })
            #expect(error?.isFatal == true)
            #expect(await core.close(deadline: .now + .seconds(30)).delivered == 1)
        }
    }
}
