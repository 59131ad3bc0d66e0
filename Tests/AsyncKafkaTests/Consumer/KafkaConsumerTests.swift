import AsyncKafkaTesting
import RdKafka
import Testing

@testable import AsyncKafka

@Suite(.timeLimit(.minutes(3)))
struct KafkaConsumerTests {
    @Test
    func messagesCarryWhatWasSent() async throws {
        try await withTopic { cluster, topic in
            let record = KafkaRecord(
                topic: topic,
                key: KafkaBytes([0xFF, 0x00]),
                value: "value",
                headers: ["a": "1", "a": nil, "b": ""]
            )
            try await withKafkaProducer(producerConfiguration(of: cluster)) { producer in
                try await producer.send(record)
                try await producer.send(KafkaRecord(topic: topic, key: "k", value: nil))
                try await producer.send(KafkaRecord(topic: topic, value: KafkaBytes()))
            }
            try await withKafkaConsumer(consumerConfiguration(of: cluster), subscribingTo: [topic]) { consumer in
                var messages: [KafkaMessage] = []
                for try await message in consumer.messages {
                    messages.append(message)
                    if messages.count == 3 { break }
                }
                #expect(messages[0].key == record.key)
                #expect(messages[0].value == record.value)
                #expect(messages[0].headers == record.headers)
                #expect(messages[0].topicPartition == KafkaTopicPartition(topic: topic, partition: 0))
                #expect(messages[0].timestamp != nil)
                #expect(messages[1].value == nil)
                #expect(messages[2].value == KafkaBytes())
                #expect(messages[2].key == nil)
                #expect(messages.map(\.offset) == [0, 1, 2])
                #expect(messages[0].copy().value == record.value)
            }
        }
    }

    @Test
    func whatWasProcessedIsCommittedAtTheEnd() async throws {
        try await withTopic { cluster, topic in
            try await produce(10, to: topic, of: cluster)
            let first = try KafkaConsumer(consumerConfiguration(of: cluster))
            try await first.subscribe(to: [topic])
            var offsets: [Int64] = []
            for try await message in first.messages {
                offsets.append(message.offset)
                if offsets.count == 5 { break }
            }
            let report = await first.close()
            #expect(report.uncommitted.isEmpty)
            #expect(report.hasLeftGroup)
            // The fifth was in hand when the loop ended: it comes again.
            try await withKafkaConsumer(consumerConfiguration(of: cluster), subscribingTo: [topic]) { second in
                for try await message in second.messages {
                    offsets.append(message.offset)
                    if message.offset == 9 { break }
                }
            }
            #expect(offsets == [0, 1, 2, 3, 4, 4, 5, 6, 7, 8, 9])
        }
    }

