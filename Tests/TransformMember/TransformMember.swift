import AsyncKafka
import Dispatch
import Foundation

/// A member of a group that reads, transforms and writes, or only reads, as a process of its own so that a test can kill it. It also kills
/// itself, at a named point.
///
/// It writes a line for each batch, ends in order at SIGTERM, and at once when its standard input ends: so it survives neither the
/// test nor the test's process.
@main
struct TransformMember {
    /// Where it kills itself.
    enum Death: String {
        case never
        /// When half of a batch is written.
        case withinBatch
        /// When all of a batch is acknowledged, and the commit not begun.
        case beforeCommit
        /// When the commit has returned.
        case afterCommit
    }

    let bootstrapServers: [String]
    let group: String
    let input: String
    let output: String
    let id: String
    let isTransactional: Bool
    /// Only reads, under this policy.
    let policy: KafkaOffsetPolicy?
    let strategy: KafkaAssignmentStrategy
    let death: Death
    /// The how-manieth batch it does not survive.
    let lastBatch: Int

    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 10, let death = Death(rawValue: arguments[8]), let lastBatch = Int(arguments[9]) else {
            FileHandle.standardError.write(
                Data("arguments: SERVERS GROUP INPUT OUTPUT ID MODE STRATEGY DEATH BATCH\n".utf8)
            )
            exit(2)
        }
        let member = TransformMember(
            bootstrapServers: arguments[1].split(separator: ",").map { String($0) },
            group: arguments[2],
            input: arguments[3],
            output: arguments[4],
            id: arguments[5],
            isTransactional: arguments[6] == "transactions",
            policy: policy(named: arguments[6], lastBatch),
            strategy: arguments[7] == "range" ? .range : .cooperativeSticky,
            death: death,
            lastBatch: lastBatch
        )
        let work = Task { try await member.run() }
        signal(SIGTERM, SIG_IGN)
        let terminate = DispatchSource.makeSignalSource(signal: SIGTERM, queue: .global())
        // Not on the main actor, which this function is on.
        terminate.setEventHandler { @Sendable in work.cancel() }
        terminate.activate()
        Thread.detachNewThread {
            while readLine() != nil {}
            exit(3)
        }
        try await work.value
        terminate.cancel()
    }

    private static func policy(named name: String, _ count: Int) -> KafkaOffsetPolicy? {
        switch name {
        case "onDelivery": .onDelivery(maxCount: count)
        case "afterProcessing": .afterProcessing(interval: .seconds(3600))
        case "manual": .manual
        default: nil
        }
    }

    func run() async throws {
        var configuration = KafkaConsumerConfiguration(bootstrapServers: bootstrapServers, groupID: group)
        configuration.offsetPolicy = policy ?? .manual
        configuration.group.assignmentStrategies = [strategy]
        // The shortest that brokers take by default: whoever was killed is replaced after it.
        configuration.group.sessionTimeout = .seconds(6)
        configuration.group.heartbeatInterval = .milliseconds(200)
        var producerConfiguration = KafkaProducerConfiguration(bootstrapServers: bootstrapServers)
        if isTransactional {
            producerConfiguration.transactionalID = id
            producerConfiguration.transactionTimeout = .seconds(30)
        }
        try await withKafkaProducer(producerConfiguration) { producer in
            try await withKafkaConsumer(configuration, subscribingTo: [input]) { consumer in
                say("ready")
                if let policy {
                    try await tell(consumer, policy)
                } else if isTransactional {
                    try await transform(consumer, producer)
                } else {
                    try await transformWithoutTransactions(consumer, producer)
                }
            }
        }
    }

    private func transform(_ consumer: KafkaConsumer, _ producer: KafkaProducer) async throws {
        var batches = 0
        try await consumer.processInTransactions(of: producer, maxCount: 500) { messages, transaction in
            // Here, the transaction before is committed.
            if batches == lastBatch { die(at: .afterCommit) }
            batches += 1
            let isLast = batches == lastBatch
            if isLast, death == .withinBatch {
                try await send(messages.prefix(messages.count / 2)) { try await transaction.send($0) }
                die(at: .withinBatch)
            }
            try await send(messages[...]) { try await transaction.send($0) }
            say("batch \(batches) \(messages.count)")
            if isLast { die(at: .beforeCommit) }
        }
    }

    /// Says what it is given, commits in the body of the eighth message unless the policy does, and dies in that of the fifth of the
    /// second batch.
    private func tell(_ consumer: KafkaConsumer, _ policy: KafkaOffsetPolicy) async throws {
        var count = 0
        for try await message in consumer.messages {
            say("message \(message.partition) \(message.offset)")
            count += 1
            if count == 8 {
                if policy == .manual { try await consumer.commit(message) } else { try await consumer.commitMarked() }
            }
            if count == lastBatch + 5 { die(at: .withinBatch) }
        }
    }

    /// The same with nothing but care: what comes again is written again.
    private func transformWithoutTransactions(_ consumer: KafkaConsumer, _ producer: KafkaProducer) async throws {
        var batches = 0
        var last: [KafkaTopicPartition: KafkaMessage] = [:]
        var count = 0
        for try await message in consumer.messages {
            try await producer.send(KafkaRecord(topic: output, key: message.key, value: message.value))
            last[message.topicPartition] = message
            count += 1
            guard count % 500 == 0 else { continue }
            batches += 1
            say("batch \(batches) 500")
            if batches == lastBatch { die(at: .beforeCommit) }
            for message in last.values { try await commit(message, by: consumer) }
            last = [:]
        }
    }

    private func commit(_ message: KafkaMessage, by consumer: KafkaConsumer) async throws(KafkaError) {
        do {
            try await consumer.commit(message)
        } catch {
            // Whoever owns the partition now reads it again.
            guard error.code == .staleMessage else { throw error }
        }
    }

    private func send(
        _ messages: ArraySlice<KafkaMessage>,
        _ send: @escaping @Sendable (KafkaRecord) async throws -> KafkaDelivery
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for message in messages {
                let record = KafkaRecord(topic: output, key: message.key, value: message.value)
                tasks.addTask { _ = try await send(record) }
            }
            try await tasks.waitForAll()
        }
    }

    private func die(at point: Death) {
        guard point == death else { return }
        say("dies \(point.rawValue)")
        kill(getpid(), SIGKILL)
    }

    private func say(_ line: String) {
        FileHandle.standardOutput.write(Data("\(line)\n".utf8))
    }
}
