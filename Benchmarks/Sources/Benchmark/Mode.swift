/// One line of work in the benchmark.
struct Mode {
    /// What `--modes` calls it.
    let name: String
    let title: String
    let work: Work
    let ways: [Way]
    /// At the full size, and what of it the mock can take.
    let records: Int
    /// What the ways are instead, where AsyncKafka is compared with itself.
    var settings: [Setting] = []
    var size = 100
    var tasks = 1
    var headers = 0
    var isFresh = false
    var isText = false
    var handler = 0
    /// Whether `--records` changes how many there are.
    var isScaled = true
    /// Whether it waits for something at each record; then latencies are shown.
    var waits = false

    /// Whether it reads what was written before.
    var reads: Bool {
        switch work {
        case .consume, .store, .batches, .partitions, .commits, .startConsumer, .idle: true
        default: false
        }
    }

    /// AsyncKafka beside others.
    static let comparison: [Mode] = [
        Mode(
            name: "produce",
            title: "produce 100 B",
            work: .produce,
            ways: [.producev, .produce, .swift, .python],
            records: 1_000_000
        ),
        Mode(
            name: "produce-fresh",
            title: "produce 100 B, a fresh value each",
            work: .produce,
            ways: [.producev, .swift],
            records: 1_000_000,
            isFresh: true
        ),
        Mode(
            name: "produce-1k",
            title: "produce 1 KiB, a fresh value each",
            work: .produce,
            ways: [.producev, .produce, .swift, .python],
            records: 300_000,
            size: 1024,
            isFresh: true
        ),
        Mode(
            name: "produce-headers",
            title: "produce 100 B with 3 headers",
            work: .produce,
            ways: [.producev, .swift, .python],
            records: 300_000,
            headers: 3
        ),
        Mode(
            name: "consume",
            title: "consume 100 B",
            work: .consume,
            ways: [.batch, .single, .swift, .python, .pythonPoll],
            records: 1_000_000
        ),
        Mode(
            name: "consume-1k",
            title: "consume 1 KiB",
            work: .consume,
            ways: [.batch, .single, .swift, .python],
            records: 300_000,
            size: 1024
        ),
        Mode(
            name: "consume-headers",
            title: "consume 100 B with 3 headers, read",
            work: .consume,
            ways: [.batch, .single, .swift, .python],
            records: 300_000,
            headers: 3
        ),
        Mode(
            name: "store",
            title: "consume 100 B, store each offset",
            work: .store,
            ways: [.batch, .single, .swift, .python],
            records: 1_000_000
        ),
        Mode(
            name: "batches",
            title: "consume 100 B in batches",
            work: .batches,
            ways: [.batch, .single, .swift],
            records: 1_000_000
        ),
        Mode(
            name: "partitions",
            title: "consume 100 B, a stream each partition",
            work: .partitions,
            ways: [.batch, .single, .swift],
            records: 1_000_000
        ),
        Mode(
            name: "handler",
            title: "consume 100 B, a handler of 1 µs",
            work: .consume,
            ways: [.batch, .single, .swift],
            records: 1_000_000,
            handler: 1_000
        ),
        sends(1, records: 600),
        sends(10, records: 4_000),
        sends(100, records: 40_000),
        sends(1_000, records: 200_000),
        sends(10_000, records: 500_000),
        Mode(
            name: "loaded",
            title: "one task awaits each send while another one floods",
            work: .loaded,
            ways: [.plain, .swift],
            records: 200,
            waits: true
        ),
        Mode(
            name: "commit-1",
            title: "commit each message, one task",
            work: .commits,
            ways: [.commitQueue, .swift, .python],
            records: 2_000,
            waits: true
        ),
        Mode(
            name: "commit-1000",
            title: "commit each message, 1,000 tasks",
            work: .commits,
            ways: [.commitQueue, .swift],
            records: 50_000,
            tasks: 1_000,
            waits: true
        ),
        Mode(
            name: "start-producer",
            title: "start to the first delivery",
            work: .startProducer,
            ways: [.plain, .swift],
            records: 1,
            isScaled: false,
            waits: true
        ),
        Mode(
            name: "start-consumer",
            title: "start to the first message of a group's member",
            work: .startConsumer,
            ways: [.plain, .swift],
            records: 1,
            isScaled: false,
            waits: true
        ),
        // Milliseconds instead of records.
        Mode(
            name: "idle",
            title: "an idle producer and an idle consumer",
            work: .idle,
            ways: [.plain, .swift],
            records: 5_000,
            isScaled: false
        ),
        lock(1),
        lock(2),
        lock(4),
    ]

