import AsyncKafka
import Testing

extension RealKafkaTests {
    @Suite(.timeLimit(.minutes(2)))
    struct DeliveryReportStreamTests {
        static let count = 50_000
        static let limit = 1000

        private var configuration: KafkaProducerConfiguration {
            var configuration = RealKafka.producer
            configuration.deliveryReportLimit = Self.limit
            return configuration
        }

        @Test
        func aReaderThatStopsReadingHoldsUpNobody() async throws {
            try await withTopic(partitions: 3) { topic in
                let producer = try KafkaProducer(configuration)
                let reports = producer.deliveryReports
                let hasRead = Signal()
                let mayGoOn = Signal()
                let reader = Task { () throws -> (read: Int, missed: Int) in
                    var (read, missed) = (0, 0)
                    for try await report in reports {
                        if report.kind == .missed { missed += report.missedDeliveries } else { read += 1 }
                        #expect(report.missedFailures == 0)
                        if read == 10 {
                            hasRead.set()
                            await mayGoOn.wait()
                        }
                    }
                    return (read, missed)
                }
                let records = (0..<Self.count).map { KafkaRecord(topic: topic, key: "\($0)", value: "value") }
                for record in records.prefix(10) { try await producer.send(record) }
                await hasRead.wait()
                // While it stands still, all of these are delivered.
                let results = await producer.send(contentsOf: records.dropFirst(10))
                #expect(results.allSatisfy { (try? $0.get()) != nil })
                #expect(await producer.close().delivered == Self.count)
                mayGoOn.set()
                let (read, missed) = try await reader.value
                print("a reader that stops: \(read) read, \(missed) missed, \(Self.count) sent")
                #expect(read == 10 + Self.limit)
                #expect(read + missed == Self.count)
            }
        }

        /// Each report has its reader send another record: the two never wait for each other.
        @Test
        func aReaderThatSendsFromItsOwnLoopHoldsUpNobody() async throws {
            try await withTopic(partitions: 3) { topic in
                var configuration = configuration
                configuration.queue.maxRecords = 100
                let producer = try KafkaProducer(configuration)
                let reports = producer.deliveryReports
                let others = Task {
                    await producer.send(
                        contentsOf: (0..<20_000).lazy.map { KafkaRecord(topic: topic, key: "\($0)", value: "other") }
                    )
                }
                try await producer.enqueue(KafkaRecord(topic: topic, value: "first"), context: 0)
                var own = 0
                var read = 0
                var missed = 0
                for try await report in reports {
                    if report.kind == .missed { missed += report.missedDeliveries } else { read += 1 }
                    if own < 500 {
                        own += 1
                        try await producer.send(KafkaRecord(topic: topic, value: "own"), context: own)
                    } else if own == 500 {
                        own += 1
                        #expect(await others.value.allSatisfy { (try? $0.get()) != nil })
                        #expect(await producer.close().delivered == 20_501)
                    }
                }
                print("a reader that sends: \(read) read, \(missed) missed, 20,501 sent")
                #expect(read + missed == 20_501)
            }
        }

        /// Failures are kept when deliveries are dropped. The broker refuses some of the records, so that these fail when they are
        /// queued already.
        @Test(.needsKafkaTools)
        func failuresAreAmongThoseThatAreKept() async throws {
            try await withTopic(partitions: 1, configuration: ["max.message.bytes": "2000"]) { topic in
                var configuration = configuration
                // A request that is too large fails as a whole: this has a large record go alone.
                configuration.batch.maxBytes = 1500
                configuration.compression = .none
                // librdkafka 2.0 loses count of an idempotent producer's records at such a refusal.
                configuration.isIdempotent = false
                configuration.log = .none
                let producer = try KafkaProducer(configuration)
                let reports = producer.deliveryReports
                let large = KafkaBytes(Array(repeating: 1, count: 10_000))
                for number in 0..<10_000 {
                    let value: KafkaBytes = number % 1000 == 0 ? large : "value"
                    try producer.tryEnqueue(KafkaRecord(topic: topic, partition: 0, value: value))
                }
                let report = await producer.close()
                #expect(report.failed == 10 && report.delivered == 9990)
                var (failed, read, missed) = (0, 0, 0)
                for try await report in reports {
                    switch report.kind {
                    case .failed:
                        failed += 1
                        #expect(report.error?.code == .messageTooLarge)
                    case .delivered: read += 1
                    default:
                        missed += report.missedDeliveries
                        #expect(report.missedFailures == 0)
                    }
                }
                #expect(failed == 10)
                #expect(read == Self.limit - 10)
                #expect(read + missed == 9990)
            }
        }
    }
}
