import AsyncKafka
import Foundation
import Testing

extension RealKafkaTests {
    /// Where keys go, with Kafka's own producer as the judge.
    @Suite(.timeLimit(.minutes(2)), .needsKafkaTools)
    struct PlacementTests {
        static let partitions = 7

        /// Lengths from 1 to 40 bytes, beyond ASCII as well.
        static let keys = (0..<400).map { number in
            String(repeating: "kä€🙂"[number % 4], count: 1 + number % 9) + "\(number)"
        }

        @Test
        func theJavaProducerAndThisOneChooseThePartitionThatIsForetold() async throws {
            try await withTopic(partitions: Self.partitions) { topic in
                let foretold = Dictionary(
                    uniqueKeysWithValues: Self.keys.map { key in
                        (key, KafkaPartitioner.murmur2Random.partition(for: KafkaBytes(key), count: Self.partitions))
                    }
                )
                for (key, partition) in foretold {
                    #expect(partition == javaPartition(of: Array(key.utf8), partitions: Self.partitions), "\(key)")
                }
                try await produceWithKafkasOwnTool(Self.keys, to: topic)
                try await withKafkaProducer(RealKafka.producer) { producer in
                    try await withThrowingTaskGroup(of: Void.self) { tasks in
                        for key in Self.keys {
                            tasks.addTask {
                                let delivery = try await producer.send(
                                    KafkaRecord(topic: topic, key: key, value: "swift")
                                )
                                #expect(delivery.partition == foretold[key] ?? -1, "\(key)")
                            }
                        }
                        try await tasks.waitForAll()
                    }
                }
                var found: [String: [Int: Set<String>]] = [:]
                for message in try await read(2 * Self.keys.count, from: topic) {
                    let key = String(message.key ?? "")
                    found[key, default: [:]][message.partition, default: []].insert(String(message.value ?? ""))
                }
                #expect(found.count == Self.keys.count)
                for (key, places) in found {
                    #expect(places == [foretold[key].flatMap { $0 } ?? -1: ["java", "swift"]], "\(key)")
                }
            }
        }

        @Test
        func aPartitionerOfTheProgramDecidesOnARealCluster() async throws {
            try await withTopic(partitions: Self.partitions) { topic in
                var configuration = RealKafka.producer
                configuration.partitioner = .custom { key, count in (key?.count ?? 0) % count }
                try await withKafkaProducer(configuration) { producer in
                    try await withThrowingTaskGroup(of: Void.self) { tasks in
                        for key in Self.keys {
                            tasks.addTask {
                                let delivery = try await producer.send(KafkaRecord(topic: topic, key: key, value: "v"))
                                #expect(delivery.partition == key.utf8.count % Self.partitions)
                            }
                        }
                        try await tasks.waitForAll()
                    }
                    for _ in 0..<20 {
                        let delivery = try await producer.send(KafkaRecord(topic: topic, value: "no key"))
                        #expect(delivery.partition == 0)
                    }
                }
            }
        }

        private func produceWithKafkasOwnTool(_ keys: [String], to topic: String) async throws {
            let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
            try keys.map { "\($0)\tjava\n" }.joined().write(to: file, atomically: true, encoding: .utf8)
            defer { try? FileManager.default.removeItem(at: file) }
            // The tool reads standard input.
            _ = try await output(
                of: "/bin/sh",
                [
                    "-c",
                    "exec \"$1\" tool console-producer --bootstrap-server \"$2\" --topic \"$3\" --reader-property parse.key=true <\"$4\"",
                    "sh", try #require(RealKafka.toolPath), RealKafka.bootstrapServers.joined(separator: ","), topic,
                    file.path,
                ]
            )
        }
    }
}

extension String {
    fileprivate subscript(position: Int) -> String {
        String(self[index(startIndex, offsetBy: position)])
    }
}