    /// AsyncKafka with one setting changed, beside its defaults.
    static let settings: [Mode] = [
        settings(
            "produce",
            "enqueue text of 100 B",
            .produce,
            [.linger0, .linger50, .bytes100k, .records100k, .queue10k, .queue1M, .lowestLatency, .highestThroughput],
            records: 1_000_000
        ),
        settings(
            "compression",
            "enqueue text of 1 KiB",
            .produce,
            [.lz4, .snappy, .zstd, .gzip],
            records: 200_000,
            size: 1024
        ),
        settings(
            "linger",
            "enqueue text of 100 B, 10,000 a second",
            .paced,
            [.linger0, .linger1, .linger50, .lowestLatency, .highestThroughput],
            records: 20_000,
            waits: true
        ),
        settings(
            "sends",
            "awaited sends of 100 B from 1,000 tasks",
            .sends,
            [.linger0, .linger50, .lowestLatency, .highestThroughput],
            records: 200_000,
            tasks: 1_000,
            waits: true
        ),
        settings(
            "fetch",
            "consume text of 100 B",
            .consume,
            [.prefetch10k, .prefetch1M, .bytes8M, .bytes256M, .minBytes, .checksums],
            records: 1_000_000
        ),
        settings(
            "handler",
            "consume text of 100 B, a handler of 1 µs",
            .consume,
            [.prefetch1M, .bytes8M],
            records: 1_000_000,
            handler: 1_000
        ),
        settings(
            "codec",
            "consume text of 1 KiB",
            .consume,
            [.lz4Topic, .snappyTopic, .zstdTopic, .gzipTopic],
            records: 200_000,
            size: 1024
        ),
    ]

    static var all: [Mode] { comparison + settings }

    private static func settings(
        _ name: String,
        _ title: String,
        _ work: Work,
        _ settings: [Setting],
        records: Int,
        size: Int = 100,
        tasks: Int = 1,
        handler: Int = 0,
        waits: Bool = false
    ) -> Mode {
        Mode(
            name: "settings-\(name)",
            title: title,
            work: work,
            ways: [.swift],
            records: records,
            settings: settings,
            size: size,
            tasks: tasks,
            isText: true,
            handler: handler,
            waits: waits
        )
    }

    private static func sends(_ tasks: Int, records: Int) -> Mode {
        Mode(
            name: "sends-\(tasks)",
            title: "awaited sends from \(tasks.grouped) task\(tasks == 1 ? "" : "s")",
            work: .sends,
            ways: [.linger5, .linger0, .swift, .python],
            records: records,
            tasks: tasks,
            waits: true
        )
    }

    private static func lock(_ threads: Int) -> Mode {
        Mode(
            name: "lock-\(threads)",
            title: "a lock under \(threads) thread\(threads == 1 ? "" : "s")",
            work: .lock,
            ways: [.plain, .swift, .mutex],
            records: 4_000_000,
            tasks: threads
        )
    }
}

extension BinaryInteger {
    /// 1,234,567.
    var grouped: String {
        var text = ""
        for (index, digit) in String(self).reversed().enumerated() {
            if index > 0, index % 3 == 0, digit != "-" { text.append(",") }
            text.append(digit)
        }
        return String(text.reversed())
    }
}
