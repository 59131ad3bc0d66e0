import AsyncKafka
import RdKafka
import Testing

extension RealKafkaTests {
    @Suite(.timeLimit(.minutes(5)))
    struct ProcessInTransactionsTests {
        static let partitions = 6

        struct Problem: Error {}

        /// Three members come and go within this process; ends in the middle of a transaction included.
        @Test(.needsKafkaTools, arguments: [KafkaAssignmentStrategy.range, .cooperativeSticky])
        func membersThatComeAndGoProduceEachInputOnce(_ strategy: KafkaAssignmentStrategy) async throws {
            let count = 20_000
            try await withTopic(partitions: Self.partitions) { input in
                try await withTopic(partitions: Self.partitions) { output in
                    try await fill(input, count: count)
                    var configuration = RealKafka.consumer(group: RealKafka.uniqueName("group"), policy: .manual)
                    configuration.group.assignmentStrategies = [strategy]
                    configuration.group.heartbeatInterval = .milliseconds(50)
                    let progress = Progress(count: count)
                    try await withThrowingTaskGroup(of: Void.self) { [configuration] members in
                        for member in 0..<3 {
                            members.addTask {
                                while !progress.isComplete.hasHappened {
                                    try await run(
                                        member,
                                        configuration,
                                        from: input,
                                        to: output,
                                        progress
                                    )
                                }
                            }
                        }
                        members.addTask {
                            try await countOutput(output, progress)
                        }
                        try await members.waitForAll()
                    }
                    let figures = progress.figures
                    print("\(strategy): \(figures.members) members, \(figures.batches) batches")
                    let values = try await RealKafka.committedValues(
                        of: output,
                        partitions: Self.partitions,
                        count: count
                    )
                    #expect(values.count == count)
                    #expect(Set(values) == Set((0..<count).map { "n-\($0)" }))
                }
            }
        }

        /// Says that all is there when readers of committed data see it.
        private func countOutput(_ topic: String, _ progress: Progress) async throws {
            let configuration = RealKafka.consumer(group: RealKafka.uniqueName("watcher"))
            try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                var values: Set<KafkaBytes> = []
                for try await message in consumer.messages {
                    if let value = message.value { values.insert(value.compacted()) }
                    if values.count == progress.count { break }
                }
            }
            progress.isComplete.set()
        }

        /// One member: it ends with an error when it has had its share, by then in the middle of a batch.
        private func run(
            _ member: Int,
            _ configuration: KafkaConsumerConfiguration,
            from input: String,
            to output: String,
            _ progress: Progress
        ) async throws {
            progress.memberBegins()
            do {
                try await withKafkaProducer(RealKafka.transactionalProducer()) { producer in
                    try await withKafkaConsumer(configuration, subscribingTo: [input]) { consumer in
                        try await withThrowingTaskGroup(of: Void.self) { tasks in
                            tasks.addTask {
                                // The first member stays, so that there is always one.
                                let limit = member == 0 ? Int.max : 2000
                                try await transform(consumer, producer, to: output, limit: limit, progress)
                            }
                            tasks.addTask { await progress.isComplete.wait() }
                            try await tasks.next()
                            tasks.cancelAll()
                        }
                    }
                }
            } catch is Problem {
                // The next one takes over.
            }
        }

        private func transform(
            _ consumer: KafkaConsumer,
            _ producer: KafkaProducer,
            to output: String,
            limit: Int,
            _ progress: Progress
        ) async throws {
            var seen = 0
            try await consumer.processInTransactions(of: producer, maxCount: 300) { messages, transaction in
                try await withThrowingTaskGroup(of: Void.self) { sends in
                    for message in messages {
                        seen += 1
                        if seen > limit { throw Problem() }
                        let record = KafkaRecord(topic: output, key: message.key, value: message.value)
                        sends.addTask { try await transaction.send(record) }
                    }
                    try await sends.waitForAll()
                }
                progress.batchIsSent()
            }
        }

