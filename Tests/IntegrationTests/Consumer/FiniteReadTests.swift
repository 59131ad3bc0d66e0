import AsyncKafka
import RdKafka
import Testing

extension RealKafkaTests {
    @Suite(.timeLimit(.minutes(2)))
    struct FiniteReadTests {
        @Test(.needsKafkaTools)
        func aReadEndsWithWhatWasThereAlthoughMoreIsWritten() async throws {
            // One partition stays empty.
            try await withTopic(partitions: 4) { topic in
                for partition in 0..<3 { try await RealKafka.fillBySeconds(topic, partition: partition, count: 2000) }
                try await withKafkaProducer(RealKafka.producer) { producer in
                    try await withKafkaConsumer(RealKafka.reader) { consumer in
                        let isRead = Signal()
                        let hasBegun = Signal()
                        try await withThrowingTaskGroup(of: Void.self) { tasks in
                            tasks.addTask {
                                await hasBegun.wait()
                                var number = 0
                                // One for each partition at least, however fast the read is.
                                while !isRead.hasHappened || number < 4 {
                                    let record = KafkaRecord(topic: topic, partition: number % 4, value: "late")
                                    try await producer.send(record)
                                    number += 1
                                }
                                #expect(number > 0)
                            }
                            let records = try await consumer.records(in: topic, through: .endAtCall)
                            #expect(records.total == 6000)
                            #expect(records.remaining == 6000)
                            hasBegun.set()
                            var counts: [Int: Int64] = [:]
                            var remaining: Int64 = 6000
                            for try await message in records {
                                #expect(message.offset == counts[message.partition, default: 0])
                                counts[message.partition, default: 0] += 1
                                remaining -= 1
                                #expect(records.remaining == remaining)
                            }
                            #expect(counts == [0: 2000, 1: 2000, 2: 2000])
                            #expect(records.remaining == 0)
                            #expect(await consumer.assignment.isEmpty)
                            isRead.set()
                            try await tasks.waitForAll()
                        }
                        // The same consumer reads again, this time one partition from its middle; it is left and entered.
                        let some = try await consumer.records(in: topic, partitions: [1], from: .offset(1990))
                        let total = some.total
                        #expect(total > 10)
                        var offsets: [Int64] = []
                        while some.remaining > 0 {
                            for try await message in some {
                                offsets.append(message.offset)
                                if offsets.count % 3 == 0 { break }
                            }
                        }
                        #expect(offsets == Array(1990..<1990 + total))
                        // Nothing to read.
                        let nothing = try await consumer.records(in: topic, from: .end)
                        #expect(nothing.total == 0)
                        for try await message in nothing { Issue.record("\(message)") }
                    }
                }
            }
        }

        /// The last offsets below the end are markers, of a committed and of an aborted transaction, and aborted records.
        @Test(.needsKafkaTools, arguments: [KafkaIsolationLevel.readCommitted, .readUncommitted])
        func markersAtTheEndAreNoMessages(_ isolation: KafkaIsolationLevel) async throws {
            try await withTopic(partitions: 3) { topic in
                try await withKafkaProducer(RealKafka.transactionalProducer()) { producer in
                    func send(_ transaction: KafkaTransaction, _ partition: Int) async throws {
                        for number in 0..<5 {
                            let record = KafkaRecord(topic: topic, partition: partition, value: KafkaBytes("\(number)"))
                            try await transaction.send(record)
                        }
                    }
                    // 0: committed. 1: aborted alone. 2: committed, then aborted.
                    try await producer.withTransaction { transaction in
                        try await send(transaction, 0)
                        try await send(transaction, 2)
                    }
                    struct Abort: Error {}
                    await #expect(throws: Abort.self) {
                        try await producer.withTransaction { transaction in
                            try await send(transaction, 1)
                            try await send(transaction, 2)
                            throw Abort()
                        }
                    }
                    // The coordinator answers before the markers are written, and begins no other transaction until they are.
                    _ = try await withTopic(partitions: 1) { other in
                        try await producer.withTransaction { transaction in
                            try await transaction.send(KafkaRecord(topic: other, value: "v"))
                        }
                    }
                }
                var configuration = RealKafka.reader
                configuration.isolationLevel = isolation
                try await withKafkaConsumer(configuration) { consumer in
                    let records = try await consumer.records(in: topic)
                    #expect(records.total == 6 + 6 + 12)
                    var counts: [Int: Int] = [:]
                    for try await message in records { counts[message.partition, default: 0] += 1 }
                    #expect(counts == (isolation == .readCommitted ? [0: 5, 2: 5] : [0: 5, 1: 5, 2: 10]))
                    #expect(records.remaining == 0)
                }
            }
        }

        @Test(.needsKafkaTools)
        func aReadThatCannotBeIsRefused() async throws {
            try await withTopic(partitions: 1) { topic in
                try await withKafkaConsumer(RealKafka.reader) { consumer in
                    _ = await #expect(throws: KafkaError.self) {
                        _ = try await consumer.records(in: "no-such-\(topic)", timeout: .seconds(2))
                    }
                }
                let configuration = RealKafka.consumer(group: RealKafka.uniqueName("group"))
                try await withKafkaConsumer(configuration) { consumer in
                    do {
                        _ = try await consumer.records(in: topic)
                        Issue.record("a group commits nothing then")
                    } catch let error as KafkaError {
                        #expect(error.code == .invalidState)
                    }
                }
            }
        }
    }
}
