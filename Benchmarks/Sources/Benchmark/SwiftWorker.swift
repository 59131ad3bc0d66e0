import AsyncKafka
import CBaseline
import Foundation
import Synchronization

/// AsyncKafka's part, with default settings unless the job names another one.
struct SwiftWorker {
    let job: Job

    init(_ job: Job) {
        self.job = job
    }

    func run() async throws -> Outcome {
        switch job.work {
        case .produce: try await produce()
        case .paced: try await enqueuePaced()
        case .sends: try await sends()
        case .loaded: try await sendUnderLoad()
        case .consume, .store: try await consume()
        case .batches: try await batches()
        case .partitions: try await partitions()
        case .commits: try await commits()
        case .startProducer: try await startProducer()
        case .startConsumer: try await startConsumer()
        case .idle: try await idle()
        case .lock: job.way == .mutex ? mutex() : lock()
        }
    }

    private var headers: KafkaHeaders {
        KafkaHeaders((0..<job.headers).map { _ in KafkaHeader("header", "sixteen bytes ..") })
    }

    private func withProducer<Result>(_ body: (KafkaProducer) async throws -> Result) async throws -> Result {
        var configuration = KafkaProducerConfiguration(bootstrapServers: job.servers)
        configuration.log = .none
        job.setting?.change(&configuration)
        // Costs as much as nothing, and says how much went over the network.
        if job.isText { configuration.statisticsInterval = .milliseconds(500) }
        return try await withKafkaProducer(configuration, body)
    }

    // MARK: Producing

    /// What records have for their values, in turn.
    private var values: [KafkaBytes] {
        job.isText ? Text.values(size: job.size) : [KafkaBytes(repeatElement(0, count: job.size))]
    }

    private func produce() async throws -> Outcome {
        try await withProducer { producer in
            let values = values
            // As C has one: filled anew for each record, and copied then.
            var buffer = [UInt8](repeating: 0, count: job.size)
            try await producer.send(KafkaRecord(topic: job.topic, value: KafkaBytes()))
            let measure = Measure()
            for number in 0..<job.records {
                if job.isFresh { buffer.withUnsafeMutableBytes { baseline_fill($0.baseAddress, $0.count, number) } }
                let record = KafkaRecord(
                    topic: job.topic,
                    value: job.isFresh ? KafkaBytes(buffer) : values[number % values.count],
                    headers: job.headers > 0 ? headers : []
                )
                _ = try await producer.enqueue(record)
            }
            guard job.isText else {
                let report = await producer.close()
                guard report.delivered == job.records + 1 else { throw Failure("\(report)") }
                return measure.outcome(job.records)
            }
            guard try await producer.flush() == 0 else { throw Failure("not everything was delivered") }
            return try await measure.outcome(job.records).noting(producer)
        }
    }

    /// Ten records every millisecond, whose deliveries nobody awaits.
    private func enqueuePaced() async throws -> Outcome {
        try await withProducer { producer in
            let values = values
            let reports = producer.deliveryReports
            let count = job.records
            try await producer.send(KafkaRecord(topic: job.topic, value: KafkaBytes()))
            let reader = Task {
                var latencies: [Double] = []
                for try await report in reports {
                    guard report.kind != .missed else { throw Failure("reports were missed") }
                    guard let sent = report.context as? Double else { continue }
                    latencies.append(baseline_now() - sent)
                    if latencies.count == count { break }
                }
                return latencies
            }
            let measure = Measure()
            for number in 0..<count {
                let early = measure.start + Double(number / 10) / 1_000 - baseline_now()
                if early > 0 { try await Task.sleep(for: .seconds(early)) }
                let record = KafkaRecord(topic: job.topic, value: values[number % values.count])
                _ = try await producer.enqueue(record, context: baseline_now())
            }
            let latencies = try await reader.value
            return try await measure.outcome(count, latencies).noting(producer)
        }
    }

    private func sends() async throws -> Outcome {
        try await withProducer { producer in
            let record = KafkaRecord(topic: job.topic, value: KafkaBytes(repeatElement(0, count: job.size)))
            try await producer.send(record)
            let measure = Measure()
            let latencies = try await inTasks { _ in
                var latencies: [Double] = []
                for _ in 0..<job.records / job.tasks {
                    let sent = baseline_now()
                    try await producer.send(record)
                    latencies.append(baseline_now() - sent)
                }
                return latencies
            }
            return measure.outcome(job.records / job.tasks * job.tasks, latencies)
        }
    }

