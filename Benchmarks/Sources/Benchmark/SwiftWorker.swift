import AsyncKafka
import CBaseline
import Foundation

/// AsyncKafka's part, with default settings.
struct SwiftWorker {
    let job: Job

    init(_ job: Job) {
        self.job = job
    }

    func run() async throws -> Outcome {
        switch job.work {
        case .produce: try await produce()
        case .sends: try await sends()
        case .loaded: try await sendUnderLoad()
        case .consume, .store: try await consume()
        case .batches: try await batches()
        case .partitions: try await partitions()
        case .commits: try await commits()
        case .startProducer: try await startProducer()
        case .startConsumer: try await startConsumer()
        case .idle: try await idle()
        case .lock: lock()
        }
    }

    private var headers: KafkaHeaders {
        KafkaHeaders((0..<job.headers).map { _ in KafkaHeader("header", "sixteen bytes ..") })
    }

    private func withProducer<Result>(_ body: (KafkaProducer) async throws -> Result) async throws -> Result {
        var configuration = KafkaProducerConfiguration(bootstrapServers: job.servers)
        configuration.log = .none
        return try await withKafkaProducer(configuration, body)
    }

    // MARK: Producing

    private func produce() async throws -> Outcome {
        try await withProducer { producer in
            let shared = KafkaBytes(repeatElement(0, count: job.size))
            var bytes = [UInt8](repeating: 0, count: job.size)
            try await producer.send(KafkaRecord(topic: job.topic, value: KafkaBytes()))
            let measure = Measure()
            for number in 0..<job.records {
                if job.isFresh { for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: number) } }
                let record = KafkaRecord(
                    topic: job.topic,
                    value: job.isFresh ? KafkaBytes(bytes) : shared,
                    headers: job.headers > 0 ? headers : []
                )
                _ = try await producer.enqueue(record)
            }
            let report = await producer.close()
            guard report.delivered == job.records + 1 else { throw Failure("\(report)") }
            return measure.outcome(job.records)
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
            let measure = Measure()
            let perPartition = job.records / job.partitions
            let bytes = try await withThrowingTaskGroup(of: Int.self) { group in
                var begun = 0
                for try await partition in consumer.partitions {
                    group.addTask {
                        var (count, bytes) = (0, 0)
                        for try await message in partition {
                            bytes += handle(message)
                            count += 1
                            if count == perPartition { break }
                        }
                        return bytes
                    }
                    begun += 1
                    if begun == job.partitions { break }
                }
                return try await group.reduce(0, +)
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
        let times = job.records / job.tasks
        let measure = Measure()
        let threads = DispatchGroup()
        for _ in 0..<job.tasks {
            threads.enter()
            Thread.detachNewThread {
                for _ in 0..<times { counter.withLock { $0 += 1 } }
                threads.leave()
            }
        }
        threads.wait()
        return measure.outcome(counter.withLock { $0 })
    }
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
}
