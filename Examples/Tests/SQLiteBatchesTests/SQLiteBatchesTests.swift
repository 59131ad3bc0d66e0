import AsyncKafka
import AsyncKafkaTesting
import CSQLite
import Foundation
import Orders
import SQLiteBatches
import Testing

/// The example as a process, which is killed while it stores orders, interrupted, and run to its end.
@Suite(.timeLimit(.minutes(2)))
struct SQLiteBatchesTests {
    private static let partitions = 3

    @Test
    func everyOrderIsOnceInTheDatabaseAlthoughTheProgramIsKilled() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "orders-\(UUID().uuidString).sqlite")
        defer { for end in ["", "-journal"] { try? FileManager.default.removeItem(atPath: file.path + end) } }
        try await withKafkaMockCluster { cluster in
            try await cluster.createTopic("orders", partitions: Self.partitions)
            try await sendOrders(1...1000, to: cluster)
            let killed = try Program(cluster, file, count: 3000)
            try await killed.waitForBatches(5)
            killed.kill()
            #expect(await killed.end() == SIGKILL)
            let before = try numbers(in: file)
            #expect(before.count >= 5)

            try await sendOrders(1001...2000, to: cluster)
            let interrupted = try Program(cluster, file, count: 3000)
            try await interrupted.waitForBatches(5)
            interrupted.interrupt()
            #expect(await interrupted.end() == 0)
            #expect(try numbers(in: file).count > before.count)

            try await sendOrders(2001...3000, to: cluster)
            let last = try Program(cluster, file, count: 3000)
            #expect(await last.end() == 0)
        }
        #expect(try numbers(in: file).sorted() == Array(1...3000))
    }

    /// As it happens if a member goes on after the next one has looked where its partition begins.
    @Test
    func whatIsStoredIsPassedOverAndTheRestOfItsBatchIsNot() async throws {
        try await withKafkaMockCluster { cluster in
            try await cluster.createTopic("orders", partitions: Self.partitions)
            try await sendOrders(1...30, to: cluster)
            var messages: [[KafkaMessage]] = Array(repeating: [], count: Self.partitions)
            let configuration = KafkaConsumerConfiguration(bootstrapServers: cluster.bootstrapServers)
            try await withKafkaConsumer(configuration) { consumer in
                for try await message in try await consumer.records(in: "orders") {
                    messages[message.partition].append(message)
                }
            }
            let database = try Database(":memory:")
            #expect(try await database.store(Array(messages[0][0..<5])) == 5)
            #expect(try await database.store(Array(messages[0][3..<8] + messages[1][0..<10])) == 13)
            #expect(try await database.store(messages[0] + messages[1] + messages[2]) == 12)
            #expect(try await database.store(messages[0] + messages[1] + messages[2]) == 0)
            #expect(try await database.count() == 30)
            for partition in 0..<Self.partitions {
                let next = try await database.nextOffset(of: KafkaTopicPartition(topic: "orders", partition: partition))
                #expect(next == 10)
            }
        }
    }

    /// Its messages would pass for those that are stored.
    @Test
    func aTopicThatWasMadeAnewEndsTheProgram() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "orders-\(UUID().uuidString).sqlite")
        defer { for end in ["", "-journal"] { try? FileManager.default.removeItem(atPath: file.path + end) } }
        for (orders, status) in [(1...30, Int32(0)), (31...33, 1)] {
            try await withKafkaMockCluster { cluster in
                try await cluster.createTopic("orders", partitions: Self.partitions)
                try await sendOrders(orders, to: cluster)
                #expect(try await Program(cluster, file, count: orders.upperBound).end() == status)
            }
        }
        #expect(try numbers(in: file).sorted() == Array(1...30))
    }

    private func sendOrders(_ numbers: ClosedRange<Int>, to cluster: KafkaMockCluster) async throws {
        let configuration = KafkaProducerConfiguration(bootstrapServers: cluster.bootstrapServers)
        try await withKafkaProducer(configuration) { producer in
            let records = try numbers.map { number in
                let value = try Order(number: number, customer: "customer").encoded()
                return KafkaRecord(topic: "orders", partition: number % Self.partitions, value: value)
            }
            for result in await producer.send(contentsOf: records) { _ = try result.get() }
        }
    }

    /// The numbers of all orders in the database.
    private func numbers(in file: URL) throws -> [Int] {
        var connection: OpaquePointer?
        defer { sqlite3_close(connection) }
        try #require(sqlite3_open(file.path, &connection) == SQLITE_OK)
        var statement: OpaquePointer?
        defer { sqlite3_finalize(statement) }
        try #require(sqlite3_prepare_v2(connection, "SELECT number FROM orders", -1, &statement, nil) == SQLITE_OK)
        var numbers: [Int] = []
        while sqlite3_step(statement) == SQLITE_ROW { numbers.append(Int(sqlite3_column_int64(statement, 0))) }
        return numbers
    }
}

/// The example, running.
private final class Program {
    private let process = Process()
    private let lines: AsyncStream<String>
    private let ends: AsyncStream<Int32>

    init(_ cluster: KafkaMockCluster, _ database: URL, count: Int) throws {
        // Beside the program of the tests.
        let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        process.executableURL = folder.appending(path: "SQLiteBatches")
        process.arguments = [
            "--bootstrap-servers", cluster.bootstrapServers.joined(separator: ","), "--database", database.path,
            "--batch", "10", "--count", "\(count)",
        ]
        let output = Pipe()
        process.standardOutput = output
        let (lines, line) = AsyncStream.makeStream(of: String.self)
        self.lines = lines
        output.fileHandleForReading.readabilityHandler = { handle in
            let data = handle.availableData
            if data.isEmpty {
                handle.readabilityHandler = nil
                line.finish()
            }
            // Pieces of lines do no harm: what is looked for comes many times.
            for piece in String(decoding: data, as: UTF8.self).split(separator: "\n") { line.yield(String(piece)) }
        }
        let (ends, end) = AsyncStream.makeStream(of: Int32.self)
        self.ends = ends
        process.terminationHandler = { end.yield($0.terminationStatus) }
        try process.run()
    }

    /// Returns when it has told of that many stored batches.
    func waitForBatches(_ count: Int) async throws {
        var batches = 0
        for await line in lines where line.hasPrefix("stored") {
            batches += 1
            if batches == count { return }
        }
        Issue.record("the program has ended")
    }

    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
    }

    func interrupt() {
        process.terminate()
    }

    /// The status, or the signal, that ended it.
    func end() async -> Int32? {
        await ends.first { _ in true }
    }
}
