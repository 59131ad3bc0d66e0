/// What a process of its own is to do and measure.
struct Job: Codable {
    var work: Work
    var way: Way
    var servers: [String]
    var topic: String
    /// Of a consumer.
    var group: String?
    var partitions: Int
    var records: Int
    var size = 100
    var tasks = 1
    var headers = 0
    /// Whether each record has a value of its own.
    var isFresh = false
    /// Whether values are text instead of zeros.
    var isText = false
    /// Nanoseconds that the handler of a message takes.
    var handler = 0
    var setting: Setting?
    /// Of `LD_PRELOAD`.
    var preload: String?
}

/// The kinds of work.
enum Work: String, Codable {
    case produce, paced, sends, loaded, consume, store, batches, partitions, commits, startProducer, startConsumer,
        idle, lock
}

/// Who does it, and how.
enum Way: String, Codable {
    case producev, produce, batch, single, linger5, linger0, commitQueue, plain, mutex, swift, python, pythonPoll

    var title: String {
        switch self {
        case .producev: "C, producev"
        case .produce: "C, topic's handle"
        case .batch: "C, 1,000 a call"
        case .single: "C, one a call"
        case .linger5: "C, linger 5 ms"
        case .linger0: "C, linger 0"
        case .commitQueue: "C, commit_queue"
        case .plain: "C"
        case .mutex: "Synchronization.Mutex"
        case .swift: "AsyncKafka"
        case .python: "confluent-kafka-python"
        case .pythonPoll: "confluent-kafka-python, poll()"
        }
    }

    var isC: Bool {
        switch self {
        case .mutex, .swift, .python, .pythonPoll: false
        default: true
        }
    }

    var isPython: Bool { self == .python || self == .pythonPoll }
}

/// What came out.
struct Outcome: Codable {
    var records = 0
    var seconds = 0.0
    /// Of the whole process, by getrusage.
    var cpuSeconds = 0.0
    /// Bytes beyond what the process had before it made a client; nil where that was not measured.
    var peakBytes: Int?
    /// Seconds.
    var p50: Double?
    var p99: Double?
    /// A second.
    var wakeups: Double?
    /// What went to brokers for a record, in bytes.
    var sentBytes: Double?
    var engine = ""

    var rate: Double { seconds > 0 ? Double(records) / seconds : 0 }
    /// Microseconds a record.
    var cpu: Double { records > 0 ? cpuSeconds / Double(records) * 1e6 : 0 }
}

struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
