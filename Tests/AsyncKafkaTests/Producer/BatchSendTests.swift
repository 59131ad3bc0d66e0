import AsyncKafkaTesting
import RdKafka
import Testing

@testable import AsyncKafka

@Suite(.timeLimit(.minutes(2)))
struct BatchSendTests {
    private func records(_ count: Int, topic: String = "t") -> [KafkaRecord] {
        (0..<count).map { KafkaRecord(topic: topic, partition: 0, value: "\($0)") }
    }

    @Test
    func resultsComeInTheOrderOfTheRecords() async throws {
        try await withTopic(partitions: 2) { cluster, topic in
            var configuration = producerConfiguration(of: cluster)
            configuration.maxMessageBytes = 1000
            configuration.linger = .seconds(100)
            try await withKafkaProducer(configuration) { producer in
                let start = ContinuousClock.now
                var records = records(1000, topic: topic)
                for number in stride(from: 0, to: 1000, by: 2) { records[number].partition = 1 }
                records[77].value = KafkaBytes(Array(repeating: 0, count: 5000))
                records[100].partition = -1
                records[900].topic = "other\0topic"
                let results = await producer.send(contentsOf: records)
                #expect(results.count == 1000)
                #expect(results[77].error?.code == .messageTooLarge)
                #expect(results[100].error?.code == .invalidArgument)
                #expect(results[900].error?.code == .invalidTopic)
                #expect(results.count { $0.error != nil } == 3)
                for partition in 0...1 {
                    let offsets = results.compactMap { try? $0.get() }.filter { $0.partition == partition }
                        .map(\.offset)
                    #expect(offsets == (0..<Int64(offsets.count)).map { $0 })
                }
                #expect(ContinuousClock.now - start < .seconds(50), "the linger is more than that")
            }
        }
    }

    @Test(arguments: [1, 7, 100])
    func aBatchMayBeLargerThanTheQueue(room: Int) async throws {
        try await withTopic { cluster, topic in
            var configuration = producerConfiguration(of: cluster)
            configuration.queue.maxRecords = room
            configuration.linger = .seconds(100)
            try await withKafkaProducer(configuration) { producer in
                let start = ContinuousClock.now
                // Two at once, and single ones among them.
                async let first = producer.send(contentsOf: records(500, topic: topic))
                async let second = producer.send(contentsOf: records(500, topic: topic).lazy.filter { _ in true })
                for record in records(20, topic: topic) { try await producer.send(record) }
                for results in await [first, second] {
                    let offsets = try results.map { try $0.get().offset ?? -1 }
                    #expect(offsets.count == 500)
                    #expect(offsets == offsets.sorted())
                }
                #expect(ContinuousClock.now - start < .seconds(50), "the linger is more than that")
            }
        }
    }

    @Test
    func nothingToSendIsNothingToWaitFor() async throws {
        let producer = try KafkaProducer(unreachableProducerConfiguration())
        #expect(await producer.send(contentsOf: []).isEmpty)
        await producer.close()
    }

    // MARK: Cancellation

    @Test
    func aBatchInACancelledTaskIsNotSent() async throws {
        let core = try ProducerCore(unreachableProducerConfiguration())
        let records = records(300)
        let task = Task {
            unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
            return await core.send(contentsOf: records, context: nil)
        }
        let results = await task.value
        #expect(results.count == 300)
        #expect(results.allSatisfy { $0.error?.code == .cancelled && $0.error?.persistence == .notPersisted })
        #expect(results.allSatisfy { $0.error?.pendingDelivery == nil })
        #expect(core.machine.withLock { $0.records } == 0)
        core.refuseSenders(.clientClosed)
        _ = await core.close(deadline: .now)
    }