    @Test
    func processedMessagesAreCommittedWhileTheLoopGoesOn() async throws {
        try await withTopic { cluster, topic in
            try await produce(10, to: topic, of: cluster)
            var configuration = consumerConfiguration(of: cluster)
            configuration.offsetPolicy = .afterProcessing(interval: .milliseconds(1))
            try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                var count = 0
                for try await message in consumer.messages {
                    count += 1
                    guard message.offset == 9 else { continue }
                    consumer.markProcessed(message)
                    break
                }
                #expect(count == 10)
            }
            // Nothing is left for the next member: the first thing it sees is what is produced now.
            try await produce(1, to: topic, of: cluster)
            try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                for try await message in consumer.messages {
                    #expect(message.offset == 10)
                    break
                }
            }
        }
    }

    @Test
    func loopsAreLeftAndEnteredWithoutLossUnderManual() async throws {
        try await withTopic { cluster, topic in
            try await produce(300, to: topic, of: cluster)
            var configuration = consumerConfiguration(of: cluster)
            configuration.offsetPolicy = .manual
            try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                var offsets: [Int64] = []
                while offsets.count < 300 {
                    for try await message in consumer.messages {
                        offsets.append(message.offset)
                        if offsets.count % 3 == 0 { break }
                    }
                }
                #expect(offsets == Array(0..<300))
            }
        }
    }

    @Test
    func commitsOfManyTasksAreAllAcknowledged() async throws {
        try await withTopic(partitions: 3) { cluster, topic in
            try await produce(600, to: topic, of: cluster)
            var configuration = consumerConfiguration(of: cluster)
            configuration.offsetPolicy = .manual
            try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    var count = 0
                    for try await message in consumer.messages {
                        group.addTask { try await consumer.commit(message) }
                        count += 1
                        if count == 600 { break }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test
    func aSecondLoopBesideTheFirstThrows() async throws {
        try await withTopic { cluster, topic in
            try await produce(2, to: topic, of: cluster)
            try await withKafkaConsumer(consumerConfiguration(of: cluster), subscribingTo: [topic]) { consumer in
                for try await _ in consumer.messages {
                    do {
                        for try await _ in consumer.messages { Issue.record("two loops") }
                    } catch let error as KafkaError {
                        #expect(error.code == .alreadyIterating)
                    }
                    break
                }
            }
        }
    }

    @Test
    func cancellationEndsALoopThatWaits() async throws {
        try await withTopic { cluster, topic in
            try await withKafkaConsumer(consumerConfiguration(of: cluster), subscribingTo: [topic]) { consumer in
                let loop = Task {
                    var count = 0
                    for try await _ in consumer.messages { count += 1 }
                    return count
                }
                for try await event in consumer.events where event.kind == .assigned { break }
                loop.cancel()
                #expect(try await loop.value == 0)
            }
        }
    }

    @Test
    func closeEndsALoopThatWaits() async throws {
        try await withTopic { cluster, topic in
            let consumer = try KafkaConsumer(consumerConfiguration(of: cluster))
            try await consumer.subscribe(to: [topic])
            let loop = Task {
                for try await _ in consumer.messages { Issue.record("the topic is empty") }
            }
            let events = Task {
                var kinds: [KafkaConsumerEvent.Kind] = []
                for try await event in consumer.events {
                    kinds.append(event.kind)
                    if event.kind == .assigned { Task { await consumer.close() } }
                }
                return kinds
            }
            try await loop.value
            #expect(try await events.value == [.assigned, .revoked])
        }
    }

    @Test
    func closeFromWithinTheLoopsBodyDoesNotWaitForIt() async throws {
        try await withTopic { cluster, topic in
            try await produce(3, to: topic, of: cluster)
            let consumer = try KafkaConsumer(consumerConfiguration(of: cluster))
            try await consumer.subscribe(to: [topic])
            let clock = ContinuousClock()
            var count = 0
            for try await message in consumer.messages {
                count += 1
                let start = clock.now
                let report = await consumer.close()
                #expect(report.hasLeftGroup)
                #expect(clock.now - start < .seconds(15), "its limit is 30 seconds")
                do {
                    try await consumer.commit(message)
                    Issue.record("the assignment has ended")
                } catch let error as KafkaError {
                    #expect(error.code == .staleMessage)
                }
                #expect(!consumer.markProcessed(message))
            }
            #expect(count == 1)
        }
    }

    @Test
    func closeWaitsForTheMessageInHandOfAnotherTask() async throws {
        try await withTopic { cluster, topic in
            try await produce(3, to: topic, of: cluster)
            let consumer = try KafkaConsumer(consumerConfiguration(of: cluster))
            try await consumer.subscribe(to: [topic])
            var iterator = consumer.messages.makeAsyncIterator()
            let message = try #require(try await iterator.next())
            let close = Task { await consumer.close() }
            // Committing works while the close waits.
            while await !consumer.isClosing { await Task.yield() }
            try await consumer.commit(message)
            #expect(try await iterator.next() == nil)
            let report = await close.value
            #expect(report.uncommitted.isEmpty)
        }
    }

    @Test
    func theCloseReportSaysWhatIsUncommitted() async throws {
        try await withTopic { cluster, topic in
            try await produce(3, to: topic, of: cluster)
            var configuration = consumerConfiguration(of: cluster)
            configuration.offsetPolicy = .afterProcessing(interval: .seconds(1000))
            let consumer = try KafkaConsumer(configuration)
            try await consumer.subscribe(to: [topic])
            for try await message in consumer.messages {
                consumer.markProcessed(message)
                break
            }
            // Nobody is there to acknowledge it.
            await cluster.stop()
            let report = await consumer.close(timeout: .milliseconds(500))
            #expect(report.uncommitted == [KafkaTopicPartition(topic: topic, partition: 0): 1])
            #expect(!report.hasLeftGroup)
        }
    }

    @Test
    func whatIsUncommittedHasItsCause() async throws {
        try await withFaultyCluster { cluster in
            try await cluster.fill(1)
            // OffsetCommit.
            await cluster.refuse(kind: 8, with: .groupAuthorizationFailed, count: 100)
            do {
                try await withKafkaConsumer(cluster.consumerConfiguration, subscribingTo: ["orders"]) { consumer in
                    for try await message in consumer.messages {
                        consumer.markProcessed(message)
                        break
                    }
                }
                Issue.record("it was committed")
            } catch let error as KafkaError {
                let partition = KafkaTopicPartition(topic: "orders", partition: 0)
                #expect(error.code == .uncommitted && error.topicPartition == partition)
                #expect((error.underlyingError as? KafkaError)?.code == .groupAuthorizationFailed, "\(error)")
                let own = try #require(error.partitionErrors[partition])
                #expect((own.underlyingError as? KafkaError)?.code == .groupAuthorizationFailed)
            }
        }
    }

    @Test
    func aMessageOfAnotherConsumerIsRefused() async throws {
        try await withTopic { cluster, topic in
            try await produce(1, to: topic, of: cluster)
            try await withKafkaConsumer(consumerConfiguration(of: cluster), subscribingTo: [topic]) { consumer in
                let other = try KafkaConsumer(consumerConfiguration(of: cluster, group: "other"))
                for try await message in consumer.messages {
                    #expect(!other.markProcessed(message))
                    do {
                        try await other.commit(message)
                        Issue.record("its group has not read it")
                    } catch let error as KafkaError {
                        #expect(error.code == .invalidArgument)
                    }
                    break
                }
                await other.close()
            }
        }
    }

    @Test
    func aSequenceKeepsItsConsumerAlive() async throws {
        try await withTopic { cluster, topic in
            try await produce(3, to: topic, of: cluster)
            func messages() async throws -> KafkaMessages {
                let consumer = try KafkaConsumer(consumerConfiguration(of: cluster))
                try await consumer.subscribe(to: [topic])
                return consumer.messages
            }
            var count = 0
            for try await _ in try await messages() {
                count += 1
                if count == 3 { break }
            }
            #expect(count == 3)
        }
    }

    @Test
    func callsAfterCloseThrowClientClosed() async throws {
        var configuration = KafkaConsumerConfiguration(bootstrapServers: ["127.0.0.1:1"], groupID: "group")
        configuration.log = .none
        let consumer = try KafkaConsumer(configuration)
        let report = await consumer.close()
        #expect(await consumer.close() == report)
        do {
            try await consumer.subscribe(to: ["t"])
            Issue.record("a closed consumer subscribes to nothing")
        } catch {
            #expect(error.code == .clientClosed)
        }
        for try await _ in consumer.messages { Issue.record("there is nothing") }
        for try await _ in consumer.events {}
    }

    @Test
    func aFatalErrorIsThrownByTheLoopAndTheConsumerStillCloses() async throws {
        try await withTopic { cluster, topic in
            let core = try ConsumerCore(consumerConfiguration(of: cluster))
            try await core.subscribe([topic])
            core.handle.triggerFatalError(code: KafkaError.Code.fencedInstanceID.rawValue, reason: "test")
            do {
                for try await _ in KafkaMessages(core: core) { Issue.record("the topic is empty") }
                Issue.record("a failed consumer throws")
            } catch let error as KafkaError {
                #expect(error.isFatal)
                #expect(error.message.contains("make a new one"))
            }
            let clock = ContinuousClock()
            let start = clock.now
            let report = await core.close(deadline: start + .seconds(60), task: 0)
            #expect(!report.hasLeftGroup)
            #expect(clock.now - start < .seconds(30), "its limit is a minute")
        }
    }

    @Test
    func impossibleSubscriptionsAreRefused() async throws {
        var configuration = KafkaConsumerConfiguration(bootstrapServers: ["127.0.0.1:1"], groupID: "group")
        configuration.log = .none
        let consumer = try KafkaConsumer(configuration)
        for topics in [[], [""]] {
            do {
                try await consumer.subscribe(to: topics)
                Issue.record("nothing to read")
            } catch {
                #expect(error.code == .invalidArgument)
            }
        }
        await consumer.close()
    }

    @Test
    func aConsumerThatIsReleasedWithoutCloseEndsAndIsFreed() async throws {
        try await withTopic { cluster, topic in
            await withCheckedContinuation { continuation in
                let canary = Canary { continuation.resume() }
                var configuration = consumerConfiguration(of: cluster)
                configuration.log = .handler(level: .error) { [canary] _ in canary.sing() }
                do {
                    let consumer = try KafkaConsumer(configuration)
                    Task { try await consumer.subscribe(to: [topic]) }
                } catch {
                    Issue.record(error)
                }
            }
        }
    }
}
