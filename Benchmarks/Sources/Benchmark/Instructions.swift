import AsyncKafkaTesting
import Foundation

/// Instructions that a record takes, counted by callgrind, against the mock cluster: what more records take beyond fewer, so without the
/// start. All threads of the process count, the kernel and the mock do not.
enum Instructions {
    private static let (few, many) = (15_000, 45_000)

    private struct Line {
        var title: String
        var work: Work
        var way: Way
        /// What it is compared with.
        var base: Way
        /// The most that AsyncKafka may take beyond C. Lower it when it gets better; raise it for a reason alone.
        var limit: Double?
    }

    private static let lines = [
        Line(title: "produce: C, producev", work: .produce, way: .producev, base: .producev),
        Line(title: "produce: enqueue", work: .produce, way: .swift, base: .producev, limit: 5_200),
        Line(title: "consume: C, 1,000 a call", work: .consume, way: .batch, base: .batch),
        Line(title: "consume: messages", work: .consume, way: .swift, base: .batch, limit: 2_800),
        Line(title: "consume: batches", work: .batches, way: .swift, base: .batch, limit: 2_000),
    ]

    /// Throws if a limit is exceeded.
    static func run() async throws {
        let beyond = try await withKafkaMockCluster { mock in
            var cluster = Cluster(servers: mock.bootstrapServers, isMock: true) { topic in
                try await mock.createTopic(topic, partitions: Cluster.partitions)
            }
            var (bases, beyond): ([Way: Double], Int) = ([:], 0)
            say("instructions a record          all   beyond C   limit")
            for line in lines {
                let mode = Mode(name: "", title: "", work: line.work, ways: [], records: many)
                let topic =
                    mode.reads ? try await cluster.filled(for: mode, nil, records: many) : try await cluster.topic()
                var job = Job(
                    work: line.work,
                    way: line.way,
                    servers: cluster.servers,
                    topic: topic,
                    group: "instructions",
                    partitions: Cluster.partitions,
                    records: many
                )
                let all = try count(job)
                job.records = few
                let count = Double(all - (try count(job))) / Double(many - few)
                guard let limit = line.limit, let base = bases[line.base] else {
                    bases[line.way] = count
                    say("\(line.title.padded(26))\(Int(count).grouped.aligned(8))")
                    continue
                }
                let own = count - base
                if own > limit { beyond += 1 }
                say(
                    "\(line.title.padded(26))\(Int(count).grouped.aligned(8))\(Int(own).grouped.aligned(11))"
                        + "\(Int(limit).grouped.aligned(8))\(own > limit ? "  beyond" : "")"
                )
            }
            return beyond
        }
        guard beyond == 0 else {
            throw Failure("\(beyond) kinds of work take more than they may: see `limit` in Instructions.swift")
        }
    }

    /// What one process takes from its start to its end.
    private static func count(_ job: Job) throws -> Int {
        let log = FileManager.default.temporaryDirectory.appendingPathComponent("instructions-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: log) }
        let callgrind = [
            "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--log-file=\(log.path)",
        ]
        do {
            _ = try Child.run(job, python: nil, script: "", under: callgrind)
        } catch {
            let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
            throw Failure("under valgrind: \(error)\n\(text.suffix(2_000))")
        }
        // "==7== Collected : 1234".
        let text = try String(contentsOf: log, encoding: .utf8)
        guard let line = text.split(separator: "\n").first(where: { $0.contains("Collected :") }),
            let count = line.split(separator: " ").last.flatMap({ Int($0) })
        else { throw Failure("callgrind said nothing of instructions") }
        return count
    }
}