        /// A body that takes longer than the group waits for it: its transaction is aborted, and the new owner does its work.
        @Test(.needsKafkaTools)
        func aTransactionWhosePartitionsAreTakenAwayIsAborted() async throws {
            try await withTopic(partitions: 2) { input in
                try await withTopic(partitions: 1) { output in
                    try await fill(input, count: 20)
                    var configuration = RealKafka.consumer(group: RealKafka.uniqueName("group"), policy: .manual)
                    configuration.revokeTimeout = .seconds(1)
                    configuration.group.heartbeatInterval = .milliseconds(50)
                    let (isInHand, mayEnd) = (Signal(), Signal())
                    let first = try KafkaConsumer(configuration)
                    let second = try KafkaConsumer(configuration)
                    try await first.subscribe(to: [input])
                    let slow = Task {
                        try await withKafkaProducer(RealKafka.transactionalProducer()) { producer in
                            try await first.processInTransactions(of: producer) { messages, transaction in
                                try await copy(messages, to: output, transaction)
                                isInHand.set()
                                await mayEnd.wait()
                            }
                        }
                    }
                    await isInHand.wait()
                    let quick = Task {
                        try await second.subscribe(to: [input])
                        try await withKafkaProducer(RealKafka.transactionalProducer()) { producer in
                            try await second.processInTransactions(of: producer) { messages, transaction in
                                try await copy(messages, to: output, transaction)
                            }
                        }
                    }
                    let revoked = try await first.events.first { $0.kind == .revoked }
                    #expect(revoked?.partitions.count == 2)
                    mayEnd.set()
                    let progress = Progress(count: 20)
                    try await countOutput(output, progress)
                    // What is in hand by now is committed.
                    for consumer in [first, second] { await consumer.close() }
                    try await slow.value
                    try await quick.value
                    let values = try await RealKafka.committedValues(of: output, partitions: 1, count: 20)
                    #expect(Set(values) == Set((0..<20).map { "n-\($0)" }))
                }
            }
        }

        private func copy(
            _ messages: [KafkaMessage],
            to output: String,
            _ transaction: KafkaTransaction
        ) async throws {
            for message in messages {
                try await transaction.enqueue(KafkaRecord(topic: output, key: message.key, value: message.value))
            }
        }

        /// A graceful end from outside: what is in hand is committed.
        @Test
        func aCloseLetsTheTransactionInHandEnd() async throws {
            try await withTopic(partitions: 1) { input in
                try await withTopic(partitions: 1) { output in
                    try await fill(input, count: 10, partition: 0)
                    let group = RealKafka.uniqueName("group")
                    let consumer = try KafkaConsumer(RealKafka.consumer(group: group, policy: .manual))
                    try await consumer.subscribe(to: [input])
                    let (isInHand, mayEnd) = (Signal(), Signal())
                    let processed = Locked(0)
                    try await withKafkaProducer(RealKafka.transactionalProducer()) { producer in
                        let loop = Task {
                            try await consumer.processInTransactions(of: producer) { messages, transaction in
                                isInHand.set()
                                await mayEnd.wait()
                                try await transaction.send(KafkaRecord(topic: output, value: "done"))
                                processed.withLock { $0 += messages.count }
                            }
                        }
                        await isInHand.wait()
                        let close = Task { await consumer.close() }
                        // The close has begun when the consumer refuses to subscribe.
                        while await kafkaErrorIfAny({ try await consumer.subscribe(to: [input]) }) == nil {}
                        mayEnd.set()
                        try await loop.value
                        #expect(await close.value.uncommitted.isEmpty)
                    }
                    let count = processed.withLock { $0 }
                    #expect(count > 0)
                    try await withKafkaConsumer(
                        RealKafka.consumer(group: group, policy: .manual),
                        subscribingTo: [input]
                    ) { consumer in
                        if count < 10 {
                            let next = try await consumer.messages.first { _ in true }
                            #expect(next?.offset == Int64(count))
                        }
                    }
                }
            }
        }

        @Test
        func theBatchOfABodyThatThrewComesAgain() async throws {
            try await withTopic(partitions: 1) { input in
                try await withTopic(partitions: 1) { output in
                    try await fill(input, count: 50, partition: 0)
                    let configuration = RealKafka.consumer(group: RealKafka.uniqueName("group"), policy: .manual)
                    try await withKafkaProducer(RealKafka.transactionalProducer()) { producer in
                        try await withKafkaConsumer(configuration, subscribingTo: [input]) { consumer in
                            var first: [Int64] = []
                            await #expect(throws: Problem.self) {
                                try await consumer.processInTransactions(of: producer, maxCount: 20) { messages, _ in
                                    first = messages.map(\.offset)
                                    throw Problem()
                                }
                            }
                            var second: [Int64] = []
                            await #expect(throws: Problem.self) {
                                try await consumer.processInTransactions(of: producer, maxCount: 20) {
                                    messages,
                                    transaction in
                                    if !second.isEmpty { throw Problem() }
                                    second = messages.map(\.offset)
                                    try await transaction.send(KafkaRecord(topic: output, value: "done"))
                                }
                            }
                            #expect(first.first == 0)
                            #expect(second.first == 0)
                            // A loop goes on behind what was committed.
                            let next = try await consumer.messages.first { _ in true }
                            #expect(next?.offset == second.last.map { $0 + 1 })
                        }
                    }
                }
            }
        }
    }

    /// What the members of a group have done together.
    private final class Progress: Sendable {
        struct Figures {
            var members = 0
            var batches = 0
        }

        let isComplete = Signal()
        let count: Int
        private let state = Locked(Figures())

        init(count: Int) {
            self.count = count
        }

        var figures: Figures { state.withLock { $0 } }

        func memberBegins() {
            state.withLock { $0.members += 1 }
        }

        func batchIsSent() {
            state.withLock { $0.batches += 1 }
        }
    }
}