    private func sendUnderLoad() async throws -> Outcome {
        try await withProducer { producer in
            let record = KafkaRecord(topic: job.topic, value: KafkaBytes(repeatElement(0, count: job.size)))
            try await producer.send(record)
            let measure = Measure()
            let flood = Task {
                var count = 0
                while !Task.isCancelled {
                    guard (try? await producer.enqueue(record)) != nil else { break }
                    count += 1
                }
                return count
            }
            var latencies: [Double] = []
            for _ in 0..<job.records {
                let sent = baseline_now()
                try await producer.send(record)
                latencies.append(baseline_now() - sent)
            }
            flood.cancel()
            return measure.outcome(job.records + (await flood.value), latencies)
        }
    }

    private func inTasks(
        _ body: @escaping @Sendable (_ index: Int) async throws -> [Double]
    ) async throws -> [Double] {
        try await withThrowingTaskGroup(of: [Double].self) { group in
            for index in 0..<job.tasks { group.addTask { try await body(index) } }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    // MARK: Consuming

    private func withConsumer<Result>(
        _ policy: KafkaOffsetPolicy? = nil,
        _ body: (KafkaConsumer) async throws -> Result
    ) async throws -> Result {
        var configuration = KafkaConsumerConfiguration(bootstrapServers: job.servers, groupID: job.group)
        configuration.log = .none
        if let policy { configuration.offsetPolicy = policy }
        job.setting?.change(&configuration)
        return try await withKafkaConsumer(configuration) { consumer in
            let places = (0..<job.partitions).map {
                (KafkaTopicPartition(topic: job.topic, partition: $0), KafkaOffsetSpecification.beginning)
            }
            try await consumer.assign(Dictionary(uniqueKeysWithValues: places))
            return try await body(consumer)
        }
    }

    /// Returns a number that depends on what was read, so that nobody leaves it out.
    private func handle(_ message: KafkaMessage) -> Int {
        var bytes = message.value?.count ?? 0
        if job.headers > 0 { for header in message.headers { bytes += header.value?.count ?? 0 } }
        if job.handler > 0 { baseline_spin(Int32(job.handler)) }
        return bytes
    }

    private func consume() async throws -> Outcome {
        // Under the default policy asking for the next message stores the offset of the last.
        try await withConsumer(job.work == .store ? .afterProcessing : .manual) { consumer in
            var (count, bytes) = (0, 0)
            var measure = Measure()
            for try await message in consumer.messages {
                if count == 0 { measure = Measure() }
                count += 1
                bytes += handle(message)
                if count == job.records { break }
            }
            return try measure.outcome(count).checked(bytes, job)
        }
    }

    private func batches() async throws -> Outcome {
        try await withConsumer(.manual) { consumer in
            var (count, bytes) = (0, 0)
            var measure = Measure()
            for try await batch in consumer.batches() {
                if count == 0 { measure = Measure() }
                for message in batch { bytes += handle(message) }
                count += batch.count
                if count >= job.records { break }
            }
            return try measure.outcome(count).checked(bytes, job)
        }
    }

    private func partitions() async throws -> Outcome {
        try await withConsumer(.manual) { consumer in
            let perPartition = job.records / job.partitions
            let (bytes, measure) = try await withThrowingTaskGroup(of: (Int, Measure).self) { group in
                var begun = 0
                for try await partition in consumer.partitions {
                    group.addTask {
                        var (count, bytes) = (0, 0)
                        var measure = Measure()
                        for try await message in partition {
                            if count == 0 { measure = Measure() }
                            bytes += handle(message)
                            count += 1
                            if count == perPartition { break }
                        }
                        return (bytes, measure)
                    }
                    begun += 1
                    if begun == job.partitions { break }
                }
                // Time begins with the first message of all.
                guard let first = try await group.next() else { throw Failure("no partition was assigned") }
                return try await group.reduce(first) { all, one in
                    (all.0 + one.0, all.1.start < one.1.start ? all.1 : one.1)
                }
            }
            return try measure.outcome(perPartition * job.partitions).checked(bytes, job)
        }
    }

    private func commits() async throws -> Outcome {
        try await withConsumer(.manual) { consumer in
            var iterator = consumer.messages.makeAsyncIterator()
            // The first one finds the coordinator.
            if let message = try await iterator.next() { try await consumer.commit(message) }
            guard job.tasks > 1 else {
                let measure = Measure()
                var latencies: [Double] = []
                for _ in 1..<job.records {
                    guard let message = try await iterator.next() else { break }
                    let begun = baseline_now()
                    try await consumer.commit(message)
                    latencies.append(baseline_now() - begun)
                }
                return measure.outcome(latencies.count, latencies)
            }
            var read: [KafkaMessage] = []
            while read.count < job.records, let message = try await iterator.next() { read.append(message) }
            let messages = read
            let measure = Measure()
            let latencies = try await inTasks { index in
                var latencies: [Double] = []
                for number in stride(from: index, to: messages.count, by: job.tasks) {
                    let begun = baseline_now()
                    try await consumer.commit(messages[number])
                    latencies.append(baseline_now() - begun)
                }
                return latencies
            }
            return measure.outcome(latencies.count, latencies)
        }
    }

    // MARK: Start, idleness, lock

    private func startProducer() async throws -> Outcome {
        let measure = Measure()
        return try await withProducer { producer in
            try await producer.send(KafkaRecord(topic: job.topic, value: KafkaBytes()))
            let outcome = measure.outcome(1)
            return measure.outcome(1, [outcome.seconds])
        }
    }

    private func startConsumer() async throws -> Outcome {
        let measure = Measure()
        var configuration = KafkaConsumerConfiguration(bootstrapServers: job.servers, groupID: job.group)
        configuration.log = .none
        return try await withKafkaConsumer(configuration, subscribingTo: [job.topic]) { consumer in
            for try await _ in consumer.messages { break }
            let outcome = measure.outcome(1)
            return measure.outcome(1, [outcome.seconds])
        }
    }

    private func idle() async throws -> Outcome {
        try await withProducer { producer in
            try await producer.send(KafkaRecord(topic: job.topic, value: KafkaBytes()))
            return try await withConsumer { consumer in
                let loop = Task { for try await _ in consumer.messages where Task.isCancelled { break } }
                try await Task.sleep(for: .seconds(2))
                let measure = Measure()
                let switches = baseline_voluntary_switches()
                try await Task.sleep(for: .milliseconds(job.records))
                var outcome = measure.outcome(job.records)
                outcome.wakeups = Double(baseline_voluntary_switches() - switches) / outcome.seconds
                loop.cancel()
                _ = await loop.result
                return outcome
            }
        }
    }

    private func lock() -> Outcome {
        let counter = Locked(0)
        return inThreads { counter.withLock { $0 += 1 } }
    }

    private func mutex() -> Outcome {
        let counter = Counter()
        return inThreads { counter.value.withLock { $0 += 1 } }
    }

    @inline(__always)
    private func inThreads(_ work: @escaping @Sendable () -> Void) -> Outcome {
        let times = job.records / job.tasks
        let measure = Measure()
        let threads = DispatchGroup()
        for _ in 0..<job.tasks {
            threads.enter()
            Thread.detachNewThread {
                for _ in 0..<times { work() }
                threads.leave()
            }
        }
        threads.wait()
        return measure.outcome(times * job.tasks)
    }
}

private final class Counter: Sendable {
    let value = Mutex(0)
}

/// From its making to an outcome.
struct Measure {
    let start = baseline_now()
    let cpu = baseline_cpu()

    func outcome(_ records: Int, _ latencies: [Double] = []) -> Outcome {
        var outcome = Outcome(records: records, seconds: baseline_now() - start, cpuSeconds: baseline_cpu() - cpu)
        outcome.note(latencies)
        return outcome
    }
}

extension Outcome {
    func checked(_ bytes: Int, _ job: Job) throws -> Outcome {
        guard bytes >= records * job.size else { throw Failure("\(bytes) bytes in \(records) records") }
        return self
    }

    /// What went over the network: a flushed producer's statistics know.
    func noting(_ producer: KafkaProducer) async throws -> Outcome {
        var outcome = self
        var reports = producer.statistics.makeAsyncIterator()
        // The first one may be from before.
        for _ in 0..<2 {
            guard let statistics = try await reports.next() else { break }
            let bytes = statistics.brokers.reduce(0) { $0 + ($1.sentBytes ?? 0) }
            outcome.sentBytes = Double(bytes) / Double(records)
        }
        return outcome
    }
}
