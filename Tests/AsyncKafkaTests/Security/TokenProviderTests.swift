import Foundation
import RdKafka
import TestSupport
import Testing

@testable import AsyncKafka

/// Clients of which nobody polls anything, and which have no broker.
@Suite(.timeLimit(.minutes(1)))
struct TokenProviderTests {
    private struct Failure: Error {}

    private func producer(_ sasl: KafkaSASL, log: KafkaLog = .none) -> KafkaProducerConfiguration {
        var configuration = unreachableProducerConfiguration()
        configuration.security = .saslWithoutTLS(sasl)
        configuration.log = log
        return configuration
    }

    @Test func everyKindOfClientAsksBeforeItsFirstConnectionAndAgainInTime() async throws {
        let provider = UnsecuredTokenProvider(principal: "alice", lifetime: 1.5)
        let sasl = KafkaSASL.oauthBearer(provider)
        let producer = try KafkaProducer(producer(sasl))
        await provider.waitForCalls(3)
        await producer.close()

        var settings = KafkaConsumerConfiguration(bootstrapServers: ["127.0.0.1:1"], groupID: "group")
        settings.security = .saslWithoutTLS(sasl)
        settings.log = .none
        let consumer = try KafkaConsumer(settings)
        await provider.waitForCalls(provider.calls + 3)
        await consumer.close(timeout: .zero)

        var adminSettings = KafkaAdminConfiguration(bootstrapServers: ["127.0.0.1:1"])
        adminSettings.security = .saslWithoutTLS(sasl)
        adminSettings.log = .none
        let admin = try KafkaAdmin(adminSettings)
        await provider.waitForCalls(provider.calls + 3)
        await admin.close()
    }

    @Test func whatTheProviderThrowsIsLoggedAndTheCauseOfWhatFails() async throws {
        let lines = Lines()
        let (facilities, logged) = AsyncStream.makeStream(of: String.self)
        var configuration = producer(
            .oauthBearer { throw Failure() },
            log: .handler(level: .error) { entry in
                lines.append(entry)
                logged.yield(entry.facility)
            }
        )
        // No less than the longest pause between two calls of the provider: a problem of longer ago is not to blame.
        configuration.deliveryTimeout = .seconds(10)
        configuration.connection.refusal = .keepRetrying
        let producer = try KafkaProducer(configuration)
        // A busy pool may run the provider later than the record can wait.
        _ = await facilities.first { $0 == "TOKEN" }
        let error = await outcome { () async throws(KafkaError) in
            try await producer.send(KafkaRecord(topic: "orders", value: "v"))
        }.error
        await producer.close()
        let cause = try #require(error?.underlyingError as? KafkaError, "\(String(describing: error))")
        #expect(cause.code == .tokenProviderFailed)
        #expect(cause.underlyingError is Failure)
        #expect(lines.all.contains { $0.facility == "TOKEN" && $0.message.contains("tokenProviderFailed") })
    }

    @Test func withoutATokenWhatWaitsFailsAsIfAllBrokersRefused() async throws {
        var configuration = producer(.oauthBearer { throw Failure() })
        configuration.connection.refusal = .fail(after: .milliseconds(100))
        let producer = try KafkaProducer(configuration)
        let error = await outcome { () async throws(KafkaError) in
            try await producer.send(KafkaRecord(topic: "orders", value: "v"))
        }.error
        await producer.close()
        #expect(error?.code == .tokenProviderFailed, "\(String(describing: error))")
        #expect(error?.persistence == .notPersisted)
    }

    @Test func aConsumerTellsOfItOnce() async throws {
        var configuration = KafkaConsumerConfiguration(bootstrapServers: ["127.0.0.1:1"], groupID: "group")
        let provider = UnsecuredTokenProvider(principal: "alice", lifetime: 60)
        provider.fail(with: Failure())
        configuration.security = .saslWithoutTLS(.oauthBearer(provider))
        configuration.log = .none
        let consumer = try KafkaConsumer(configuration)
        await provider.waitForCalls(3)
        await consumer.close(timeout: .zero)
        var codes: [KafkaError.Code] = []
        for try await event in consumer.events {
            if let code = event.error?.code { codes.append(code) }
        }
        #expect(codes.filter { $0 == .tokenProviderFailed }.count == 1, "\(codes)")
    }

    /// Takes more time than it has, and ends when it is cancelled.
    private struct HangingProvider: KafkaTokenProvider {
        let timeLimit: Duration
        let cancelled: AsyncStream<Void>.Continuation

        func token() async throws -> KafkaToken {
            let (never, continuation) = AsyncStream<Void>.makeStream()
            for await _ in never {}
            continuation.finish()
            cancelled.yield()
            throw CancellationError()
        }
    }

    @Test func aProviderThatHangsIsCancelledAndToldOf() async throws {
        let lines = Lines()
        let (cancelled, continuation) = AsyncStream<Void>.makeStream()
        let provider = HangingProvider(timeLimit: .milliseconds(50), cancelled: continuation)
        let producer = try KafkaProducer(
            producer(.oauthBearer(provider), log: .handler(level: .error) { lines.append($0) })
        )
        var iterator = cancelled.makeAsyncIterator()
        await iterator.next()
        // The second call comes by itself.
        await iterator.next()
        await producer.close()
        #expect(lines.all.contains { $0.message.contains("has not answered within") })
    }

    @Test func closingCancelsTheProviderAndDoesNotWait() async throws {
        let (cancelled, continuation) = AsyncStream<Void>.makeStream()
        let (asked, asking) = AsyncStream<Void>.makeStream()
        let producer = try KafkaProducer(
            producer(
                .oauthBearer {
                    asking.yield()
                    return try await HangingProvider(timeLimit: .seconds(30), cancelled: continuation).token()
                }
            )
        )
        var iterator = asked.makeAsyncIterator()
        await iterator.next()
        await producer.close()
        var ends = cancelled.makeAsyncIterator()
        await ends.next()
    }

    @Test func aProviderThatIgnoresItsCancellationHoldsUpNoClose() async throws {
        let (asked, asking) = AsyncStream<Void>.makeStream()
        let (open, gate) = AsyncStream<Void>.makeStream()
        let hanging = Task {
            for await _ in open {}
        }
        let producer = try KafkaProducer(
            producer(
                .oauthBearer {
                    asking.yield()
                    await hanging.value
                    throw Failure()
                }
            )
        )
        var iterator = asked.makeAsyncIterator()
        await iterator.next()
        await producer.close()
        gate.finish()
    }

    @Test func librdkafkaGetsTokensThatItTakes() async throws {
        let producer = try KafkaProducer(
            producer(.oauthBearer(UnsecuredTokenProvider(principal: "alice", lifetime: 60)))
        )
        #expect(producer.core.handle.saslMechanism == "OAUTHBEARER")
        let credentials = ClientCredentials(producer.core.handle)
        var token = UnsecuredTokenProvider.token(principal: "alice", expiration: .now.addingTimeInterval(60))
        token.extensions = ["logicalCluster": "lkc-1", "identityPoolId": "pool-1"]
        #expect(credentials.set(token) == nil)
        token.expiration = .distantFuture
        #expect(credentials.set(token) == nil)
        token.expiration = .distantPast
        #expect(credentials.set(token) != nil)
        token.expiration = .distantFuture
        token.extensions = ["auth": "x"]
        #expect(credentials.set(token) != nil)
        await producer.close()
    }
}
