import RdKafka
import Testing

@testable import AsyncKafka

/// Answers to records, as a mock broker gives them.
@Suite(.timeLimit(.minutes(1)))
struct BrokerAnswerTests {
    private static let produce: Int16 = 0
    private static let notEnoughReplicas: Int32 = 19

    @Test func withTooFewReplicasTheDeliveryTimeoutDecides() async throws {
        try await withMock(answering: [Int32](repeating: Self.notEnoughReplicas, count: 1000)) { configuration in
            var configuration = configuration
            // The broker may be slow to answer, but within that time; then the record waits for the next attempt.
            configuration.deliveryTimeout = .seconds(15)
            configuration.retry.backoff = .seconds(60)
            let error = try await failure(configuration)
            #expect(error.code == .deliveryTimedOut)
            #expect(error.persistence == .notPersisted)
            // librdkafka does not tell what the broker has answered, and nothing else is to blame.
            #expect(error.underlyingError == nil)
            #expect(error.message.contains("min.insync.replicas"))
        }
    }

    @Test func withALimitOfRetriesTooFewReplicasHaveTheirOwnCode() async throws {
        try await withMock(answering: [Int32](repeating: Self.notEnoughReplicas, count: 4)) { configuration in
            var configuration = configuration
            configuration.retry.maxRetries = 3
            configuration.retry.backoff = .milliseconds(10)
            let error = try await failure(configuration)
            #expect(error.code == .notEnoughReplicas)
            #expect(error.isRetriable)
            #expect(error.persistence == .notPersisted)
            #expect(error.message.contains("min.insync.replicas"))
        }
    }

    @Test func aRetriedRecordIsDelivered() async throws {
        try await withMock(answering: [Int32](repeating: Self.notEnoughReplicas, count: 3)) { configuration in
            var configuration = configuration
            configuration.retry.backoff = .milliseconds(10)
            try await withKafkaProducer(configuration) { producer in
                let delivery = try await producer.send(KafkaRecord(topic: "orders", value: "v"))
                #expect(delivery.offset == 0)
            }
        }
    }

    @Test func aConnectionProblemOfLongAgoIsNotTheCauseOfATimeout() throws {
        let now = ContinuousClock.now
        func problem(_ age: Duration) -> Problem { Problem(error: KafkaError(.transport, "down"), time: now - age) }
        #expect(problem(.seconds(12)).isRecent(.seconds(10), now: now))
        #expect(!problem(.seconds(13)).isRecent(.seconds(10), now: now))
        #expect(problem(.seconds(1000)).isRecent(nil, now: now))
        #expect(problem(.seconds(12)).isLasting(.seconds(10), now: now))
        #expect(!problem(.seconds(13)).isLasting(.seconds(10), now: now))
        #expect(!problem(.seconds(33)).isLasting(nil, now: now))

        let core = try ProducerCore(unreachableProducerConfiguration())
        core.lastProblem.withLock { $0 = problem(.zero) }
        let timeout = DeliveryOutcome(error: KafkaError.Code.deliveryTimedOut.rawValue)
        #expect((core.failure(timeout, topic: "t").underlyingError as? KafkaError)?.code == .transport)
        #expect(core.hindrance?.code == .transport)
        core.refuseSenders(.clientClosed)
        core.abandon()
    }

    /// Settings that are written although they are at their defaults must not have librdkafka warn of them.
    @Test func theDefaultsCauseNoWarning() async throws {
        let lines = Lines()
        try await withMock(answering: []) { configuration in
            var configuration = configuration
            configuration.log = .handler(level: .warning) { lines.append($0) }
            try await withKafkaProducer(configuration) { producer in
                _ = try await producer.send(KafkaRecord(topic: "orders", value: "v"))
            }
        }
        #expect(lines.all.isEmpty)
    }

    private func withMock(
        answering codes: [Int32],
        _ body: (KafkaProducerConfiguration) async throws -> Void
    ) async throws {
        try await withFaultyCluster { cluster in
            await BlockingThreads.shared.run { cluster.failRequests(ofKind: Self.produce, with: codes) }
            var configuration = KafkaProducerConfiguration(bootstrapServers: cluster.servers)
            configuration.log = .none
            try await body(configuration)
        }
    }

    private func failure(_ configuration: KafkaProducerConfiguration) async throws -> KafkaError {
        try await withKafkaProducer(configuration) { producer in
            let error = await #expect(throws: KafkaError.self) {
                try await producer.send(KafkaRecord(topic: "orders", value: "v"))
            }
            return try #require(error)
        }
    }
}
