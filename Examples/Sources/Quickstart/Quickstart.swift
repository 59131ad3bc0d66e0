import AsyncKafka
import ExampleSupport
import Foundation
import Orders

/// The main job of the library: orders are produced, each delivery awaited; a consumer group reads them, processes them and
/// commits; and in the end every order has to be accounted for.
@main
struct Quickstart: Sendable {
    static func main() async {
        await Example.run(
            "Produces orders, has a consumer group process and commit them, and checks that none is missing.",
            options: [
                .number("messages", default: 100_000, "how many orders to send"),
                .number("members", default: 2, "members of the consumer group"),
                .number("partitions", default: 6, "partitions of the topic on the mock cluster"),
            ]
        ) { example in
            try await Quickstart(example).run()
        }
    }

    private static let customers = 500
    /// The header of the record that ends a partition.
    private static let end = "end"

    let example: Example
    let messages: Int
    let members: Int
    let topic: String
    let group: String
    let ledger: Ledger

    init(_ example: Example) throws {
        self.example = example
        messages = example.number("messages")
        members = example.number("members")
        // Each run has its own topic and group.
        let run = String(UInt32.random(in: 0 ... .max), radix: 36)
        topic = "orders-\(run)"
        group = "billing-\(run)"
        ledger = Ledger(orders: messages, members: members)
        let limit = 25_000 * example.number("partitions")
        if example.isMock, messages > limit {
            throw ExampleError(
                "the mock cluster keeps 5 MB of a partition, here \(limit) orders: give it more --partitions"
            )
        }
    }

    func run() async throws {
        do {
            try await produceAndConsume()
        } catch {
            guard Task.isCancelled else { throw error }
            let counts = ledger.counts
            throw ExampleError(
                "interrupted: \(counts.delivered) orders were delivered, \(counts.processed) processed; all clients are closed"
            )
        }
    }

    private func produceAndConsume() async throws {
        let place = example.isMock ? "a mock cluster" : example.bootstrapServers.joined(separator: ",")
        print(
            "Sending \(grouped(messages)) orders to \(topic) on \(place); \(members) members of \(group) process them."
        )
        if example.isMock { print("A group's first join takes three seconds on the mock cluster.") }
        try await example.createTopic(topic, partitions: example.number("partitions"))

        var configuration = KafkaProducerConfiguration(bootstrapServers: example.bootstrapServers)
        configuration.deliveryTimeout = .seconds(60)
        configuration.closeTimeout = .seconds(10)
        let committed = try await withKafkaProducer(configuration) { producer in
            try await withThrowingTaskGroup { tasks in
                let progress = Progress(ledger: ledger, messages: messages)
                tasks.addTask { await progress.show() }
                // A cluster that creates topics by itself does so now; the group then finds one.
                try await send(0, by: producer)
                try await withThrowingTaskGroup { tasks in
                    tasks.addTask { try await sendAll(by: producer) }
                    for member in 1...members {
                        tasks.addTask { try await consume(member: member) }
                    }
                    try await tasks.waitForAll()
                }
                tasks.cancelAll()
            }
            // Members that are cancelled end without an error.
            try Task.checkCancellation()
            return try await whereANewMemberGoesOn(producer)
        }
        try Task.checkCancellation()
        try conclude(committed)
    }

    // MARK: Produce

    /// A task for each customer, each with one order after another on its way, so that a customer's orders stay in order.
    private func sendAll(by producer: KafkaProducer) async throws {
        try await withThrowingTaskGroup { tasks in
            for customer in 0..<Self.customers {
                tasks.addTask {
                    for number in stride(from: customer, to: messages, by: Self.customers) where number > 0 {
                        do {
                            try await send(number, by: producer)
                        } catch let error where !Task.isCancelled {
                            ledger.fail(error)
                        }
                    }
                }
            }
            try await tasks.waitForAll()
        }
        _ = try await sendEnds(to: ledger.finishSending(), by: producer)
    }

    private func send(_ number: Int, by producer: KafkaProducer) async throws {
        let order = Order(number: number, customer: "customer-\(number % Self.customers)")
        let record = KafkaRecord(
            topic: topic,
            key: KafkaBytes(order.customer),
            value: try order.encoded(),
            headers: ["content-type": "application/json", "source": "quickstart"]
        )
        ledger.send()
        let delivery = try await producer.send(record)
        ledger.deliver(number, partition: delivery.partition)
    }

    /// A record behind the last order of each partition: who has read it has read all before it. Returns their offsets.
    private func sendEnds(to partitions: Set<Int>, by producer: KafkaProducer) async throws -> [Int: Int64] {
        var offsets: [Int: Int64] = [:]
        for partition in partitions {
            let end = KafkaRecord(topic: topic, partition: partition, value: nil, headers: [Self.end: nil])
            offsets[partition] = try await producer.send(end).offset
        }
        return offsets
    }

