import AsyncKafka
import Synchronization
import Testing

extension RealKafkaTests {
    @Suite(.timeLimit(.minutes(2)))
    struct SendCancellationTests {
        /// What a cancelled sender was told, and what became of its record.
        enum Outcome: String {
            case delivered
            /// Cancelled, and not sent.
            case notSent
            /// Cancelled while under way, and delivered later.
            case deliveredLater
        }

        static let senders = 200

        @Test
        func aTaskThatIsCancelledAlreadySendsNothing() async throws {
            try await withTopic(partitions: 1) { topic in
                try await withKafkaProducer(RealKafka.producer) { producer in
                    let outcome = try await withThrowingTaskGroup(of: Outcome.self) { tasks in
                        tasks.cancelAll()
                        tasks.addTask { try await send(0, topic: topic, producer) }
                        return try await tasks.next()
                    }
                    #expect(outcome == .notSent)
                    let delivery = try await producer.send(KafkaRecord(topic: topic, partition: 0, value: "after"))
                    #expect(delivery.offset == 0)
                }
            }
        }

        /// The queue has room for ten of 200 records. The senders are cancelled when the given number of them has begun, or
        /// has been delivered; whatever each is told, the topic has to agree.
        @Test(arguments: [(50, nil), (200, nil), (200, 1), (200, 45)] as [(Int, Int?)])
        func whatACancelledSendSaysIsWhatTheTopicHas(begun: Int, delivered: Int?) async throws {
            try await withTopic(partitions: 1) { topic in
                var configuration = RealKafka.producer
                configuration.queue.maxRecords = 10
                let outcomes = try await withKafkaProducer(configuration) { producer in
                    try await sendAndCancel(topic: topic, producer, begun: begun, delivered: delivered)
                }
                let counts = Dictionary(grouping: outcomes.values) { $0 }.mapValues(\.count)
                let figures = counts.map { "\($0.value) \($0.key)" }.sorted().joined(separator: ", ")
                print("cancelled at \(delivered.map { "\($0) delivered" } ?? "\(begun) begun"): \(figures)")
                #expect(outcomes.count == Self.senders)
                // How many of each there are is a matter of chance here; each kind for certain, without a broker, is what
                // KafkaProducerTests have.

                // What comes behind everything says where the topic ends.
                let expected = outcomes.filter { $0.value != .notSent }.keys.sorted()
                let end = try await fill(topic, count: 1, partition: 0)
                #expect(end[0] == Int64(expected.count) + 1)
                let numbers = try await read(expected.count, from: topic)
                #expect(numbers.sorted() == expected, "each once, and no other")
            }
        }

        /// Tells when so many have passed.
        private final class Milestone: Sendable {
            private let count: Int
            private let passed = Atomic(0)

            init(_ count: Int) {
                self.count = count
            }

            func pass() -> Bool {
                passed.add(1, ordering: .relaxed).newValue == count
            }
        }

        private func sendAndCancel(
            topic: String,
            _ producer: KafkaProducer,
            begun: Int,
            delivered: Int?
        ) async throws -> [Int: Outcome] {
            let hasBegun = Milestone(begun)
            let hasDelivered = Milestone(delivered ?? .max)
            let isTime = Signal()
            return try await withThrowingTaskGroup(of: (Int, Outcome).self) { tasks in
                for number in 0..<Self.senders {
                    tasks.addTask {
                        if hasBegun.pass(), delivered == nil { isTime.set() }
                        let outcome = try await send(number, topic: topic, producer)
                        if outcome == .delivered, hasDelivered.pass() { isTime.set() }
                        return (number, outcome)
                    }
                }
                await isTime.wait()
                tasks.cancelAll()
                return try await tasks.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
        }

        private func send(_ number: Int, topic: String, _ producer: KafkaProducer) async throws -> Outcome {
            do {
                try await producer.send(KafkaRecord(topic: topic, partition: 0, value: "\(number)"))
                return .delivered
            } catch {
                guard error.code == .cancelled else { throw error }
                guard let pending = error.pendingDelivery else {
                    #expect(error.persistence == .notPersisted)
                    return .notSent
                }
                #expect(error.persistence == .possiblyPersisted)
                // This task is cancelled, and so would be its wait: another one waits.
                let delivery = try await Task { try await pending.delivery }.value
                #expect(delivery.offset != nil)
                return .deliveredLater
            }
        }

        private func read(_ count: Int, from topic: String) async throws -> [Int] {
            let configuration = RealKafka.consumer(group: RealKafka.uniqueName("group"))
            return try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                var numbers: [Int] = []
                for try await message in consumer.messages {
                    guard numbers.count < count else { break }
                    numbers.append(message.value.flatMap { Int(String($0)) } ?? -1)
                }
                return numbers
            }
        }
    }
}
