import AsyncKafka
import Foundation
import RdKafka
import Testing

/// Nobody listens on port 1 of this machine: connections are refused. These need no broker.
@Suite(.timeLimit(.minutes(1)))
struct NoBrokerTests {
    static let servers = ["127.0.0.1:1"]

    // In processes of their own, whose standard error is looked at.

    @Test
    func withoutAClusterSendsFailInTimeAndInSilence() async {
        let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            try await sendToNobody()
        }
        expectNothing(result?.standardErrorContent)
    }

    @Test
    func withoutAClusterTheConsumerReportsItAndClosesInTime() async {
        let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            try await readFromNobody()
        }
        expectNothing(result?.standardErrorContent)
    }

    @Test
    func withoutAClusterLogLinesReachTheHandlerAlone() async {
        let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            try await logToAHandler()
        }
        expectNothing(result?.standardErrorContent)
    }

    @Test
    func withoutAClusterWarningsGoToStandardErrorByDefault() async {
        let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            var configuration = KafkaProducerConfiguration(bootstrapServers: NoBrokerTests.servers)
            configuration.deliveryTimeout = .seconds(1)
            let producer = try KafkaProducer(configuration)
            await #expect(throws: KafkaError.self) { try await producer.send(KafkaRecord(topic: "orders", value: "v")) }
            await producer.close(timeout: .seconds(1))
        }
        let lines = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self).split(separator: "\n")
        #expect(!lines.isEmpty)
        for line in lines { #expect(line.hasPrefix("async-kafka ")) }
    }

    private func expectNothing(_ output: [UInt8]?) {
        let text = output.map { String(decoding: $0, as: UTF8.self) }
        #expect(text == "", "on standard error, behind the log handler's back")
    }
}

private func sendToNobody() async throws {
    var configuration = KafkaProducerConfiguration(bootstrapServers: NoBrokerTests.servers)
    configuration.deliveryTimeout = .seconds(2)
    configuration.log = .none
    let clock = ContinuousClock()
    let producer = try KafkaProducer(configuration)
    let start = clock.now
    let error = await #expect(throws: KafkaError.self) {
        try await producer.send(KafkaRecord(topic: "orders", key: "k", value: "v"))
    }
    // librdkafka looks once a second.
    let duration = clock.now - start
    #expect(duration >= .seconds(1) && duration < .seconds(30), "\(duration)")
    #expect(error?.code == .deliveryTimedOut)
    #expect(error?.persistence == .notPersisted)
    #expect(error?.underlyingError is KafkaError, "\(String(describing: error))")

    // Nor does a record that is on its way keep the close from ending.
    let closing = ContinuousClock.now
    let isWaiting = Signal()
    try await withThrowingTaskGroup(of: KafkaError.Code?.self) { tasks in
        tasks.addTask {
            isWaiting.set()
            do throws(KafkaError) {
                try await producer.send(KafkaRecord(topic: "orders", value: "unsent"))
                return nil
            } catch {
                #expect(error.persistence == .notPersisted)
                return error.code
            }
        }
        await isWaiting.wait()
        let report = await producer.close(timeout: .seconds(1))
        #expect(report.delivered == 0)
        #expect(report.failed + report.unsent <= 2)
        let code = try await tasks.next()
        #expect(code != .some(nil))
    }
    #expect(clock.now - closing < .seconds(20))
}

private func readFromNobody() async throws {
    var configuration = KafkaConsumerConfiguration(bootstrapServers: NoBrokerTests.servers, groupID: "billing")
    configuration.log = .none
    let consumer = try KafkaConsumer(configuration)
    try await consumer.subscribe(to: ["orders"])
    let hasEnded = Signal()
    let reader = Task {
        defer { hasEnded.set() }
        return try await consumer.messages.first { _ in true }
    }
    let event = try await consumer.events.first { $0.error != nil }
    let code = try #require(event?.error?.code)
    #expect(code == .allBrokersDown || code == .transport)
    #expect(!hasEnded.hasHappened)
    reader.cancel()
    #expect(try await reader.value == nil)

    let clock = ContinuousClock()
    let duration = await clock.measure {
        let report = await consumer.close(timeout: .seconds(1))
        #expect(report.uncommitted.isEmpty)
    }
    #expect(duration < .seconds(20), "\(duration)")
}

private func logToAHandler() async throws {
    let entries = Locked<[KafkaLog.Entry]>([])
    let hasLogged = Signal()
    var configuration = KafkaProducerConfiguration(bootstrapServers: NoBrokerTests.servers)
    configuration.log = .handler { entry in
        entries.withLock { $0.append(entry) }
        if entry.message.contains("127.0.0.1:1") { hasLogged.set() }
    }
    let producer = try KafkaProducer(configuration)
    await hasLogged.wait()
    let entry = try #require(entries.withLock { $0.first { $0.message.contains("127.0.0.1:1") } })
    #expect(entry.clientName == producer.name)
    #expect(entry.level >= .info)
    await producer.close(timeout: .seconds(1))
}
