import AsyncKafkaTesting
import TestSupport
import Testing

@testable import AsyncKafka

/// All kinds of clients before a port that closes each connection at the first word, as one does that wants TLS.
@Suite(.timeLimit(.minutes(2)))
struct RefusedClientTests {
    private static let limit = Duration.seconds(1)
    /// Without the watch, calls end by limits of a minute and more, loops never.
    private static let bound = Duration.seconds(50)

    private func connection(_ refusal: KafkaConnectionConfiguration.Refusal = .fail(after: limit))
        -> KafkaConnectionConfiguration
    {
        var connection = KafkaConnectionConfiguration()
        connection.refusal = refusal
        connection.maxReconnectBackoff = .seconds(1)
        return connection
    }

    private func producer(
        _ gate: Gate,
        _ change: (inout KafkaProducerConfiguration) -> Void = { _ in }
    ) throws -> KafkaProducer {
        var configuration = KafkaProducerConfiguration(bootstrapServers: [gate.address])
        configuration.connection = connection()
        configuration.closeTimeout = .seconds(1)
        configuration.log = .none
        change(&configuration)
        return try KafkaProducer(configuration)
    }

    private func consumer(_ gate: Gate, group: String? = "group") throws -> KafkaConsumer {
        var configuration = KafkaConsumerConfiguration(bootstrapServers: [gate.address], groupID: group)
        configuration.connection = connection()
        configuration.group.sessionTimeout = .seconds(6)
        configuration.closeTimeout = .seconds(1)
        configuration.log = .none
        return try KafkaConsumer(configuration)
    }

    private func admin(
        _ gate: Gate,
        _ change: (inout KafkaAdminConfiguration) -> Void = { _ in }
    ) throws -> KafkaAdmin {
        var configuration = KafkaAdminConfiguration(bootstrapServers: [gate.address])
        configuration.connection = connection()
        configuration.log = .none
        change(&configuration)
        return try KafkaAdmin(configuration)
    }

    private func expectRefusal(
        sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () async throws -> some Any
    ) async {
        let start = ContinuousClock.now
        await expectError(.tlsExpected, sourceLocation: sourceLocation, body)
        #expect(ContinuousClock.now - start < Self.bound, sourceLocation: sourceLocation)
    }

    // MARK: What waits fails

    @Test
    func recordsFailAndThoseThatWaitForRoomToo() async throws {
        try await Gate.with { gate in
            let producer = try producer(gate) { $0.queue.maxRecords = 1 }
            let record = KafkaRecord(topic: "orders", value: "v")
            await withTaskGroup(of: Void.self) { tasks in
                for _ in 0..<3 { tasks.addTask { await self.expectRefusal { try await producer.send(record) } } }
            }
            for result in await producer.send(contentsOf: [record, record]) {
                await expectError(.tlsExpected, .notPersisted) { try result.get() }
            }
            let pending = try await producer.enqueue(record)
            #expect(try await producer.flush() == 0)
            await expectRefusal { try await pending.delivery }
            #expect(await producer.close().unsent == 0)
        }
    }

    @Test
    func aTransactionThatCannotBeginFails() async throws {
        try await Gate.with { gate in
            let producer = try producer(gate) { $0.transactionalID = "orders" }
            for _ in 0..<2 { await expectRefusal { try await producer.withTransaction { _ in } } }
            await producer.close()
        }
    }

    @Test
    func loopsThrowAndMayBeBegunAgain() async throws {
        try await Gate.with { gate in
            let consumer = try consumer(gate)
            try await consumer.subscribe(to: ["orders"])
            for _ in 0..<2 { await expectRefusal { try await consumer.messages.first { _ in true } } }
            await expectRefusal { try await consumer.batches(maxCount: 2, maxWait: .seconds(60)).first { _ in true } }
            await consumer.close()
        }
    }

    @Test
    func aLoopOverPartitionsThrows() async throws {
        try await Gate.with { gate in
            let consumer = try consumer(gate)
            try await consumer.subscribe(to: ["orders"])
            await expectRefusal { try await consumer.partitions.first { _ in true } }
            await consumer.close()
        }
    }

    @Test
    func lookUpsFail() async throws {
        try await Gate.with { gate in
            let consumer = try consumer(gate)
            let partition = KafkaTopicPartition(topic: "orders", partition: 0)
            async let committed: Void = expectRefusal {
                try await consumer.committed([partition], timeout: .seconds(60))
            }
            await expectRefusal { try await consumer.watermarks(of: [partition], timeout: .seconds(60)) }
            await committed
            await consumer.close()
        }
    }