    // MARK: Consume

    private func configuration() -> KafkaConsumerConfiguration {
        var configuration = KafkaConsumerConfiguration(bootstrapServers: example.bootstrapServers, groupID: group)
        // Rebalances of the mock cluster take about as long.
        configuration.group.sessionTimeout = .seconds(6)
        return configuration
    }

    private func consume(member: Int) async throws {
        try await withKafkaConsumer(configuration(), subscribingTo: [topic]) { consumer in
            try await withThrowingTaskGroup { tasks in
                tasks.addTask {
                    // A group that is complete is not rebalanced halfway.
                    await ledger.everyoneHasJoined()
                    // Asking for the next message says that this one is processed: it is committed in the background.
                    for try await message in consumer.messages { try await process(message, of: consumer) }
                }
                tasks.addTask {
                    for try await event in consumer.events { show(event, member) }
                }
                tasks.addTask {
                    await ledger.everythingIsRead()
                    // Ends both loops and leaves the group; had something not been committed, it would be now.
                    await consumer.close()
                }
                try await tasks.waitForAll()
            }
        }
    }

    private func process(_ message: KafkaMessage, of consumer: KafkaConsumer) async throws {
        guard message.headers.values(for: Self.end).isEmpty else {
            try await finishPartition(of: message, consumer)
            return
        }
        let order = try Order(message.value ?? KafkaBytes())
        ledger.process(order.number)
    }

    /// Nothing follows: the rest of the partition is committed at once, before any member leaves.
    private func finishPartition(of end: KafkaMessage, _ consumer: KafkaConsumer) async throws(KafkaError) {
        do {
            try await consumer.commit(end)
            ledger.reachEnd(of: end.partition)
        } catch let error where error.code == .staleMessage {
            // The partition has gone to another member, which reads this again.
        }
    }

    private func show(_ event: KafkaConsumerEvent, _ member: Int) {
        if event.kind == .assigned { ledger.join(member) }
        if let error = event.error {
            Progress.note("Member \(member): \(error)")
        } else {
            let partitions = event.partitions.map { String($0.partition) }.joined(separator: ", ")
            Progress.note("Member \(member): \(event.kind) \(partitions.isEmpty ? "nothing" : partitions)")
        }
    }

    // MARK: Check

    /// What the group has committed, by what a new member reads first in each partition; and where the partition ends.
    private func whereANewMemberGoesOn(
        _ producer: KafkaProducer
    ) async throws -> [(partition: Int, committed: Int64, end: Int64)] {
        Progress.note("A new member joins, to see what the group has committed.")
        let ends = try await sendEnds(to: ledger.partitions, by: producer)
        var configuration = configuration()
        configuration.offsetPolicy = .manual
        return try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
            var first: [Int: Int64] = [:]
            var missing = Set(ends.keys)
            for try await message in consumer.messages {
                first[message.partition] = first[message.partition] ?? message.offset
                if ends[message.partition] == message.offset { missing.remove(message.partition) }
                if missing.isEmpty { break }
            }
            return ends.sorted { $0.key < $1.key }.map { ($0.key, first[$0.key] ?? 0, $0.value) }
        }
    }

    private func conclude(_ offsets: [(partition: Int, committed: Int64, end: Int64)]) throws {
        let counts = ledger.counts
        let durations = ledger.durations
        print(
            """

            sent        \(grouped(counts.sent))
            delivered   \(grouped(counts.delivered)), \(rate(counts.delivered, durations.sending))
            processed   \(grouped(counts.processed)), \(rate(counts.processed, durations.processing))
            duplicates  \(grouped(counts.duplicates))
            """
        )
        for (partition, committed, end) in offsets {
            print("committed   partition \(partition): offset \(grouped(committed)) of \(grouped(end))")
        }

        guard counts.failed == 0 else {
            throw ExampleError("\(counts.failed) orders were not delivered: \(counts.firstFailure ?? "")")
        }
        guard counts.missing == 0 else {
            throw ExampleError("\(counts.missing) orders were delivered, but not processed")
        }
        let uncommitted = offsets.map { $0.end - $0.committed }.reduce(0, +)
        guard uncommitted == 0 else { throw ExampleError("\(uncommitted) records were processed, but not committed") }
        print("\nEverything that was sent was processed and committed.")
    }

    private func rate(_ count: Int, _ duration: Duration) -> String {
        let seconds = duration / .seconds(1)
        return seconds > 0 ? "\(grouped(Int(Double(count) / seconds))) messages/s" : "at once"
    }
}
