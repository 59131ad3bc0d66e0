import AsyncKafkaTesting
import RdKafka
import TestSupport
import Testing

@testable import AsyncKafka

/// Every way to send, in random order, with cancellations, purges, waits and a close among them. Every task ends, every record has
/// one outcome, and the close report, the delivery reports and the callers agree on how many there were.
@Suite(.timeLimit(.minutes(5)))
struct ProducerStressTests {
    private struct Tally {
        var attempts = 0
        var delivered = 0
        /// Failed after it was queued.
        var failed = 0
        var refused = 0
        var pending: [KafkaPendingDelivery] = []

        mutating func count(_ result: Result<KafkaDelivery, KafkaError>) {
            attempts += 1
            switch result {
            case .success:
                delivered += 1
            case .failure(let error):
                if let pending = error.pendingDelivery {
                    self.pending.append(pending)
                } else if [.cancelled, .clientClosed, .queueFull].contains(error.code) {
                    refused += 1
                } else {
                    failed += 1
                }
            }
        }

        mutating func count(_ result: Result<KafkaPendingDelivery, KafkaError>) {
            switch result {
            case .success(let pending):
                attempts += 1
                self.pending.append(pending)
            case .failure(let error):
                count(.failure(error) as Result<KafkaDelivery, KafkaError>)
            }
        }
    }

    @Test(arguments: 0..<16)
    func everyRecordHasOneOutcomeHoweverItIsSent(round: Int) async throws {
        let seed = UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        try await withTopic(partitions: 3) { cluster, topic in
            var random = SplitMix(state: seed)
            var configuration = producerConfiguration(of: cluster)
            configuration.queue.maxRecords = Int.random(in: 1...50, using: &random)
            configuration.linger = .milliseconds(Int.random(in: 0...20, using: &random))
            configuration.deliveryReportLimit = Int.random(in: 1...1000, using: &random)
            if Bool.random(using: &random) {
                configuration.queue.waitLimit = .milliseconds(Int.random(in: 0...20, using: &random))
            }
            let producer = try KafkaProducer(configuration)
            let reports = producer.deliveryReports
            let reader = Task { () throws -> Int in
                var seen = 0
                for try await report in reports {
                    seen += report.kind == .missed ? report.missedDeliveries + report.missedFailures : 1
                }
                return seen
            }
            let tally = Locked(Tally())
            let closesEarly = Bool.random(using: &random)
            let closeTimeout = Duration.milliseconds(Int.random(in: 0...200, using: &random))
            let report = await withTaskGroup(of: Void.self) { group in
                for number in 0..<16 {
                    let seed = random.next()
                    group.addTask {
                        var random = SplitMix(state: seed)
                        for attempt in 0..<40 {
                            await Self.act(&random, producer, topic, tally)
                            if closesEarly, number == 0, attempt == 20 { await producer.close(timeout: closeTimeout) }
                        }
                    }
                }
                await group.waitForAll()
                return await producer.close()
            }
            var (attempts, delivered, failed, refused, pending) = tally.withLock {
                ($0.attempts, $0.delivered, $0.failed, $0.refused, $0.pending)
            }
            for pending in pending {
                do throws(KafkaError) {
                    _ = try await pending.delivery
                    delivered += 1
                } catch {
                    #expect(error.code != .cancelled, "seed \(seed)")
                    failed += 1
                }
            }
            #expect(delivered + failed + refused == attempts, "seed \(seed)")
            let reported = try await reader.value
            #expect(reported == delivered + failed, "seed \(seed): reported")
            if !closesEarly {
                #expect(report.delivered == delivered && report.failed == failed, "seed \(seed)")
                #expect(report.unsent == 0, "seed \(seed)")
            }
        }
    }

    private static func act(
        _ random: inout SplitMix,
        _ producer: KafkaProducer,
        _ topic: String,
        _ tally: Locked<Tally>
    ) async {
        let record = KafkaRecord(topic: topic, key: "\(random.next())", value: "value")
        let context: (any Sendable)? = Bool.random(using: &random) ? "context" : nil
        let yields = Int.random(in: 0..<5, using: &random)
        let isCancelled = Int.random(in: 0..<4, using: &random) == 0
        switch Int.random(in: 0..<10, using: &random) {
        case 0, 1:
            let task = Task {
                await outcome(of: { () throws(KafkaError) in try await producer.send(record, context: context) })
            }
            if isCancelled {
                for _ in 0..<yields { await Task.yield() }
                task.cancel()
            }
            let result = await task.value
            tally.withLock { $0.count(result) }
        case 2, 3, 4:
            let task = Task {
                await outcome(of: { () throws(KafkaError) in try await producer.enqueue(record, context: context) })
            }
            if isCancelled {
                for _ in 0..<yields { await Task.yield() }
                task.cancel()
            }
            let result = await task.value
            tally.withLock { $0.count(result) }
        case 5, 6:
            let result = Result { () throws(KafkaError) in try producer.tryEnqueue(record, context: context) }
            tally.withLock { $0.count(result) }
            guard case .success(let pending) = result, yields > 2 else { return }
            let wait = Task { try await pending.delivery }
            if isCancelled { wait.cancel() }
            _ = await wait.result
        case 7, 8:
            let records = Array(repeating: record, count: Int.random(in: 0...200, using: &random))
            let task = Task { await producer.send(contentsOf: records, context: context) }
            if isCancelled {
                for _ in 0..<yields { await Task.yield() }
                task.cancel()
            }
            let results = await task.value
            tally.withLock { tally in
                for result in results { tally.count(result) }
            }
        default:
            if yields == 0 { try? await producer.purge(.all) } else { _ = try? await producer.flush(timeout: .zero) }
        }
    }
}
