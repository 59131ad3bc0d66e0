import AsyncKafkaTesting
import RdKafka
import Testing

@testable import AsyncKafka

@Suite(.timeLimit(.minutes(2)))
struct EnqueueTests {
    private func record(_ value: String = "v", topic: String = "t") -> KafkaRecord {
        KafkaRecord(topic: topic, partition: 0, value: value)
    }

    /// Room for one record only, and no broker.
    private func fullCore(_ change: (inout KafkaProducerConfiguration) -> Void = { _ in }) async throws
        -> (core: ProducerCore, queued: KafkaPendingDelivery)
    {
        var configuration = unreachableProducerConfiguration()
        configuration.queue.maxRecords = 1
        change(&configuration)
        let core = try ProducerCore(configuration)
        return (core, try await core.enqueue(record(), context: nil))
    }

    private func close(_ core: ProducerCore) async -> KafkaProducerCloseReport {
        core.refuseSenders(.clientClosed)
        return await core.close(deadline: .now)
    }

    @Test
    func aPendingDeliveryIsAwaitedLaterAndBySeveral() async throws {
        try await withTopic { cluster, topic in
            var configuration = producerConfiguration(of: cluster)
            configuration.linger = .seconds(100)
            try await withKafkaProducer(configuration) { producer in
                let start = ContinuousClock.now
                let pending = try await producer.enqueue(record(topic: topic))
                let dropped = record("dropped", topic: topic)
                try await producer.enqueue(dropped)
                let offsets = try await withThrowingTaskGroup(of: Int64?.self) { tasks in
                    for _ in 0..<5 { tasks.addTask { try await pending.delivery.offset } }
                    return try await tasks.reduce(into: []) { $0.append($1) }
                }
                #expect(offsets == [0, 0, 0, 0, 0])
                #expect(try await pending.delivery.offset == 0)
                #expect(try await producer.send(record(topic: topic)).offset == 2, "behind the dropped one")
                #expect(ContinuousClock.now - start < .seconds(50), "the linger is more than that")
            }
        }
    }

    /// Counts its turns, so that it sees whether somebody else had one.
    private actor Place {
        private var turns = 0

        /// Returns whether another job of this actor ran while records were enqueued.
        func enqueue(_ count: Int, _ record: KafkaRecord, into producer: KafkaProducer) async throws -> Bool {
            // Waits for this actor from here on.
            let other = Task { turns += 1 }
            for _ in 0..<count { try await producer.enqueue(record) }
            let isInterrupted = turns > 0
            await other.value
            return isInterrupted
        }
    }

    @Test
    func whileThereIsRoomEnqueueStaysOnItsCallersActor() async throws {
        let producer = try KafkaProducer(unreachableProducerConfiguration())
        #expect(try await Place().enqueue(100, record(), into: producer) == false)
        #expect(await producer.close(timeout: .zero).unsent == 100)
    }

