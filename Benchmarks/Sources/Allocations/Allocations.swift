import AsyncKafka
import AsyncKafkaTesting
import CAllocations
import Foundation

/// What AsyncKafka allocates on the heap for a record, beside what librdkafka does. `Scripts/allocations --help` says how.
@main
struct Allocations {
    private static let partitions = 6
    private static let value = KafkaBytes(repeatElement(0, count: 100))

    static func main() async {
        do {
            allocations_count()
            let lines = try await withKafkaMockCluster { mock in
                try await mock.createTopic("sent", partitions: partitions)
                try await mock.createTopic("read", partitions: partitions)
                return try await produced(mock) + consumed(mock)
            }
            say(Line.head)
            for line in lines { say(line.description) }
            guard !lines.contains(where: \.isBeyond) else {
                say("More is allocated than may be: see `limit` in Benchmarks/Sources/Allocations.")
                exit(1)
            }
        } catch {
            say("allocations: \(error)")
            exit(1)
        }
    }

    // MARK: Producing

    private static func produced(_ mock: KafkaMockCluster) async throws -> [Line] {
        var configuration = KafkaProducerConfiguration(bootstrapServers: mock.bootstrapServers)
        configuration.log = .none
        return try await withKafkaProducer(configuration) { producer in
            let record = KafkaRecord(topic: "sent", value: value)
            var lines: [Line] = []
            lines.append(
                // The resumed task's, in libdispatch.
                try await measure("send, one task", limit: 2.1, warmUp: 500, records: 2_000) { count in
                    for _ in 0..<count { try await producer.send(record) }
                }
            )
            lines.append(
                try await measure("send, 100 tasks", limit: 1.5, warmUp: 5_000, records: 40_000) { count in
                    try await withThrowingTaskGroup { tasks in
                        for _ in 0..<100 {
                            tasks.addTask { for _ in 0..<count / 100 { try await producer.send(record) } }
                        }
                        try await tasks.waitForAll()
                    }
                }
            )
            lines.append(
                // Not more at once than pending deliveries are kept for, which may not all have been needed by the warm-up.
                try await measure("enqueue", limit: 0.15, warmUp: 50_000, records: 100_000) { count in
                    for _ in 0..<count / 10_000 {
                        for _ in 0..<10_000 { try await producer.enqueue(record) }
                        _ = try await producer.flush()
                    }
                }
            )
            return lines
        }
    }

    // MARK: Consuming

    private static func consumed(_ mock: KafkaMockCluster) async throws -> [Line] {
        let perPartition = 20_000
        var configuration = KafkaProducerConfiguration(bootstrapServers: mock.bootstrapServers)
        configuration.log = .none
        try await withKafkaProducer(configuration) { producer in
            for _ in 0..<perPartition {
                for partition in 0..<partitions {
                    try await producer.enqueue(KafkaRecord(topic: "read", partition: partition, value: value))
                }
            }
        }
        let (warmUp, records) = (10_000, 100_000)
        var lines: [Line] = []
        try await withConsumer(mock) { consumer in
            var messages = consumer.messages.makeAsyncIterator()
            let line = try await measure("consume, messages", limit: 0.05, warmUp: warmUp, records: records) { count in
                for _ in 0..<count { _ = try await messages.next() }
            }
            // The loop's own share: what is allocated by other threads than the client's.
            lines.append(line)
            lines.append(line.part("consume, the loop alone", limit: 0.01, line.elsewhere))
        }
        try await withConsumer(mock) { consumer in
            var batches = consumer.batches().makeAsyncIterator()
            lines.append(
                try await measure("consume, batches", limit: 0.06, warmUp: warmUp, records: records) { count in
                    var read = 0
                    while read < count, let batch = try await batches.next() { read += batch.count }
                }
            )
        }
        return lines
    }

    private static func withConsumer(
        _ mock: KafkaMockCluster,
        _ body: (KafkaConsumer) async throws -> Void
    ) async throws {
        var configuration = KafkaConsumerConfiguration(bootstrapServers: mock.bootstrapServers, groupID: nil)
        configuration.log = .none
        configuration.offsetPolicy = .manual
        try await withKafkaConsumer(configuration) { consumer in
            let places = (0..<partitions).map {
                (KafkaTopicPartition(topic: "read", partition: $0), KafkaOffsetSpecification.beginning)
            }
            try await consumer.assign(Dictionary(uniqueKeysWithValues: places))
            try await body(consumer)
        }
    }

    // MARK: Counting

    private static func measure(
        _ title: String,
        limit: Double,
        warmUp: Int,
        records: Int,
        _ work: (_ count: Int) async throws -> Void
    ) async throws -> Line {
        try await work(warmUp)
        let before = allocations_now()
        try await work(records)
        let now = allocations_now()
        return Line(
            title: title,
            limit: limit,
            client: Double(now.client - before.client) / Double(records),
            elsewhere: Double(now.elsewhere - before.elsewhere) / Double(records),
            bytes: Double(now.client_bytes - before.client_bytes + now.elsewhere_bytes - before.elsewhere_bytes)
                / Double(records)
        )
    }

    private static func say(_ text: String) {
        FileHandle.standardOutput.write(Data("\(text)\n".utf8))
    }
}

/// What one kind of work has allocated for a record.
struct Line: CustomStringConvertible {
    var title: String
    /// The most that it may be. Lower it when it gets better; raise it for a reason alone.
    var limit: Double
    /// On the client's thread.
    var client: Double
    /// On the others.
    var elsewhere: Double
    var bytes: Double

    var total: Double { client + elsewhere }
    var isBeyond: Bool { total > limit }

    func part(_ title: String, limit: Double, _ count: Double) -> Line {
        Line(title: title, limit: limit, client: 0, elsewhere: count, bytes: .nan)
    }

    static let head = "allocations a record        all   client's thread   elsewhere   bytes   limit"

    var description: String {
        let name = title.padding(toLength: 24, withPad: " ", startingAt: 0)
        let numbers = String(format: "%8.3f  %15.3f  %10.3f", total, client, elsewhere)
        let size = bytes.isNaN ? "       " : String(format: "%7.1f", bytes)
        return "\(name)\(numbers) \(size) \(String(format: "%7.3f", limit))\(isBeyond ? "  beyond" : "")"
    }
}
