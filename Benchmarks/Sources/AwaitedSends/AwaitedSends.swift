import AsyncKafka
import AsyncKafkaTesting
import CBaseline
import Foundation

/// Awaited sends from 1, 100 and 1,000 tasks, beside raw librdkafka in the same rounds: with its default linger, and with none.
///
///     swift run -c release --package-path Benchmarks AwaitedSends
///
/// Against the broker that KAFKA_BOOTSTRAP names, or the mock cluster. The mock runs in this process and takes part of its time.
@main
struct AwaitedSends {
    static let rounds = 5
    static let loads = [(tasks: 1, records: 2_000), (tasks: 100, records: 50_000), (tasks: 1_000, records: 100_000)]

    static func main() async throws {
        if let servers = ProcessInfo.processInfo.environment["KAFKA_BOOTSTRAP"] {
            try await measure(
                servers.split(separator: ",").map { String($0) },
                topic: "awaited-sends-\(UInt32.random(in: 0 ... .max))"
            )
        } else {
            try await withKafkaMockCluster { cluster in
                try await cluster.createTopic("awaited-sends", partitions: 6)
                try await measure(cluster.bootstrapServers, topic: "awaited-sends")
            }
        }
    }

    static func measure(_ servers: [String], topic: String) async throws {
        print("records a second, medians of \(rounds) rounds")
        print("tasks\tC, linger 5\tC, linger 0\tAsyncKafka\tto linger 5\tto linger 0")
        for load in loads {
            var rates: [String: [Double]] = [:]
            for _ in 0..<rounds {
                for way in ["5", "0", "swift"].shuffled() {
                    let seconds =
                        way == "swift"
                        ? try await sends(servers, topic, load.tasks, load.records)
                        : try await baseline(servers, topic, load.tasks, load.records, linger: way)
                    rates[way, default: []].append(Double(load.records) / seconds)
                }
            }
            let (linger, none, swift) = (median(rates["5"]), median(rates["0"]), median(rates["swift"]))
            let figures = [linger, none, swift].map { String(Int($0)) }
            let ratios = [swift / linger, swift / none].map { String(format: "%.2f", $0) }
            print(([String(load.tasks)] + figures + ratios).joined(separator: "\t"))
        }
    }

    static func sends(_ servers: [String], _ topic: String, _ tasks: Int, _ records: Int) async throws -> Double {
        var configuration = KafkaProducerConfiguration(bootstrapServers: servers)
        configuration.log = .none
        return try await withKafkaProducer(configuration) { producer in
            let record = KafkaRecord(topic: topic, value: KafkaBytes(Array(repeating: 0, count: 100)))
            try await producer.send(record)
            let clock = ContinuousClock()
            let start = clock.now
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<tasks {
                    group.addTask { for _ in 0..<records / tasks { try await producer.send(record) } }
                }
                try await group.waitForAll()
            }
            return (clock.now - start) / .seconds(1)
        }
    }

    static func baseline(
        _ servers: [String],
        _ topic: String,
        _ tasks: Int,
        _ records: Int,
        linger: String
    ) async throws -> Double {
        // Blocks: a thread of its own.
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                var text = [CChar](repeating: 0, count: 512)
                let bootstrap = servers.joined(separator: ",")
                let seconds = baseline_awaited_sends(
                    bootstrap,
                    topic,
                    Int32(tasks),
                    Int32(records),
                    linger,
                    &text,
                    Int32(text.count)
                )
                if seconds > 0 {
                    continuation.resume(returning: seconds)
                } else {
                    let reason = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
                    continuation.resume(throwing: Failure(reason: String(decoding: reason, as: UTF8.self)))
                }
            }
        }
    }

    struct Failure: Error {
        let reason: String
    }

    static func median(_ values: [Double]?) -> Double {
        let sorted = (values ?? []).sorted()
        return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    }
}
