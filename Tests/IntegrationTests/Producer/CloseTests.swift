import AsyncKafka
import Testing

extension RealKafkaTests {
    @Suite(.timeLimit(.minutes(2)))
    struct CloseTests {
        static let count = 10_000

        private func enqueue(to topic: String, by producer: KafkaProducer) throws -> [KafkaPendingDelivery] {
            try (0..<Self.count).map { number in
                try producer.tryEnqueue(KafkaRecord(topic: topic, partition: 0, value: "\(number)"))
            }
        }

        @Test
        func aCloseDeliversTenThousandRecordsInFlight() async throws {
            try await withTopic(partitions: 1) { topic in
                let producer = try KafkaProducer(RealKafka.producer)
                let pending = try enqueue(to: topic, by: producer)
                let start = ContinuousClock.now
                let report = await producer.close()
                print("close with 10,000 records in flight: \(ContinuousClock.now - start), \(report)")
                #expect(report.delivered == Self.count)
                #expect(report.failed == 0 && report.unsent == 0 && report.unobservedFailures == 0)
                for (number, pending) in pending.enumerated() {
                    #expect(try await pending.delivery.offset == Int64(number))
                }
            }
        }

        /// Nothing is known of records that were on their way, and each says so.
        @Test(.needsNodeFaults, arguments: [false, true])
        func aCloseWithoutAnAnswerEndsInTimeAndSaysWhatIsUnsent(isScoped: Bool) async throws {
            try await withTopic(partitions: 1) { topic in
                var configuration = RealKafka.producer
                configuration.closeTimeout = .seconds(2)
                configuration.log = .none
                let pending: [KafkaPendingDelivery]
                if isScoped {
                    pending = try await RealKafka.withPausedBroker { try await leaveScope(configuration, topic) }
                } else {
                    let producer = try KafkaProducer(configuration)
                    // With a connection, records are on their way when the close gives them up.
                    try await producer.send(KafkaRecord(topic: topic, partition: 0, value: "first"))
                    pending = try await RealKafka.withPausedBroker { try await close(producer, topic) }
                }
                var persistence: [KafkaError.Persistence: Int] = [:]
                for pending in pending {
                    do throws(KafkaError) {
                        _ = try await pending.delivery
                        Issue.record("nothing was acknowledged")
                    } catch {
                        #expect([KafkaError.Code.purgedInQueue, .purgedInFlight].contains(error.code))
                        persistence[error.persistence ?? .persisted, default: 0] += 1
                    }
                }
                print("given up: \(persistence)")
                #expect(persistence[.persisted] == nil)
                if !isScoped { #expect(persistence[.possiblyPersisted] != nil) }
            }
        }

        private func close(_ producer: KafkaProducer, _ topic: String) async throws -> [KafkaPendingDelivery] {
            let pending = try enqueue(to: topic, by: producer)
            let start = ContinuousClock.now
            let report = await producer.close()
            let duration = ContinuousClock.now - start
            print("close with a broker that does not answer: \(duration), \(report)")
            #expect(duration < .seconds(20))
            #expect(report.delivered == 1 && report.failed == 0 && report.unsent == Self.count)
            return pending
        }

        private func leaveScope(
            _ configuration: KafkaProducerConfiguration,
            _ topic: String
        ) async throws -> [KafkaPendingDelivery] {
            var pending: [KafkaPendingDelivery] = []
            // The time that counts is that of the close.
            var start = ContinuousClock.now
            do {
                try await withKafkaProducer(configuration) { producer in
                    pending = try enqueue(to: topic, by: producer)
                    start = .now
                }
                Issue.record("something is unsent")
            } catch let error as KafkaError {
                #expect(error.code == .unsent)
                #expect(error.message.contains("\(Self.count)"))
            }
            #expect(ContinuousClock.now - start < .seconds(20))
            return pending
        }

        /// However a scope is left, what was enqueued in it is delivered.
        @Test(arguments: ["return", "throw", "cancellation"])
        func whatWasEnqueuedIsDeliveredOnEveryWayOut(way: String) async throws {
            struct Mine: Error {}
            try await withTopic(partitions: 1) { topic in
                var configuration = RealKafka.producer
                configuration.linger = .seconds(60)
                let isEnqueued = Signal()
                let task = Task { [configuration] () throws -> [KafkaPendingDelivery] in
                    var pending: [KafkaPendingDelivery] = []
                    do {
                        try await withKafkaProducer(configuration) { producer in
                            pending = try enqueue(to: topic, by: producer)
                            isEnqueued.set()
                            if way == "throw" { throw Mine() }
                            if way == "cancellation" { await Signal().wait() }
                        }
                    } catch is Mine {}
                    return pending
                }
                await isEnqueued.wait()
                if way == "cancellation" { task.cancel() }
                let pending = try await task.value
                #expect(pending.count == Self.count)
                for (number, pending) in pending.enumerated() {
                    #expect(try await pending.delivery.offset == Int64(number))
                }
            }
        }
    }
}
