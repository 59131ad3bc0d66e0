import AsyncKafkaTesting
import RdKafka
import Testing

@testable import AsyncKafka

/// The fatal error of a producer, raised by librdkafka's own hook.
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
