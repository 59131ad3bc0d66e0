import AsyncKafkaTesting
import RdKafka
import Testing

@testable import AsyncKafka

@Suite(.timeLimit(.minutes(2)))
struct KafkaProducerTests {
    @Test
    func sendSaysWhereTheRecordIs() async throws {
        try await withTopic(partitions: 3) { cluster, topic in
            try await withKafkaProducer(producerConfiguration(of: cluster)) { producer in
                for offset in 0..<3 {
                    let delivery = try await producer.send(KafkaRecord(topic: topic, partition: 2, value: "v"))
                    #expect(delivery.topicPartition == KafkaTopicPartition(topic: topic, partition: 2))
                    #expect(delivery.offset == Int64(offset))
                    #expect(delivery.timestamp != nil)
                }
            }
        }
    }

    @Test
    func recordsOfManyTasksAllArriveAndTheReportCountsThem() async throws {
        try await withTopic(partitions: 3) { cluster, topic in
            let producer = try KafkaProducer(producerConfiguration(of: cluster))
            let offsets = try await withThrowingTaskGroup(of: KafkaDelivery.self) { group in
                for task in 0..<200 {
                    group.addTask { try await producer.send(KafkaRecord(topic: topic, key: "\(task)", value: "v")) }
                }
                return try await group.reduce(into: Set<KafkaDelivery>()) { $0.insert($1) }
            }
            #expect(offsets.count == 200)
            let report = await producer.close()
            #expect(report == KafkaProducerCloseReport(delivered: 200, failed: 0, unsent: 0))
        }
    }