    @Test
    func callsOfAnAdminClientFail() async throws {
        try await Gate.with { gate in
            let admin = try admin(gate)
            await expectRefusal { try await admin.describeCluster() }
            await expectRefusal { try await admin.deleteTopic("orders") }
            await admin.close()
        }
    }

    /// It is refused, though the client's own connection is not: what it logs in with has changed, say.
    @Test
    func anAdminClientsHandleOfItsOwnTellsItsRefusal() async throws {
        try await withTopic { cluster, _ in
            try await Gate.with { gate in
                let port = cluster.bootstrapServers.first?.split(separator: ":").last.flatMap { UInt16($0) }
                gate.open(to: try #require(port))
                let admin = try admin(gate)
                try await admin.connect(timeout: .seconds(60))
                gate.shut()
                await expectRefusal { try await admin.groupOffsets(of: "group", timeout: .seconds(300)) }
                // The client is served all the while.
                try await admin.connect(timeout: .zero)
                await admin.close()
            }
        }
    }

    @Test
    func aProgramMayPreferToWait() async throws {
        try await Gate.with { gate in
            let producer = try producer(gate) {
                $0.connection.refusal = .keepRetrying
                $0.deliveryTimeout = .seconds(15)
            }
            // Why it is refused takes its time to be known.
            await expectRefusal { try await producer.connect(timeout: .seconds(120)) }
            let error = await #expect(throws: KafkaError.self) {
                try await producer.send(KafkaRecord(topic: "orders", value: "v"))
            }
            #expect(error?.code == .deliveryTimedOut)
            #expect((error?.underlyingError as? KafkaError)?.code == .tlsExpected, "\(String(describing: error))")
            await producer.close()
        }
    }

    // MARK: Connecting

    @Test
    func connectTellsARefusalAtOnce() async throws {
        try await Gate.with { gate in
            let producer = try producer(gate) { $0.connection.refusal = .keepRetrying }
            let consumer = try consumer(gate)
            let admin = try admin(gate)
            for _ in 0..<2 {
                await expectRefusal { try await producer.connect(timeout: .seconds(120)) }
                await expectRefusal { try await consumer.connect(timeout: .seconds(120)) }
                await expectRefusal { try await admin.connect(timeout: .seconds(120)) }
            }
            await producer.close()
            await consumer.close()
            await admin.close()
            await expectError(.clientClosed) { try await producer.connect() }
            await expectError(.clientClosed) { try await consumer.connect() }
            await expectError(.clientClosed) { try await admin.connect() }
        }
    }

    @Test
    func connectWaitsForABrokerThatIsNotThereAndTellsWhyInTheEnd() async throws {
        let producer = try KafkaProducer(unreachableProducerConfiguration())
        while await errorCode(of: { try await producer.connect(timeout: .seconds(1)) }) == .timedOut {}
        let start = ContinuousClock.now
        await expectError(.transport) { try await producer.connect(timeout: .seconds(2)) }
        #expect(ContinuousClock.now - start >= .seconds(2))

        let task = Task { try await producer.connect(timeout: .seconds(3600)) }
        task.cancel()
        await expectError(.cancelled) { try await task.value }
        let waiting = Task { try await producer.connect(timeout: .seconds(3600)) }
        while await producer.core.connectingCount == 0 { await Task.yield() }
        waiting.cancel()
        await expectError(.cancelled) { try await waiting.value }
        let closed = Task { try await producer.connect(timeout: .seconds(3600)) }
        while await producer.core.connectingCount == 0 { await Task.yield() }
        await producer.close()
        await expectError(.clientClosed) { try await closed.value }
    }

    @Test
    func aNameThatCannotBeResolvedIsTold() async throws {
        var configuration = KafkaAdminConfiguration(bootstrapServers: ["no-such-host.invalid:9092"])
        configuration.log = .none
        let admin = try KafkaAdmin(configuration)
        while await errorCode(of: { try await admin.connect(timeout: .seconds(1)) }) == .timedOut {}
        await expectError(.resolve) { try await admin.connect(timeout: .zero) }
        await admin.close()
    }

