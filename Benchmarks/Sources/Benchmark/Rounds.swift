import Foundation

/// All modes, in each round in another order, and what came out.
final class Rounds {
    private let options: Options
    private var cluster: Cluster
    private var random: Seeded
    private var results: [String: [Result]] = [:]
    private var failures: [String] = []
    private var otherWork: Double?

    /// One mode in one round.
    struct Result: Codable {
        var round: Int
        var outcomes: [String: Outcome]
    }

    init(_ options: Options, _ cluster: Cluster) {
        self.options = options
        self.cluster = cluster
        random = Seeded(state: options.seed)
    }

    func run() async throws {
        otherWork = try await Processor.busy()
        say("seed \(options.seed), \(options.rounds) rounds")
        if let otherWork, otherWork > Processor.tolerable {
            say("The processors are \(Int(otherWork * 100)) % busy with other work: figures will not be worth much.")
        }
        if let reason = options.pythonReason { say("without confluent-kafka-python: \(reason)") }
        let total = options.modes.reduce(0) { $0 + contestants($1).count } * options.rounds
        var done = 0
        let begun = Date()
        for round in 1...options.rounds {
            for mode in options.modes.shuffled(using: &random) {
                let own = mode.reads && mode.work != .idle ? nil : try await cluster.topic()
                var outcomes: [String: Outcome] = [:]
                for contestant in contestants(mode).shuffled(using: &random) {
                    done += 1
                    let title = contestant.title(report.library)
                    do {
                        let topic =
                            if let own { own } else {
                                try await cluster.filled(for: mode, contestant.setting, records: records(mode))
                            }
                        let job = job(mode, contestant, topic)
                        let outcome = try Child.run(job, python: options.python, script: options.script)
                        outcomes[contestant.name] = outcome
                        progress(done, total, begun, "\(mode.title): \(title)", outcome)
                    } catch {
                        failures.append("\(mode.name), \(title), round \(round): \(error)")
                        say("FAILED: \(failures[failures.count - 1])")
                    }
                }
                if let own { try await cluster.delete(own) }
                results[mode.name, default: []].append(Result(round: round, outcomes: outcomes))
            }
        }
        try await cluster.deleteFilled()
        try options.write(report)
        guard failures.isEmpty else {
            throw Failure("\(failures.count) runs failed: \(failures.joined(separator: "; "))")
        }
    }

    /// Of what has come out so far.
    private var report: Report {
        Report(
            Report.Facts(
                seed: options.seed,
                broker: cluster.isMock ? "librdkafka's mock cluster" : "Kafka",
                processors: ProcessInfo.processInfo.processorCount,
                processor: Processor.name,
                otherWork: otherWork,
                rounds: options.rounds,
                isShort: options.isShort,
                preload: options.preload
            ),
            options.modes,
            results
        )
    }

    private func contestants(_ mode: Mode) -> [Contestant] {
        mode.contestants(python: options.python != nil, preload: options.preload != nil)
    }

    private func records(_ mode: Mode) -> Int {
        guard mode.isScaled else { return mode.work == .idle && options.isShort ? 1_000 : mode.records }
        var records = max(Int(Double(mode.records) * options.scale), mode.waits ? max(20, 2 * mode.tasks) : 1_000)
        // The mock keeps 5 MB of a partition, and counts more than values.
        if cluster.isMock, mode.reads {
            records = min(records, Cluster.partitions * 4_000_000 / (mode.size + 60 + 30 * mode.headers))
        }
        return records
    }

    private func job(_ mode: Mode, _ contestant: Contestant, _ topic: String) -> Job {
        var job = Job(
            work: mode.work,
            way: contestant.way,
            servers: cluster.servers,
            topic: topic,
            group: "benchmark-\(UInt32.random(in: 0 ... .max))",
            partitions: Cluster.partitions,
            records: records(mode)
        )
        job.size = mode.size
        job.tasks = mode.tasks
        job.headers = mode.headers
        job.isFresh = mode.isFresh
        job.isText = mode.isText
        job.handler = mode.handler
        job.setting = contestant.setting
        if contestant.isPreloaded { job.preload = options.preload }
        return job
    }

    private func progress(_ done: Int, _ total: Int, _ begun: Date, _ name: String, _ outcome: Outcome) {
        let passed = Date().timeIntervalSince(begun)
        let left = Int(passed / Double(done) * Double(total - done))
        let count = "\(done)/\(total)".padded(9)
        let time = "\(left / 60):\(left % 60 < 10 ? "0" : "")\(left % 60) left"
        say("\(count)\(time)  \(name.padded(76))\(outcome.summary)")
    }
}

/// What the machine has.
enum Processor {
    /// The most other work beside which figures are taken seriously.
    static let tolerable = 0.15

    /// How busy all processors are, from 0 to 1, where the system tells: Linux. The least of five seconds, as what has just been started
    /// may need some.
    static func busy() async throws -> Double? {
        var least: Double?
        for _ in 0..<5 {
            guard let before = times else { return nil }
            try await Task.sleep(for: .seconds(1))
            guard let now = times, now.all > before.all else { return nil }
            let busy = 1 - Double(now.idle - before.idle) / Double(now.all - before.all)
            least = min(least ?? busy, busy)
            if busy <= tolerable { break }
        }
        return least
    }

    private static var times: (idle: Int, all: Int)? {
        guard let text = try? String(contentsOfFile: "/proc/stat", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("cpu ") })
        else { return nil }
        // user, nice, system, idle, waiting for disks, …
        let fields = line.split(separator: " ").dropFirst().compactMap { Int($0) }
        guard fields.count > 4 else { return nil }
        return (fields[3] + fields[4], fields.reduce(0, +))
    }

    /// Where the system tells: Linux.
    static var name: String? {
        guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return nil }
        let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
        return line?.split(separator: ":").last?.trimmingCharacters(in: .whitespaces)
    }
}

extension Outcome {
    var summary: String {
        if let wakeups { return "\(wakeups.short) wake-ups/s" }
        if records == 1 { return "\((seconds * 1e3).short) ms" }
        return "\(Int(rate).grouped) records/s, \(cpu.short) µs CPU"
    }
}

extension String {
    func padded(_ width: Int) -> String {
        self + String(repeating: " ", count: max(1, width - count))
    }

    func aligned(_ width: Int) -> String {
        String(repeating: " ", count: max(0, width - count)) + self
    }
}

extension Double {
    /// Three digits that count.
    var short: String {
        let size = abs(self)
        if size >= 100 || self == 0 { return String(format: "%.0f", self) }
        return String(format: size >= 10 ? "%.1f" : "%.2f", self)
    }
}
