import AsyncKafkaTesting
import RdKafka
import TestSupport
import Testing

@testable import AsyncKafka

/// The clients as a whole, in random order: calls, cancellations, closes. Every task ends, and every record has one outcome.
///
/// A lost wake-up or a continuation that is never resumed hangs a task until the time limit; one that is resumed twice traps.
@Suite(.timeLimit(.minutes(5)))
struct ClientStressTests {
    private struct Outcomes {
        var delivered = 0
        var failed = 0
        var notSent = 0
        var pending: [KafkaPendingDelivery] = []
    }

    @Test(arguments: 0..<12)
    func everySendHasOneOutcome(round: Int) async throws {
        let seed = UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        try await withTopic(partitions: 3) { cluster, topic in
            var random = SplitMix(state: seed)
            var configuration = producerConfiguration(of: cluster)
            configuration.queue.maxRecords = Int.random(in: 1...50, using: &random)
            configuration.linger = .milliseconds(Int.random(in: 0...20, using: &random))
            let producer = try KafkaProducer(configuration)
            let outcomes = Locked(Outcomes())
            let closeTimeout = Duration.milliseconds(Int.random(in: 0...200, using: &random))
            let closesEarly = Bool.random(using: &random)
            let attempts = 20 * 50
            let report = await withTaskGroup(of: Void.self) { group in
                for number in 0..<20 {
                    let seed = random.next()
                    group.addTask {
                        var random = SplitMix(state: seed)
                        for attempt in 0..<50 {
                            await Self.act(&random, producer, topic, outcomes)
                            if closesEarly, number == 0, attempt == 25 { await producer.close(timeout: closeTimeout) }
                        }
                    }
                }
                await group.waitForAll()
                return await producer.close(timeout: .seconds(30))
            }
            let (delivered, failed, notSent, pending) = outcomes.withLock {
                ($0.delivered, $0.failed, $0.notSent, $0.pending)
            }
            var lateDelivered = 0
            for delivery in pending {
                if (try? await delivery.delivery) != nil { lateDelivered += 1 }
            }
            #expect(delivered + failed + notSent + pending.count == attempts, "seed \(seed)")
            // After an early close with a short limit the report counts what was known by then.
            if !closesEarly {
                #expect(report.delivered == delivered + lateDelivered, "seed \(seed)")
                #expect(report.unsent == 0 && failed == 0, "seed \(seed)")
            }
        }
    }

    private static func act(
        _ random: inout SplitMix,
        _ producer: KafkaProducer,
        _ topic: String,
        _ outcomes: Locked<Outcomes>
    ) async {
        let record = KafkaRecord(topic: topic, key: "\(random.next())", value: "value")
        let kind = Int.random(in: 0..<10, using: &random)
        let yields = Int.random(in: 0..<5, using: &random)
        let send = Task { () throws -> KafkaDelivery in try await producer.send(record) }
        switch kind {
        case 0:
            send.cancel()
        case 1, 2:
            for _ in 0..<yields { await Task.yield() }
            send.cancel()
        case 3:
            let flush = Task { try await producer.flush(timeout: .milliseconds(yields)) }
            if yields == 0 { flush.cancel() }
            _ = await flush.result
        default:
            break
        }
        let result = await send.result
        outcomes.withLock { outcomes in
            switch result {
            case .success: outcomes.delivered += 1
            case .failure(let error):
                let error = error as? KafkaError
                if let pending = error?.pendingDelivery {
                    outcomes.pending.append(pending)
                } else if error?.code == .cancelled || error?.code == .clientClosed {
                    outcomes.notSent += 1
                } else {
                    outcomes.failed += 1
                }
            }
        }
    }

    @Test(arguments: 0..<6)
    func everyConsumerCallReturns(round: Int) async throws {
        let seed = UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        try await withTopic(partitions: 3) { cluster, topic in
            var random = SplitMix(state: seed)
            try await produce(300, to: topic, of: cluster)
            var configuration = consumerConfiguration(of: cluster)
            configuration.offsetPolicy =
                Bool.random(using: &random) ? .manual : .afterProcessing(interval: .milliseconds(1))
            let consumer = try KafkaConsumer(configuration)
            try await consumer.subscribe(to: [topic])
            let closesAfter = Int.random(in: 1...400, using: &random)
            let seen = Locked(0)
            await withTaskGroup(of: Void.self) { group in
                let seed = random.next()
                group.addTask {
                    var random = SplitMix(state: seed)
                    // Loops that are left and cancelled at random, until there is nothing more or the consumer is closed.
                    while seen.withLock({ $0 }) < 300 {
                        let limit = Int.random(in: 1...40, using: &random)
                        let cancels = Int.random(in: 0..<4, using: &random) == 0
                        let loop = Task { () throws -> Bool in
                            var count = 0
                            for try await message in consumer.messages {
                                count += 1
                                let total = seen.withLock { seen in
                                    seen += 1
                                    return seen
                                }
                                if total == closesAfter { await consumer.close(timeout: .seconds(20)) }
                                if count % 3 == 0 { try? await consumer.commit(message) }
                                if count == limit || total >= 300 { return true }
                            }
                            return Task.isCancelled
                        }
                        if cancels {
                            await Task.yield()
                            loop.cancel()
                        }
                        guard (try? await loop.value) == true else { break }
                    }
                }
                await group.waitForAll()
            }
            let report = await consumer.close(timeout: .seconds(20))
            #expect(report.hasLeftGroup, "seed \(seed)")
            #expect(report == (await consumer.close()), "seed \(seed)")
        }
    }
}
