import AsyncKafkaTesting
import RdKafka
import Testing

@testable import AsyncKafka

@Suite(.timeLimit(.minutes(2)))
struct DeliveryReportsTests {
    private func record(_ topic: String, _ value: String = "v") -> KafkaRecord {
        KafkaRecord(topic: topic, value: value)
    }

    @Test
    func everyOutcomeIsReportedWithItsContext() async throws {
        try await withTopic { cluster, topic in
            let producer = try KafkaProducer(producerConfiguration(of: cluster))
            let reports = producer.deliveryReports
            try await producer.send(record(topic), context: "sent")
            try await producer.enqueue(record(topic), context: "enqueued")
            try producer.tryEnqueue(record(topic))
            _ = await producer.send(contentsOf: [record(topic), record(topic)], context: "batch")
            let unknown = KafkaRecord(topic: topic, partition: 99, value: "v")
            await #expect(throws: KafkaError.self) { try await producer.send(unknown, context: "failed") }
            await producer.close()
            var contexts: [String] = []
            for try await report in reports {
                contexts.append(report.context as? String ?? "none")
                #expect((report.kind == .failed) == (contexts.last == "failed"))
                #expect((report.delivery == nil) == (report.error != nil))
                if report.kind == .delivered { #expect(report.delivery?.topic == topic) }
                #expect(report.topic == topic)
            }
            #expect(contexts.filter { $0 != "failed" }.sorted() == ["batch", "batch", "enqueued", "none", "sent"])
        }
    }

    @Test
    func failuresOfACloseAreReportedBeforeTheEnd() async throws {
        let producer = try KafkaProducer(unreachableProducerConfiguration())
        let reports = producer.deliveryReports
        for number in 0..<10 { try producer.tryEnqueue(record("t"), context: number) }
        #expect(await producer.close(timeout: .zero).unsent == 10)
        var contexts: [Int] = []
        for try await report in reports {
            #expect(report.error?.code == .purgedInQueue)
            contexts.append(report.context as? Int ?? -1)
        }
        #expect(contexts.sorted() == Array(0..<10))
    }

    @Test
    func recordingBeginsWithTheFirstAccess() async throws {
        try await withTopic { cluster, topic in
            let producer = try KafkaProducer(producerConfiguration(of: cluster))
            try await producer.send(record(topic), context: "before")
            let reports = producer.deliveryReports
            try await producer.send(record(topic), context: "after")
            await producer.close()
            var contexts: [String?] = []
            for try await report in reports { contexts.append(report.context as? String) }
            #expect(contexts == ["after"])
        }
    }

    @Test
    func aReaderThatStopsHoldsUpNobodyAndTheMissedCountIsExact() async throws {
        try await withTopic { cluster, topic in
            var configuration = producerConfiguration(of: cluster)
            configuration.deliveryReportLimit = 10
            let producer = try KafkaProducer(configuration)
            let reports = producer.deliveryReports
            var read = 0
            try await producer.send(record(topic))
            for try await _ in reports {
                read += 1
                break
            }
            let results = await producer.send(contentsOf: (0..<1000).map { record(topic, "\($0)") })
            #expect(results.allSatisfy { $0.error == nil })
            await producer.close()
            var missed = 0
            for try await report in reports {
                if report.kind == .missed { missed += report.missedDeliveries } else { read += 1 }
                #expect(report.missedFailures == 0)
            }
            #expect(read == 11)
            #expect(missed + read == 1001)
        }
    }

    @Test
    func aReaderThatSendsFromItsOwnLoopGetsItsOwnReports() async throws {
        try await withTopic { cluster, topic in
            var configuration = producerConfiguration(of: cluster)
            configuration.queue.maxRecords = 1
            let producer = try KafkaProducer(configuration)
            let reports = producer.deliveryReports
            try await producer.send(record(topic))
            var read = 0
            for try await report in reports {
                #expect(report.kind == .delivered)
                read += 1
                if read == 50 { await producer.close() } else { try await producer.send(record(topic)) }
            }
            #expect(read == 50)
        }
    }

    @Test
    func oneLoopAtATimeReads() async throws {
        try await withTopic { cluster, topic in
            let producer = try KafkaProducer(producerConfiguration(of: cluster))
            let reports = producer.deliveryReports
            do {
                try await producer.send(record(topic))
                var first = reports.makeAsyncIterator()
                #expect(try await first.next() != nil)
                var second = reports.makeAsyncIterator()
                do throws(KafkaError) {
                    _ = try await second.next()
                    Issue.record("two loops")
                } catch {
                    #expect(error.code == .alreadyIterating)
                }
                withExtendedLifetime(first) {}
            }
            // The first one has ended.
            try await producer.send(record(topic))
            var third = reports.makeAsyncIterator()
            #expect(try await third.next() != nil)
            await producer.close()
        }
    }

    @Test
    func aReaderIsCancelledAndGoesOnLater() async throws {
        try await withTopic { cluster, topic in
            let producer = try KafkaProducer(producerConfiguration(of: cluster))
            let reports = producer.deliveryReports
            let reader = Task { () throws -> Int in
                var read = 0
                for try await _ in reports { read += 1 }
                return read
            }
            await Task.yield()
            reader.cancel()
            #expect(try await reader.value == 0)
            try await producer.send(record(topic))
            await producer.close()
            var read = 0
            for try await _ in reports { read += 1 }
            #expect(read == 1)
        }
    }

    @Test
    func theEndOfAProducerThatIsReleasedEndsItsReports() async throws {
        let reports: KafkaDeliveryReports
        do {
            let producer = try KafkaProducer(unreachableProducerConfiguration())
            reports = producer.deliveryReports
            try producer.tryEnqueue(record("t"))
        }
        var kinds: [KafkaDeliveryReport.Kind] = []
        for try await report in reports { kinds.append(report.kind) }
        #expect(kinds == [.failed])
    }
}
