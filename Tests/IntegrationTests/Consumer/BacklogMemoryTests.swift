#if os(Linux)
    import AsyncKafka
    import Testing

    extension RealKafkaTests {
        /// The memory of a consumer with a backlog and a slow body, beside what is promised: budget + brokers × fetch size + 450 B a
        /// queued record.
        @Suite(.timeLimit(.minutes(4)))
        struct BacklogMemoryTests {
            struct Backlog: Codable {
                let records: Int
                let size: Int
                let isCompressed: Bool
            }

            /// Processes of their own, so that no measurement lives off memory that another one has left behind.
            @Test(arguments: [
                Backlog(records: 500_000, size: 100, isCompressed: false),
                Backlog(records: 200_000, size: 1024, isCompressed: false),
                Backlog(records: 100_000, size: 1024, isCompressed: true),
            ])
            func aBacklogTakesWhatIsPromised(_ backlog: Backlog) async throws {
                try await withTopic(partitions: 1) { topic in
                    try await fill(topic, backlog)
                    let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
                        [topic = topic as String, backlog = backlog as Backlog] in
                        try await readSlowly(topic, backlog)
                    }
                    print(String(decoding: result?.standardOutputContent ?? [], as: UTF8.self), terminator: "")
                }
            }

            private func fill(_ topic: String, _ backlog: Backlog) async throws {
                var configuration = RealKafka.producer
                configuration.compression = backlog.isCompressed ? .zstd : .none
                let record = KafkaRecord(
                    topic: topic,
                    partition: 0,
                    value: KafkaBytes(Array(repeating: UInt8(ascii: "x"), count: backlog.size))
                )
                try await withKafkaProducer(configuration) { producer in
                    for _ in 0..<backlog.records / 10_000 {
                        for result in await producer.send(contentsOf: Array(repeating: record, count: 10_000)) {
                            _ = try result.get()
                        }
                    }
                }
            }
        }
    }

    private func readSlowly(_ topic: String, _ backlog: RealKafkaTests.BacklogMemoryTests.Backlog) async throws {
        var configuration = RealKafka.consumer(group: RealKafka.uniqueName("group"), policy: .manual)
        let budget = 16 * 1024 * 1024
        configuration.fetch.prefetchBytes = budget
        configuration.statisticsInterval = .milliseconds(100)
        let partition = KafkaTopicPartition(topic: topic, partition: 0)
        try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
            // What a client takes that has nothing to read, statistics and their decoding included, is not the backlog's.
            try await consumer.pause([partition])
            var snapshots = 0
            for try await statistics in consumer.statistics where statistics.group?.assignedPartitions == 1 {
                snapshots += 1
                if snapshots == 20 { break }
            }
            let before = try Memory.resident()
            try await consumer.resume([partition])
            var messages = consumer.messages.makeAsyncIterator()
            var peak = 0
            var queued = 0
            var unchanged = 0
            var read = 0
            // Some messages for each snapshot, until nothing has grown for three seconds.
            for try await statistics in consumer.statistics {
                for _ in 0..<10 {
                    if try await messages.next() != nil { read += 1 }
                }
                let resident = try Memory.resident() - before
                let count = statistics[partition]?.prefetchedRecords ?? 0
                unchanged = resident > peak || count > queued ? 0 : unchanged + 1
                peak = max(peak, resident)
                queued = max(queued, count)
                if unchanged == 30 { break }
            }
            let promised = budget + budget / 4 + 450 * queued
            print(
                """
                \(backlog.records) records of \(backlog.size) bytes\(backlog.isCompressed ? ", zstd" : ""): \(queued) queued at most \
                while \(read) were read, \(peak.megabytes) more than without; budget + fetch size + 450 B a record are \
                \(promised.megabytes)
                """
            )
            #expect(queued > 1000)
            // Beyond it there is what was drained for the loop, a copy of about a megabyte, and what the allocator keeps for itself.
            // Compression multiplies what one answer holds.
            if !backlog.isCompressed, !Memory.isSanitized { #expect(peak < promised + promised / 4) }
        }
    }
#endif
