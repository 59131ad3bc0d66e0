import CBaseline
import Foundation

/// Does one job in this process, and nothing else.
enum Worker {
    /// Reads the job from an argument, prints its outcome.
    static func run(_ text: String) async throws {
        let job = try JSONDecoder().decode(Job.self, from: Data(text.utf8))
        let before = Memory.resident
        Memory.forgetPeak()
        var outcome = job.way == .swift || job.way == .mutex ? try await SwiftWorker(job).run() : try baseline(job)
        outcome.peakBytes = Memory.peak.map { max(0, $0 - before) }
        outcome.engine = String(cString: baseline_engine_version())
        FileHandle.standardOutput.write(try JSONEncoder().encode(outcome))
    }

    private static func baseline(_ job: Job) throws -> Outcome {
        let latencies = UnsafeMutablePointer<Double>.allocate(capacity: job.records)
        defer { latencies.deallocate() }
        var result = baseline_result()
        result.latencies = latencies
        let servers = job.servers.joined(separator: ",")
        servers.withCString { servers in
            job.topic.withCString { topic in
                (job.group ?? "benchmark").withCString { group in
                    "0".withCString { none in
                        var c = baseline_job()
                        c.bootstrap = servers
                        c.topic = topic
                        c.group = group
                        c.partitions = Int32(job.partitions)
                        c.records = job.records
                        c.size = Int32(job.size)
                        c.tasks = Int32(job.tasks)
                        c.linger_ms = job.way == .linger0 ? none : nil
                        c.headers = Int32(job.headers)
                        c.fresh = job.isFresh ? 1 : 0
                        c.cached = job.way == .produce ? 1 : 0
                        c.batch = job.way == .batch ? 1000 : 1
                        c.store = job.work == .store ? 1 : 0
                        c.handler_ns = Int32(job.handler)
                        call(job.work, &c, &result)
                    }
                }
            }
        }
        let error = withUnsafeBytes(of: result.error) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        guard error.isEmpty else { throw Failure(error) }
        var outcome = Outcome(records: result.records, seconds: result.seconds, cpuSeconds: result.cpu_seconds)
        outcome.note(Array(UnsafeBufferPointer(start: latencies, count: result.latency_count)))
        if job.work == .idle { outcome.wakeups = result.wakeups }
        return outcome
    }

    private static func call(_ work: Work, _ job: inout baseline_job, _ result: inout baseline_result) {
        switch work {
        case .produce, .paced: baseline_produce(&job, &result)
        case .sends: baseline_awaited_sends(&job, &result)
        case .loaded: baseline_send_under_load(&job, &result)
        case .consume, .store, .batches, .partitions: baseline_consume(&job, &result)
        case .commits: baseline_commit(&job, &result)
        case .startProducer: baseline_start_producer(&job, &result)
        case .startConsumer: baseline_start_consumer(&job, &result)
        case .idle: baseline_idle(&job, &result)
        case .lock: baseline_lock(&job, &result)
        }
    }
}

extension Outcome {
    /// Takes what each wait has taken.
    mutating func note(_ latencies: [Double]) {
        guard !latencies.isEmpty else { return }
        let sorted = latencies.sorted()
        p50 = sorted[sorted.count / 2]
        p99 = sorted[min(sorted.count - 1, sorted.count * 99 / 100)]
    }
}

/// The process's memory, where the system tells: Linux.
enum Memory {
    static var resident: Int { field("VmRSS") ?? 0 }
    static var peak: Int? { field("VmHWM") }

    /// The peak begins anew.
    static func forgetPeak() {
        guard let file = FileHandle(forWritingAtPath: "/proc/self/clear_refs") else { return }
        try? file.write(contentsOf: Data("5".utf8))
        try? file.close()
    }

    private static func field(_ name: String) -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) }),
            let number = line.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) })
        else { return nil }
        return number * 1024
    }
}
