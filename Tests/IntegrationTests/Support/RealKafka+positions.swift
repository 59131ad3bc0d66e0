import AsyncKafka
import Foundation

extension RealKafka {
    /// A consumer without a group.
    static var reader: KafkaConsumerConfiguration {
        var configuration = KafkaConsumerConfiguration(bootstrapServers: bootstrapServers)
        configuration.fetch.maxWait = .milliseconds(2)
        return configuration
    }

    /// An hour ago: a log keeps what is younger than a week.
    private static let firstTimestamp = Int64(Date().timeIntervalSince1970 - 3600) * 1000

    /// So many milliseconds after the first record of `fillBySeconds`.
    static func timestamp(_ milliseconds: Int64) -> KafkaTimestamp {
        KafkaTimestamp(millisecondsSince1970: firstTimestamp + milliseconds)
    }

    /// Sends records with a second between their timestamps.
    static func fillBySeconds(_ topic: String, partition: Int, count: Int) async throws {
        let records = (0..<count).map { number in
            KafkaRecord(
                topic: topic,
                partition: partition,
                value: KafkaBytes("\(number)"),
                timestamp: timestamp(Int64(number) * 1000)
            )
        }
        try await withKafkaProducer(producer) { producer in
            for result in await producer.send(contentsOf: records) { _ = try result.get() }
        }
    }

    /// Deletes what lies before an offset.
    static func deleteRecords(of partition: KafkaTopicPartition, before offset: Int64) async throws {
        let row = #"{"topic":"\#(partition.topic)","partition":\#(partition.partition),"offset":\#(offset)}"#
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(uniqueName("rows")).json")
        try #"{"partitions":[\#(row)],"version":1}"#.write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        _ = try await tool("delete-records", ["--offset-json-file", file.path])
    }
}

extension KafkaConsumer {
    /// The next message, in a loop of its own.
    func nextMessage() async throws -> KafkaMessage? {
        for try await message in messages { return message }
        return nil
    }
}