    /// What nobody holds any more stands for other records; what is held must not.
    @Test(.timeLimit(.minutes(1)))
    func whatIsHeldKeepsItsOwnRecord() async throws {
        try await withTopic(partitions: 4) { cluster, topic in
            try await withKafkaProducer(producerConfiguration(of: cluster)) { producer in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for partition in 0..<4 {
                        group.addTask { try await self.enqueueHoldingSome(producer, topic, partition) }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func whatNobodyHoldsIsUsedAgainAndKeepsNoClient() async throws {
        try await withTopic { cluster, topic in
            weak var core: ProducerCore?
            do {
                let producer = try KafkaProducer(producerConfiguration(of: cluster))
                core = producer.core
                for _ in 0..<10 { try await producer.enqueue(record(topic: topic)) }
                #expect(try await producer.flush() == 0)
                let first = try #require(producer.core.machine.withLock { $0.takeSpare() })
                // Refused with a spare: nothing is lost of it.
                let refused = KafkaRecord(topic: topic, partition: 7, value: "v")
                #expect(throws: KafkaError.self) { try producer.tryEnqueue(refused) }
                let next = try await producer.enqueue(record(topic: topic))
                #expect(next.content !== first)
                #expect(try await next.delivery.offset == 10)
                #expect(await producer.close() == KafkaProducerCloseReport(delivered: 11, failed: 0, unsent: 0))
            }
            // The client's thread lets go of it a moment later.
            while core != nil { await Task.yield() }
        }
    }

    private func enqueueHoldingSome(_ producer: KafkaProducer, _ topic: String, _ partition: Int) async throws {
        // Nobody else writes to this partition: the n-th record has offset n.
        var held: [(offset: Int64, pending: KafkaPendingDelivery)] = []
        for offset in 0..<Int64(3000) {
            let pending = try await producer.enqueue(KafkaRecord(topic: topic, partition: partition, value: "v"))
            if offset % 3 == 0 { held.append((offset, pending)) }
            guard offset % 70 == 0 else { continue }
            for (offset, pending) in held.suffix(5) { #expect(try await pending.delivery.offset == offset) }
            // Some are let go of behind their outcomes, the others are kept beyond them.
            held.removeLast(held.count / 10)
        }
        for (offset, pending) in held {
            #expect(pending.topic == topic)
            #expect(try await pending.delivery.offset == offset)
        }
    }

    @Test
    func aFlushSendsWhatNobodyAwaits() async throws {
        try await withTopic { cluster, topic in
            var configuration = producerConfiguration(of: cluster)
            configuration.linger = .seconds(100)
            let producer = try KafkaProducer(configuration)
            let start = ContinuousClock.now
            var pending: [KafkaPendingDelivery] = []
            for number in 0..<10 { pending.append(try producer.tryEnqueue(record("\(number)", topic: topic))) }
            #expect(try await producer.flush() == 0)
            for (offset, pending) in pending.enumerated() {
                #expect(try await pending.delivery.offset == Int64(offset))
            }
            // And so does a close.
            try await producer.enqueue(record(topic: topic))
            #expect(await producer.close() == KafkaProducerCloseReport(delivered: 11, failed: 0, unsent: 0))
            #expect(ContinuousClock.now - start < .seconds(50), "the linger is more than that")
        }
    }

    /// The next flush may begin before the thread that lifts the linger has seen the last one end.
    @Test
    func aFlushBehindAFlushSendsWhatCameBetweenThem() async throws {
        try await withTopic { cluster, topic in
            var configuration = producerConfiguration(of: cluster)
            configuration.linger = .seconds(100)
            try await withKafkaProducer(configuration) { producer in
                for number in 0..<1000 {
                    try await producer.enqueue(record("\(number)", topic: topic))
                    let unsent = try await producer.flush(timeout: .seconds(20))
                    try #require(unsent == 0, "flush \(number)")
                }
            }
        }
    }

    @Test
    func whoWaitsForRoomDoesNotWaitForTheLinger() async throws {
        try await withTopic { cluster, topic in
            var configuration = producerConfiguration(of: cluster)
            configuration.linger = .seconds(100)
            configuration.queue.maxRecords = 2
            try await withKafkaProducer(configuration) { producer in
                let start = ContinuousClock.now
                for number in 0..<20 { try await producer.enqueue(record("\(number)", topic: topic)) }
                #expect(ContinuousClock.now - start < .seconds(50), "the linger is more than that")
            }
        }
    }

    /// The kick of those who wait may come before the sender that has just been given room has handed its record over.
    @Test
    func manyTasksThatWaitForRoomDoNotWaitForTheLinger() async throws {
        try await withTopic { cluster, topic in
            var configuration = producerConfiguration(of: cluster)
            configuration.linger = .seconds(100)
            configuration.queue.maxRecords = 2
            try await withKafkaProducer(configuration) { producer in
                let start = ContinuousClock.now
                // Until there is a connection the linger is lifted anyway.
                try await producer.send(record(topic: topic))
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    for number in 0..<50 {
                        tasks.addTask { try await producer.enqueue(record("\(number)", topic: topic)) }
                    }
                    try await tasks.waitForAll()
                }
                #expect(try await producer.flush() == 0)
                #expect(ContinuousClock.now - start < .seconds(50), "the linger is more than that")
            }
        }
    }

    // MARK: No room

    @Test
    func tryEnqueueNeedsRoomAndPassesNobody() async throws {
        let core = try ProducerCore(unreachableProducerConfiguration { $0.queue.maxRecords = 1 })
        _ = try core.tryEnqueue(record(), context: nil)
        let error = try #require(throws: KafkaError.self) { try core.tryEnqueue(record(), context: nil) }
        #expect(error.code == .queueFull)
        #expect(error.persistence == .notPersisted)
        #expect(error.isRetriable)
        #expect(await close(core).unsent == 1)

        // There is room for a small record, but a large one waits.
        let large = KafkaRecord(topic: "t", value: KafkaBytes(Array(repeating: 1, count: 900_000)))
        let other = try ProducerCore(unreachableProducerConfiguration { $0.queue.maxBytes = 1_000_000 })
        _ = try other.tryEnqueue(large, context: nil)
        let waiting = Task { try await other.enqueue(large, context: nil) }
        while other.machine.withLock({ $0.waitingSenders }) == 0 { await Task.yield() }
        #expect(throws: KafkaError.self) { try other.tryEnqueue(record(), context: nil) }
        _ = await close(other)
        #expect(await failure(of: waiting)?.code == .clientClosed)
    }

    @Test
    func aWaitForRoomEndsWithItsTimeLimit() async throws {
        let (core, queued) = try await fullCore { $0.queue.waitLimit = .milliseconds(20) }
        for _ in 0..<2 {
            do {
                _ = try await core.send(record())
                Issue.record("there is no room")
            } catch {
                #expect(error.code == .queueFull)
                #expect(error.persistence == .notPersisted)
                #expect(error.isRetriable)
            }
        }
        let tasks = (0..<1000).map { _ in Task { try await core.enqueue(record(), context: nil) } }
        for task in tasks { #expect(await failure(of: task)?.code == .queueFull) }
        #expect(core.machine.withLock { $0.waitingSenders } == 0)
        _ = await close(core)
        await #expect(throws: KafkaError.self) { try await queued.delivery }
    }

    @Test
    func aTimeLimitThatHasNotPassedChangesNothing() async throws {
        try await withTopic { cluster, topic in
            var configuration = producerConfiguration(of: cluster)
            configuration.queue.maxRecords = 1
            configuration.queue.waitLimit = .seconds(60)
            try await withKafkaProducer(configuration) { producer in
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    for _ in 0..<100 { tasks.addTask { try await producer.send(record(topic: topic)) } }
                    try await tasks.waitForAll()
                }
            }
        }
    }

    // MARK: Cancellation

    @Test
    func enqueueInACancelledTaskQueuesNothing() async throws {
        let core = try ProducerCore(unreachableProducerConfiguration())
        let task = Task {
            unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
            return try await core.enqueue(record(), context: nil)
        }
        #expect(await failure(of: task)?.persistence == .notPersisted)
        #expect(core.machine.withLock { $0.records } == 0)
        _ = await close(core)
    }

    @Test
    func enqueueThatIsCancelledWhileItWaitsForRoomQueuesNothing() async throws {
        let (core, _) = try await fullCore()
        let task = Task { try await core.enqueue(record(), context: nil) }
        while core.machine.withLock({ $0.waitingSenders }) == 0 { await Task.yield() }
        task.cancel()
        let error = try #require(await failure(of: task))
        #expect(error.code == .cancelled)
        #expect(error.persistence == .notPersisted)
        #expect(error.pendingDelivery == nil)
        #expect(core.machine.withLock { $0.waitingSenders } == 0)
        #expect(await close(core).unsent == 1)
    }

    @Test
    func aRecordThatIsQueuedDoesNotHearOfItsTasksEnd() async throws {
        try await withTopic { cluster, topic in
            try await withKafkaProducer(producerConfiguration(of: cluster)) { producer in
                let task = Task {
                    let pending = try await producer.enqueue(record(topic: topic))
                    unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
                    return pending
                }
                let pending = try await task.value
                #expect(try await pending.delivery.offset == 0)
            }
        }
    }

    @Test
    func aCancelledWaitForADeliveryIsNoLongerAwaited() async throws {
        let (core, queued) = try await fullCore()
        #expect(core.machine.withLock { $0.awaited } == 0)
        let wait = Task { try await queued.delivery }
        while core.machine.withLock({ $0.awaited }) == 0 { await Task.yield() }
        wait.cancel()
        let error = try #require(await failure(of: wait))
        #expect(error.code == .cancelled)
        #expect(error.persistence == .possiblyPersisted)
        #expect(error.pendingDelivery == queued)
        #expect(core.machine.withLock { $0.awaited } == 0)
        _ = await close(core)
    }

    // MARK: Failures that nobody asks for, purges

    @Test
    func failuresThatNobodyAsksForAreCountedAndLogged() async throws {
        let lines = Lines()
        var configuration = unreachableProducerConfiguration()
        configuration.log = .handler(level: .warning) { lines.append($0) }
        let core = try ProducerCore(configuration)
        let observed = try core.tryEnqueue(record(), context: nil)
        let held = try core.tryEnqueue(record(), context: nil)
        _ = try core.tryEnqueue(record(), context: nil)
        try await core.purge(.queued)
        #expect(try await core.flush(deadline: .now + .seconds(60)) == 0)
        let error = try await #require(throws: KafkaError.self) { try await observed.delivery }
        #expect(error.code == .purgedInQueue)
        #expect(error.persistence == .notPersisted)
        #expect(error.message.contains("was purged"))
        let report = await close(core)
        #expect(report == KafkaProducerCloseReport(delivered: 0, failed: 3, unsent: 0, unobservedFailures: 2))
        // Asked for after all.
        await #expect(throws: KafkaError.self) { try await held.delivery }
        #expect(core.unobserved.count == 1)
        await core.log.drain()
        #expect(lines.all.count { $0.facility == "DELIVERY" } == 1)
    }

    @Test
    func whatACloseGivesUpSaysThatItWasTheClose() async throws {
        let (core, queued) = try await fullCore()
        _ = await close(core)
        let error = try await #require(throws: KafkaError.self) { try await queued.delivery }
        #expect(error.code == .purgedInQueue)
        #expect(error.message.contains("closed"))
    }

    @Test
    func aPurgeMakesRoomForThoseWhoWait() async throws {
        let (core, queued) = try await fullCore()
        let waiting = Task { try await core.enqueue(record(), context: nil) }
        while core.machine.withLock({ $0.waitingSenders }) == 0 { await Task.yield() }
        try await core.purge(.all)
        await #expect(throws: KafkaError.self) { try await queued.delivery }
        // It may come while the purge is still at it, and be purged as well.
        let next = try await waiting.value
        _ = await close(core)
        await #expect(throws: KafkaError.self) { try await next.delivery }
    }

    @Test
    func aProducerGoesOnAfterAPurge() async throws {
        try await withTopic { cluster, topic in
            try await withKafkaProducer(producerConfiguration(of: cluster)) { producer in
                try await producer.send(record(topic: topic))
                for _ in 0..<20 {
                    let pending = try (0..<50).map { try producer.tryEnqueue(record("\($0)", topic: topic)) }
                    try await producer.purge(.all)
                    for pending in pending {
                        do throws(KafkaError) {
                            _ = try await pending.delivery
                        } catch {
                            #expect([KafkaError.Code.purgedInQueue, .purgedInFlight].contains(error.code))
                        }
                    }
                    try await producer.send(record(topic: topic))
                }
            }
        }
    }

    // MARK: The end

    /// A purge may wait long for librdkafka's threads: only the handle waits for it.
    @Test
    func aCloseDoesNotWaitForACallThatUsesTheHandle() async throws {
        let core = try ProducerCore(unreachableProducerConfiguration())
        core.machine.withLock { $0.beginCall() }
        let queued = try core.tryEnqueue(record(), context: nil)
        #expect(await close(core).unsent == 1)
        await #expect(throws: KafkaError.self) { try await queued.delivery }
        #expect(await !core.hasEnded)

        let other = try ProducerCore(unreachableProducerConfiguration())
        other.machine.withLock { $0.beginCall() }
        other.refuseSenders(.clientClosed)
        let report = await other.close(deadline: .now + .seconds(3600))
        #expect(await !other.hasEnded)
        for core in [core, other] {
            core.endCall()
            while await !core.hasEnded { await Task.yield() }
        }
        #expect(await other.close(deadline: .now) == report)
    }

    @Test
    func everyCallAfterCloseIsRefused() async throws {
        let producer = try KafkaProducer(unreachableProducerConfiguration())
        await producer.close()
        #expect(await errorCode { try await producer.send(record()) } == .clientClosed)
        #expect(await errorCode { try await producer.enqueue(record()) } == .clientClosed)
        #expect(await errorCode { try producer.tryEnqueue(record()) } == .clientClosed)
        #expect(await errorCode { try await producer.purge(.all) } == .clientClosed)
        #expect(await errorCode { try await producer.flush() } == .clientClosed)
        let results = await producer.send(contentsOf: [record(), record()])
        #expect(results.map { $0.error?.code } == [.clientClosed, .clientClosed])
        #expect(results.allSatisfy { $0.error?.persistence == .notPersisted })
        for try await _ in producer.deliveryReports { Issue.record("there is nothing to report") }
    }

    @Test
    func aPendingDeliveryDoesNotKeepAClosedClient() async throws {
        var pending: KafkaPendingDelivery?
        weak var core: ProducerCore?
        do {
            let (strong, queued) = try await fullCore()
            core = strong
            pending = queued
            _ = await close(strong)
        }
        await #expect(throws: KafkaError.self) { try await pending?.delivery }
        // The client's thread lets go of it a moment later.
        while core != nil { await Task.yield() }
    }
}

func unreachableProducerConfiguration(
    _ change: (inout KafkaProducerConfiguration) -> Void
) -> KafkaProducerConfiguration {
    var configuration = unreachableProducerConfiguration()
    change(&configuration)
    return configuration
}

extension ProducerCore {
    /// Whether the handle is destroyed.
    fileprivate var hasEnded: Bool {
        if case .ended = phase { return true }
        return false
    }
}