    /// Ten of 300 are queued, one waits for room.
    @Test
    func aBatchThatIsCancelledHalfwayKnowsOfEachRecord() async throws {
        let core = try ProducerCore(unreachableProducerConfiguration { $0.queue.maxRecords = 10 })
        let records = records(300)
        let task = Task { await core.send(contentsOf: records, context: nil) }
        while core.machine.withLock({ $0.waitingSenders }) == 0 { await Task.yield() }
        task.cancel()
        let results = await task.value
        #expect(results.count == 300)
        #expect(results.allSatisfy { $0.error?.code == .cancelled })
        let pending = results.prefix(10).compactMap { $0.error?.pendingDelivery }
        #expect(pending.count == 10)
        #expect(results.prefix(10).allSatisfy { $0.error?.persistence == .possiblyPersisted })
        #expect(results.dropFirst(10).allSatisfy { $0.error?.persistence == .notPersisted })
        #expect(results.dropFirst(10).allSatisfy { $0.error?.pendingDelivery == nil })
        core.refuseSenders(.clientClosed)
        #expect(await core.close(deadline: .now).unsent == 10)
        for pending in pending {
            let error = try await #require(throws: KafkaError.self) { try await pending.delivery }
            #expect(error.code == .purgedInQueue)
        }
    }

    @Test
    func aBatchThatIsCancelledWhenAllOfItIsQueuedStillResolves() async throws {
        let core = try ProducerCore(unreachableProducerConfiguration())
        let records = records(300)
        let task = Task { await core.send(contentsOf: records, context: nil) }
        while core.machine.withLock({ $0.awaited }) < 300 { await Task.yield() }
        task.cancel()
        let results = await task.value
        #expect(results.compactMap { $0.error?.pendingDelivery }.count == 300)
        #expect(core.machine.withLock { $0.awaited } == 0)
        core.refuseSenders(.clientClosed)
        _ = await core.close(deadline: .now)
        for result in results {
            await #expect(throws: KafkaError.self) { try await result.error?.pendingDelivery?.delivery }
        }
    }

    // MARK: The end

    @Test
    func aFailureSaysWhatWasSoWhenTheRecordFailed() async throws {
        var configuration = unreachableProducerConfiguration()
        configuration.queue.maxRecords = 5
        let producer = try KafkaProducer(configuration)
        let reports = producer.deliveryReports.makeAsyncIterator()
        let task = Task { [records = records(10)] in await producer.send(contentsOf: records) }
        let half = Task {
            var reports = reports
            for _ in 0..<5 { _ = try await reports.next() }
        }
        // All five are handed over once the sixth waits for room. The others get in when these have failed, and may be purged as well.
        while producer.core.machine.withLock({ $0.waitingSenders }) == 0 { await Task.yield() }
        try await producer.purge(.all)
        try await half.value
        await producer.close(timeout: .zero)
        let results = await task.value
        #expect(results.prefix(5).allSatisfy { $0.error?.message.contains("was purged") == true })
    }

    @Test
    func aCloseEndsABatch() async throws {
        let core = try ProducerCore(unreachableProducerConfiguration { $0.queue.maxRecords = 10 })
        let records = records(300)
        let task = Task { await core.send(contentsOf: records, context: nil) }
        while core.machine.withLock({ $0.waitingSenders }) == 0 { await Task.yield() }
        core.refuseSenders(.clientClosed)
        #expect(await core.close(deadline: .now).unsent == 10)
        let codes = await task.value.map { $0.error?.code }
        #expect(codes.prefix(10).allSatisfy { $0 == .purgedInQueue })
        #expect(codes.dropFirst(10).allSatisfy { $0 == .clientClosed })
    }

    @Test
    func theTimeLimitForRoomEndsABatch() async throws {
        let core = try ProducerCore(
            unreachableProducerConfiguration {
                $0.queue.maxRecords = 10
                $0.queue.waitLimit = .milliseconds(20)
            }
        )
        let records = records(300)
        let task = Task { await core.send(contentsOf: records, context: nil) }
        // The last ones fail at once; the first ones are still awaited.
        while core.machine.withLock({ $0.awaited }) < 10 { await Task.yield() }
        core.refuseSenders(.clientClosed)
        _ = await core.close(deadline: .now)
        let codes = await task.value.map { $0.error?.code }
        #expect(codes.prefix(10).allSatisfy { $0 == .purgedInQueue })
        #expect(codes.dropFirst(10).allSatisfy { $0 == .queueFull })
    }
}
