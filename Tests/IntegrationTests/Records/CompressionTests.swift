import AsyncKafka
import Foundation
import Testing

extension RealKafkaTests {
    @Suite(.timeLimit(.minutes(2)))
    struct CompressionTests {
        /// `KAFKA_DIR`: where the cluster keeps its logs.
        static let folder = ProcessInfo.processInfo.environment["KAFKA_DIR"].flatMap { $0.isEmpty ? nil : $0 }

        @Test(arguments: [
            KafkaCompression.none, .gzip, .gzip(level: 1), .gzip(level: 9), .snappy, .lz4, .lz4(level: 12), .zstd,
            .zstd(level: 1), .zstd(level: 12),
        ])
        func eachCodecSurvivesTheRoundTripAndIsInTheLog(_ compression: KafkaCompression) async throws {
            try await withTopic(partitions: 1) { topic in
                var configuration = RealKafka.producer
                configuration.compression = compression
                let values = (0..<200).map { "\($0) " + String(repeating: "abcdefgh \($0) ", count: 40) }
                try await withKafkaProducer(configuration) { producer in
                    try await withThrowingTaskGroup(of: Void.self) { tasks in
                        for value in values {
                            tasks.addTask {
                                _ = try await producer.send(KafkaRecord(topic: topic, partition: 0, value: value))
                            }
                        }
                        try await tasks.waitForAll()
                    }
                }
                let consumer = RealKafka.consumer(group: RealKafka.uniqueName("group"))
                let read = try await withKafkaConsumer(consumer, subscribingTo: [topic]) { consumer in
                    var read: Set<String> = []
                    for try await message in consumer.messages {
                        read.insert(String(message.value ?? ""))
                        if read.count == values.count { break }
                    }
                    return read
                }
                #expect(read == Set(values))
                try await checkLog(of: topic, compression)
            }
        }

        /// Kafka's own reader of log files: which codec each batch has, and that it can be decompressed.
        private func checkLog(of topic: String, _ compression: KafkaCompression) async throws {
            guard let folder = Self.folder, let tool = RealKafka.toolPath else { return }
            let log = "\(folder)/node-1/data/\(topic)-0/00000000000000000000.log"
            let dump = String(
                decoding: try await output(of: tool, ["tool", "dump-log", "--files", log, "--deep-iteration"]),
                as: UTF8.self
            )
            let codec = compression.description.prefix { $0 != "(" }
            let batches = dump.split(separator: "\n").filter { $0.contains("compresscodec:") }
            #expect(!batches.isEmpty)
            #expect(batches.contains { $0.contains("compresscodec: \(codec) ") })
            for batch in batches {
                // What compression does not make smaller is sent as it is.
                #expect(
                    batch.contains("compresscodec: \(codec) ") || batch.contains("compresscodec: none "),
                    "\(batch)"
                )
                #expect(batch.contains("isvalid: true"))
            }
            #expect(dump.split(separator: "\n").filter { $0.contains("| offset: ") }.count == 200)
        }
    }
}
