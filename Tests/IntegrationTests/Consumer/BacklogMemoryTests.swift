#if os(Linux)
    import AsyncKafka
    import TestSupport
    import Testing

    extension RealKafkaTests {
        /// The memory of a consumer with a large backlog and a slow body, beside what is promised: budget + brokers × fetch size +
        /// 450 B a queued record, and for compressed records what the fetch size becomes when it is decompressed.
        ///
        /// `Scripts/test --help` says how to have it at length.
        @Suite(.timeLimit(.minutes(20)))
        struct BacklogMemoryTests {
            struct Backlog: Codable {
                let recordSize: Int
                let compression: String

                var count: Int {
                    IntegrationTests.count("ASYNC_KAFKA_BACKLOG_MEGABYTES", or: 500) * 1_000_000 / recordSize
                }

                /// What compresses is text with numbers that hardly repeat, as most data are: some seven times smaller.
                var values: [[UInt8]] {
                    guard compression != "none" else {
                        return [Array(repeating: UInt8(ascii: "x"), count: recordSize)]
                    }
                    var numbers = SplitMix(state: 1)
                    return (0..<1000).map { _ in
                        var text = ""
                        while text.utf8.count < recordSize {
                            let customer = numbers.next() % 1_000_000
                            let cents = numbers.next() % 10_000
                            text += #"{"customer": \#(customer), "item": "umbrella", "cents": \#(cents)}, "#
                        }
                        return Array(text.utf8.prefix(recordSize))
                    }
                }
            }

            /// Processes of their own, so that no measurement lives off memory that another one has left behind.
            @Test(arguments: [
                Backlog(recordSize: 100, compression: "none"),
                Backlog(recordSize: 1024, compression: "none"),
                Backlog(recordSize: 1024, compression: "zstd"),
            ])
            func aBacklogTakesWhatIsPromised(_ backlog: Backlog) async throws {
                try await withTopic(partitions: 2) { topic in
                    try await BacklogMaker.fill(
                        topic,
                        partition: 0,
                        count: backlog.count,
                        values: backlog.values,
                        compression: backlog.compression,
                        bootstrapServers: RealKafka.bootstrapServers.joined(separator: ",")
                    )
                    let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
                        [topic = topic as String, backlog = backlog as Backlog] in
                        try await readSlowly(topic, backlog)
                    }
                    print(String(decoding: result?.standardOutputContent ?? [], as: UTF8.self), terminator: "")
                    // Other tests have no use for its gigabytes.
                    if RealKafka.toolPath != nil {
                        _ = try await RealKafka.tool("topics", ["--delete", "--topic", topic])
                    }
                }
            }
        }
    }

    private func readSlowly(_ topic: String, _ backlog: RealKafkaTests.BacklogMemoryTests.Backlog) async throws {
        var configuration = KafkaConsumerConfiguration(bootstrapServers: RealKafka.bootstrapServers)
        let budget = 16 * 1024 * 1024
        configuration.fetch.prefetchBytes = budget
        configuration.statisticsInterval = .milliseconds(100)
        let empty = KafkaTopicPartition(topic: topic, partition: 1)
        let full = KafkaTopicPartition(topic: topic, partition: 0)
        // Ten snapshots a second.
        let steady = 10 * count("ASYNC_KAFKA_BACKLOG_STEADY_SECONDS", or: 5)
        try await withKafkaConsumer(configuration) { consumer in
            // What a client takes that finds nothing to read, statistics and their decoding included, is not the backlog's.
            try await consumer.assign([empty: .beginning])
            var snapshots = 0
            for try await _ in consumer.statistics {
                snapshots += 1
                if snapshots == 30 { break }
            }
            let before = try Memory.resident()
            try Memory.forgetPeak()
            try await consumer.incrementalAssign([full: .beginning])
            var messages = consumer.messages.makeAsyncIterator()
            var peak = 0
            var queued = 0
            var unchanged = 0
            var read = 0
            var growth = 1.0
            // A hundred messages for each snapshot, until nothing has grown for long enough.
            for try await statistics in consumer.statistics {
                for _ in 0..<100 {
                    if try await messages.next() != nil { read += 1 }
                }
                let resident = try Memory.peak() - before
                let count = statistics[full]?.prefetchedRecords ?? 0
                let received = statistics.brokers.reduce(0) { $0 + ($1.receivedBytes ?? 0) }
                if let bytes = statistics[full]?.receivedBytes, received > 0 {
                    growth = Double(bytes) / Double(received)
                }
                unchanged = resident > peak || count > queued ? 0 : unchanged + 1
                peak = max(peak, resident)
                queued = max(queued, count)
                if unchanged == steady { break }
            }
            let answer = Int(Double(budget / 4) * max(1, growth))
            let promised = budget + answer + 450 * queued
            print(
                """
                \(backlog.count) records of \(backlog.recordSize) bytes, compression \(backlog.compression), \
                \((growth * 100).rounded() / 100) times as large in memory as in an answer: \(peak.megabytes) at most with \
                \(queued) queued while \(read) were read; promised are \(promised.megabytes): \(budget.megabytes) + \
                \(answer.megabytes) + \((450 * queued).megabytes)
                """
            )
            #expect(queued > 1000)
            // Measured at all.
            #expect(peak > budget / 2)
            if !Memory.isSanitized { #expect(peak <= promised) }
        }
    }
#endif
