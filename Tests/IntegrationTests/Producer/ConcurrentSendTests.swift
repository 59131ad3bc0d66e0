import AsyncKafka
import Testing

struct Murmur2Tests {
    // The vectors of Kafka's own UtilsTest.
    @Test(arguments: [
        ("21", -973_932_308),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
        ("abc", 479_470_107),
    ])
    func theHashOfTheTestsIsThatOfTheJavaClient(key: String, hash: Int) {
        #expect(murmur2(Array(key.utf8)) == Int32(hash))
    }
}

extension RealKafkaTests {
    @Suite(.timeLimit(.minutes(3)))
    struct ConcurrentSendTests {
        static let partitions = 6
        static let tasks = 1000
        static let recordsPerTask = 100

        /// A record as `fill` made it, and as Kafka's own consumer prints it.
        struct Sent {
            let number: Int
            let delivery: KafkaDelivery
        }

        static func key(_ number: Int) -> String { "customer-\(number)" }

        /// 100 bytes, most of them no valid UTF-8, without tabs and line feeds, which separate what the console consumer prints.
        static func value(_ number: Int) -> [UInt8] {
            var state = UInt64(number) &* 0x9e37_79b9_7f4a_7c15
            return (0..<100).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let byte = UInt8(truncatingIfNeeded: state >> 56)
                return byte == 9 || byte == 10 ? 0 : byte
            }
        }

        static func record(_ number: Int, topic: String) -> KafkaRecord {
            KafkaRecord(
                topic: topic,
                key: KafkaBytes(key(number)),
                value: KafkaBytes(value(number)),
                headers: ["trace": KafkaBytes("t-\(number)"), "retry": "1", "retry": "2"]
            )
        }

        /// The record's line in the format of Kafka's console consumer.
        static func line(_ sent: Sent) -> [UInt8] {
            let partition = javaPartition(of: Array(key(sent.number).utf8), partitions: partitions)
            let offset = sent.delivery.offset ?? -1
            let head =
                "Partition:\(partition)\tOffset:\(offset)\ttrace:t-\(sent.number),retry:1,retry:2\t\(key(sent.number))\t"
            return Array(head.utf8) + value(sent.number)
        }

        @Test(.needsKafkaTools)
        func aHundredThousandRecordsFromAThousandTasksArriveOnceWhereTheJavaClientPutsThem() async throws {
            try await withTopic(partitions: Self.partitions) { topic in
                let start = ContinuousClock.now
                let sent = try await send(to: topic)
                let duration = ContinuousClock.now - start
                print("100,000 awaited sends from 1,000 tasks: \(duration)")

                #expect(sent.count == Self.tasks * Self.recordsPerTask)
                for (partition, records) in Dictionary(grouping: sent, by: \.delivery.partition) {
                    let offsets = records.map { $0.delivery.offset ?? -1 }.sorted()
                    #expect(offsets == Array(0..<Int64(records.count)), "offsets of partition \(partition)")
                }
                let misplaced = sent.filter {
                    $0.delivery.partition
                        != javaPartition(of: Array(Self.key($0.number).utf8), partitions: Self.partitions)
                }
                #expect(misplaced.isEmpty)

                let printed = try await RealKafka.tool(
                    "console-consumer",
                    ["--topic", topic, "--from-beginning", "--max-messages", "\(sent.count)"]
                        + ["print.partition", "print.offset", "print.headers", "print.key"]
                        .flatMap { ["--formatter-property", "\($0)=true"] }
                )
                let lines = printed.split(separator: 10)
                #expect(lines.count == sent.count)
                var expected = Set(sent.map(Self.line))
                let unexpected = lines.filter { expected.remove(Array($0)) == nil }
                #expect(expected.isEmpty, "missing, for example \(text(expected.first))")
                #expect(unexpected.isEmpty, "not sent, for example \(text(unexpected.first))")
            }
        }

        private func text(_ line: (some Sequence<UInt8>)?) -> String {
            line.map { String(decoding: Array($0), as: UTF8.self) } ?? "none"
        }

        private func send(to topic: String) async throws -> [Sent] {
            try await withKafkaProducer(RealKafka.producer) { producer in
                try await withThrowingTaskGroup(of: [Sent].self) { tasks in
                    for task in 0..<Self.tasks {
                        tasks.addTask {
                            var sent: [Sent] = []
                            for index in 0..<Self.recordsPerTask {
                                let number = task * Self.recordsPerTask + index
                                let delivery = try await producer.send(Self.record(number, topic: topic))
                                sent.append(Sent(number: number, delivery: delivery))
                            }
                            return sent
                        }
                    }
                    return try await tasks.reduce(into: []) { $0 += $1 }
                }
            }
        }
    }
}