    @Test
    func aFullQueueLetsSendersWaitInsteadOfFailing() async throws {
        try await withTopic { cluster, topic in
            var configuration = producerConfiguration(of: cluster)
            configuration.queue.maxRecords = 3
            try await withKafkaProducer(configuration) { producer in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<500 {
                        group.addTask { try await producer.send(KafkaRecord(topic: topic, value: "v")) }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test
    func callsAfterCloseThrowClientClosed() async throws {
        let producer = try KafkaProducer(unreachableProducerConfiguration())
        let report = await producer.close()
        await #expect(throws: KafkaError.self) { try await producer.send(KafkaRecord(topic: "t", value: "v")) }
        do {
            try await producer.send(KafkaRecord(topic: "t", value: "v"))
        } catch {
            #expect(error.code == .clientClosed)
            #expect(error.persistence == .notPersisted)
        }
        do {
            try await producer.flush()
            Issue.record("a closed producer has nothing to flush")
        } catch {
            #expect(error.code == .clientClosed)
        }
        #expect(await producer.close() == report)
    }

    @Test
    func aSendThatIsCancelledWhileItWaitsForRoomIsNotSent() async throws {
        var configuration = unreachableProducerConfiguration()
        configuration.queue.maxRecords = 1
        let core = try ProducerCore(configuration)
        let first = Task { try await core.send(KafkaRecord(topic: "t", value: "v")) }
        while core.machine.withLock({ $0.awaited }) == 0 { await Task.yield() }
        let second = Task { try await core.send(KafkaRecord(topic: "t", value: "v")) }
        while core.machine.withLock({ $0.waitingSenders }) == 0 { await Task.yield() }
        second.cancel()
        let error = try #require(await failure(of: second))
        #expect(error.code == .cancelled)
        #expect(error.persistence == .notPersisted)
        #expect(error.pendingDelivery == nil)
        #expect(core.machine.withLock { $0.waitingSenders } == 0)
        core.refuseSenders(.clientClosed)
        let report = await core.close(deadline: .now)
        #expect(report.unsent == 1)
        #expect(await failure(of: first)?.code == .purgedInQueue)
    }

    @Test
    func aSendThatIsCancelledOnceItIsQueuedHasAPendingDelivery() async throws {
        let core = try ProducerCore(unreachableProducerConfiguration())
        let send = Task { try await core.send(KafkaRecord(topic: "t", value: "v")) }
        while core.machine.withLock({ $0.awaited }) == 0 { await Task.yield() }
        send.cancel()
        let error = try #require(await failure(of: send))
        #expect(error.code == .cancelled)
        #expect(error.persistence == .possiblyPersisted)
        let pending = try #require(error.pendingDelivery)
        // The wait for it can be cancelled as well, and taken up again.
        let wait = Task { try await pending.delivery }
        wait.cancel()
        #expect(await failure(of: wait)?.code == .cancelled)
        let again = Task { try await pending.delivery }
        core.refuseSenders(.clientClosed)
        _ = await core.close(deadline: .now)
        #expect(await failure(of: again)?.code == .purgedInQueue)
        #expect(await failure(of: again)?.persistence == .notPersisted)
    }

    @Test
    func aSendInACancelledTaskIsNotSent() async throws {
        let core = try ProducerCore(unreachableProducerConfiguration())
        let send = Task {
            unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
            return try await core.send(KafkaRecord(topic: "t", value: "v"))
        }
        #expect(await failure(of: send)?.persistence == .notPersisted)
        #expect(core.machine.withLock { $0.records } == 0)
        core.refuseSenders(.clientClosed)
        _ = await core.close(deadline: .now)
    }

    @Test
    func aRecordThatIsTooLargeFailsAtOnceAndGivesItsCreditsBack() async throws {
        var configuration = unreachableProducerConfiguration()
        configuration.maxMessageBytes = 1000
        configuration.queue.maxRecords = 1
        let producer = try KafkaProducer(configuration)
        for _ in 0..<3 {
            do {
                try await producer.send(KafkaRecord(topic: "t", value: KafkaBytes(Array(repeating: 1, count: 5000))))
                Issue.record("too large")
            } catch {
                #expect(error.code == .messageTooLarge)
                #expect(error.persistence == .notPersisted)
            }
        }
        await producer.close()
    }

    @Test
    func anUnknownPartitionFailsWithItsOwnCode() async throws {
        try await withTopic { cluster, topic in
            try await withKafkaProducer(producerConfiguration(of: cluster)) { producer in
                do {
                    try await producer.send(KafkaRecord(topic: topic, partition: 99, value: "v"))
                    Issue.record("there is no such partition")
                } catch let error as KafkaError {
                    #expect(error.code == .unknownPartition)
                }
                do {
                    try await producer.send(KafkaRecord(topic: topic, partition: -1, value: "v"))
                    Issue.record("there is no such partition")
                } catch let error as KafkaError {
                    #expect(error.code == .invalidArgument)
                }
            }
        }
    }

    @Test
    func aTimestampBeforeTheBeginningIsRefused() async throws {
        let producer = try KafkaProducer(unreachableProducerConfiguration())
        do {
            let timestamp = KafkaTimestamp(millisecondsSince1970: 0)
            try await producer.send(KafkaRecord(topic: "t", value: "v", timestamp: timestamp))
            Issue.record("it would be sent with the present time")
        } catch {
            #expect(error.code == .invalidArgument)
        }
        await producer.close()
    }

    @Test
    func aTopicsNameIsNotCutOffAtANul() async throws {
        let producer = try KafkaProducer(unreachableProducerConfiguration())
        do {
            try await producer.send(KafkaRecord(topic: "orders\0x", value: "v"))
            Issue.record("C would send it to `orders`")
        } catch {
            #expect(error.code == .invalidTopic)
        }
        await producer.close()
    }

    @Test(arguments: [Duration.seconds(Int64.max), .seconds(Int64.min), .zero])
    func anyTimeLimitIsATimeLimit(timeout: Duration) async throws {
        let producer = try KafkaProducer(unreachableProducerConfiguration())
        #expect(try await producer.flush(timeout: timeout) == 0)
        #expect(await producer.close(timeout: timeout).unsent == 0)
    }

    @Test
    func flushReturnsHowManyAreUnsent() async throws {
        let core = try ProducerCore(unreachableProducerConfiguration())
        #expect(try await core.flush(deadline: .now + .seconds(60)) == 0)
        let sends = (0..<3).map { _ in Task { try await core.send(KafkaRecord(topic: "t", value: "v")) } }
        while core.machine.withLock({ $0.awaited }) < 3 { await Task.yield() }
        #expect(try await core.flush(deadline: .now + .milliseconds(10)) == 3)
        let flush = Task { try await core.flush(deadline: .now + .seconds(60)) }
        flush.cancel()
        #expect(await failure(of: flush)?.code == .cancelled)
        core.refuseSenders(.clientClosed)
        #expect(await core.close(deadline: .now + .milliseconds(10)).unsent == 3)
        for send in sends { #expect(await failure(of: send)?.persistence == .notPersisted) }
    }

    @Test
    func flushIgnoresTheLinger() async throws {
        try await withTopic { cluster, topic in
            var configuration = producerConfiguration(of: cluster)
            configuration.linger = .seconds(60)
            try await withKafkaProducer(configuration) { producer in
                let clock = ContinuousClock()
                let start = clock.now
                let send = Task { try await producer.send(KafkaRecord(topic: topic, value: "v")) }
                let delivery = try await send.value
                #expect(delivery.offset == 0)
                #expect(try await producer.flush() == 0)
                #expect(clock.now - start < .seconds(30), "the linger is a minute")
            }
        }
    }

    @Test
    func aFatalErrorFailsEverySenderAndSaysWhatToDo() async throws {
        let core = try ProducerCore(unreachableProducerConfiguration())
        let queued = Task { try await core.send(KafkaRecord(topic: "t", value: "v")) }
        while core.machine.withLock({ $0.awaited }) == 0 { await Task.yield() }
        core.handle.triggerFatalError(code: 45, reason: "test")
        // Before the client's thread has heard of it, and after.
        do {
            _ = try await core.send(KafkaRecord(topic: "t", value: "v"))
            Issue.record("a failed producer sends nothing")
        } catch {
            #expect(error.isFatal)
            #expect(error.persistence == .notPersisted)
        }
        while core.fatalProblem.withLock({ $0 }) == nil { await Task.yield() }
        do {
            _ = try await core.send(KafkaRecord(topic: "t", value: "v"))
            Issue.record("a failed producer sends nothing")
        } catch {
            #expect(error.isFatal)
            #expect(error.message.contains("make a new one"))
        }
        // What was in the queue does not wait for its delivery timeout.
        let error = await failure(of: queued)
        #expect(error?.code == .fatal)
        #expect(error?.isFatal == true)
        #expect(error?.persistence == .notPersisted)
        #expect(error?.message.contains("make a new one") == true)
        _ = await core.close(deadline: .now)
    }

    @Test
    func withKafkaProducerSaysWhatIsUnsent() async throws {
        var configuration = unreachableProducerConfiguration()
        configuration.closeTimeout = .milliseconds(50)
        do {
            try await withKafkaProducer(configuration) { producer in
                let send = Task { try await producer.send(KafkaRecord(topic: "t", value: "v")) }
                send.cancel()
                _ = await send.result
                // Cancelled before or after it was queued; this one is queued for certain.
                let queued = Task { try await producer.send(KafkaRecord(topic: "t", value: "v")) }
                while producer.core.machine.withLock({ $0.awaited }) == 0 { await Task.yield() }
                queued.cancel()
                _ = await queued.result
            }
            Issue.record("something was left")
        } catch let error as KafkaError {
            #expect(error.code == .unsent || error.code == .purgedInQueue)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func whatIsUnsentHasItsCause() async throws {
        var configuration = unreachableProducerConfiguration()
        configuration.closeTimeout = .zero
        let kept = Locked<KafkaPendingDelivery?>(nil)
        do {
            try await withKafkaProducer(configuration) { producer in
                let pending = try await producer.enqueue(KafkaRecord(topic: "t", value: "v"))
                kept.withLock { $0 = pending }
                while producer.core.recentProblem == nil { await Task.yield() }
            }
            Issue.record("something was left")
        } catch let error as KafkaError {
            #expect(error.code == .unsent)
            #expect((error.underlyingError as? KafkaError)?.code == .transport, "\(error)")
        }
        let pending = try #require(kept.withLock { $0 })
        let error = try #require(await outcome { () async throws(KafkaError) in try await pending.delivery }.error)
        #expect(error.code == .purgedInQueue)
        #expect((error.underlyingError as? KafkaError)?.code == .transport, "\(error)")
    }

    @Test
    func theBodysErrorWins() async throws {
        struct Mine: Error {}
        await #expect(throws: Mine.self) {
            try await withKafkaProducer(unreachableProducerConfiguration()) { _ in throw Mine() }
        }
    }

    @Test
    func aProducerThatIsReleasedWithoutCloseEndsAndIsFreed() async throws {
        let lines = Lines()
        await withCheckedContinuation { continuation in
            let canary = Canary { continuation.resume() }
            var configuration = unreachableProducerConfiguration()
            configuration.log = .handler(level: .error) { [canary] entry in
                canary.sing()
                lines.append(entry)
            }
            do {
                let producer = try KafkaProducer(configuration)
                Task { try await producer.send(KafkaRecord(topic: "t", value: "v")) }.cancel()
            } catch {
                Issue.record(error)
            }
        }
        #expect(lines.all.allSatisfy { $0.facility != "FATAL" })
    }
}