    /// It takes connections, as a broker does that hangs. librdkafka gives up by itself, and tells it twice or not at all.
    @Test
    func aBrokerThatDoesNotAnswerRefusesNobody() async throws {
        try await Gate.with(isSilent: true) { gate in
            let admin = try admin(gate) { $0.additionalProperties["api.version.request.timeout.ms"] = "1000" }
            // The end of the fourth attempt has been heard of when a fifth is made.
            while gate.connections < 5 {
                await expectError(.timedOut) { try await admin.connect(timeout: .milliseconds(500)) }
            }
            await expectError(.timedOut) { try await admin.connect(timeout: .zero) }
            await admin.close()
        }
    }

    /// Newer librdkafkas do not tell of it.
    @Test
    func aConsumersEventsSayWhy() async throws {
        try await Gate.with { gate in
            let consumer = try consumer(gate)
            #expect(try await consumer.events.first { $0.error?.code == .tlsExpected } != nil)
            await consumer.close()
        }
    }

    @Test
    func thatAllAreDownHasTheCauseBehindItAndIsNotToBlame() throws {
        let configuration = unreachableProducerConfiguration()
        let core = try ProducerCore(configuration)
        let engine = try configuration.engineConfiguration()
        var connection = ClientConnection(engine, configuration.connection)
        let down = KafkaError(.allBrokersDown, "1/1 brokers are down")
        _ = connection.problem(KafkaError(.authentication, "a:1/1: refused"), of: core.handle, now: .now)
        let told = connection.problem(down, of: core.handle, now: .now)
        #expect(told.code == .allBrokersDown)
        #expect((told.underlyingError as? KafkaError)?.code == .authentication)
        #expect(connection.blame(told).code == .authentication)
        #expect(connection.hindrance?.code == .authentication)
        // One of several is away, and another serves: that one need not be what holds anything up.
        connection.answered()
        #expect(connection.hindrance == nil)
        _ = connection.problem(KafkaError(.transport, "b:1/2: Connect to b:1 failed"), of: core.handle, now: .now)
        #expect(connection.hindrance == nil)
        core.refuseSenders(.clientClosed)
        core.abandon()
    }

    /// The reports come after the purge, and a broker may be there by then.
    @Test
    func whatWasPurgedKeepsItsCause() async throws {
        let producer = try KafkaProducer(unreachableProducerConfiguration())
        let pending = try await producer.enqueue(KafkaRecord(topic: "orders", value: "v"))
        await producer.core.failOnce(KafkaError(.tlsExpected, "refused"))
        await expectError(.tlsExpected, .notPersisted) { try await pending.delivery }
        let next = try await producer.enqueue(KafkaRecord(topic: "orders", value: "v"))
        try await producer.purge(.queued)
        await expectError(.purgedInQueue) { try await next.delivery }
        await producer.close()
    }

    // MARK: Afterwards

    @Test
    func allIsAsBeforeOnceABrokerTakesTheClients() async throws {
        try await withTopic { cluster, topic in
            try await Gate.with { gate in
                let producer = try producer(gate)
                let consumer = try consumer(gate)
                let admin = try admin(gate)
                try await consumer.subscribe(to: [topic])
                let record = KafkaRecord(topic: topic, value: "v")
                await expectRefusal { try await producer.send(record) }
                await expectRefusal { try await consumer.messages.first { _ in true } }
                await expectRefusal { try await admin.describeCluster() }

                let port = cluster.bootstrapServers.first?.split(separator: ":").last.flatMap { UInt16($0) }
                gate.open(to: try #require(port))
                // While the refusal lasts, what comes is failed: so each waits for a broker first.
                while await errorCode(of: { try await producer.connect(timeout: .seconds(60)) }) == .tlsExpected {}
                while await errorCode(of: { try await consumer.connect(timeout: .seconds(60)) }) == .tlsExpected {}
                while await errorCode(of: { try await admin.connect(timeout: .seconds(60)) }) == .tlsExpected {}
                try await producer.send(record)
                #expect(try await consumer.messages.first { _ in true }?.value == "v")
                _ = try await admin.describeCluster()
                try await producer.connect(timeout: .zero)
                await producer.close()
                await consumer.close()
                await admin.close()
            }
        }
    }
}

extension ProducerCore {
    /// The brokers refuse, and take the client before anything is reported.
    fileprivate func failOnce(_ error: KafkaError) {
        fail(refused: error)
        forgetRefusal()
    }
}
