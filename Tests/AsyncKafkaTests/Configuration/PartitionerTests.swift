import AsyncKafkaTesting
import RdKafka
import Testing

@testable import AsyncKafka

@Suite(.timeLimit(.minutes(1)))
struct PartitionerTests {
    // MARK: partition(for:count:)

    /// Hashes that others have published: Kafka's UtilsTest for murmur2, Sarama's for FNV-1a, the check value of CRC-32.
    @Test(arguments: [
        (KafkaPartitioner.murmur2, "21", Int64(-973_932_308) & 0x7fff_ffff),
        (.murmur2Random, "foobar", Int64(-790_332_482) & 0x7fff_ffff),
        (.murmur2Random, "a-little-bit-long-string", Int64(-985_981_536) & 0x7fff_ffff),
        (.murmur2Random, "a-little-bit-longer-string", Int64(-1_486_304_829) & 0x7fff_ffff),
        (.murmur2Random, "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", Int64(-58_897_971) & 0x7fff_ffff),
        (.murmur2Random, "abc", 479_470_107),
        (.fnv1a, "kafka", 0xd33c4e1), (.fnv1aRandom, "1234", 0x23bdd03), (.fnv1a, "", 0x7ee3_623b),
        (.consistent, "123456789", 0xcbf4_3926), (.consistentRandom, "123456789", 0xcbf4_3926), (.consistent, "", 0),
    ])
    func aPartitionIsTheHashModuloTheCount(_ partitioner: KafkaPartitioner, _ key: String, _ hash: Int64) {
        for count in [1, 2, 3, 12, 1000, Int(Int32.max)] {
            #expect(partitioner.partition(for: KafkaBytes(key), count: count) == Int(hash) % count)
        }
    }

    @Test func aPartOfAKeyHashesAsACopyOfIt() {
        let bytes = KafkaBytes(Array(0..<64))
        for start in 0..<8 {
            for end in start..<24 {
                let part = bytes.part(start..<end)
                let partition = KafkaPartitioner.murmur2Random.partition(for: part, count: 1_000_003)
                #expect(partition == KafkaPartitioner.murmur2.partition(for: KafkaBytes(Array(part)), count: 1_000_003))
            }
        }
    }

    @Test func whereChanceDecidesThereIsNoAnswer() {
        let empty = KafkaBytes()
        #expect(KafkaPartitioner.random.partition(for: "k", count: 3) == nil)
        for partitioner in [KafkaPartitioner.consistentRandom, .murmur2Random, .fnv1aRandom] {
            #expect(partitioner.partition(for: nil, count: 3) == nil)
            #expect(partitioner.partition(for: "k", count: 3) != nil)
        }
        #expect(KafkaPartitioner.consistentRandom.partition(for: empty, count: 3) == nil)
        for partitioner in [KafkaPartitioner.consistent, .murmur2, .fnv1a] {
            let withoutKey = partitioner.partition(for: nil, count: 1000)
            #expect(withoutKey != nil)
            #expect(withoutKey == partitioner.partition(for: empty, count: 1000))
        }
    }

    @Test(arguments: [0, -1, Int.min, Int.max])
    func acountThatNoTopicHasHasNoAnswer(_ count: Int) {
        #expect(KafkaPartitioner.murmur2.partition(for: "k", count: count) == nil)
        #expect(KafkaPartitioner.custom { _, _ in 0 }.partition(for: "k", count: count) == nil)
    }

    // MARK: Custom

    @Test func aCustomPartitionerIsEqualToItsCopiesAlone() {
        let one = KafkaPartitioner.custom { _, _ in 0 }
        let copy = one
        let other = KafkaPartitioner.custom { _, _ in 0 }
        #expect(one == copy)
        #expect(one != other)
        #expect(one != .murmur2Random)
        #expect(Set([one, copy, other, .murmur2]).count == 3)
        #expect("\(one)" == "custom")
        #expect(one.partition(for: "k", count: 2) == 0)
        #expect(KafkaPartitioner.custom { _, count in count }.partition(for: "k", count: 2) == nil)
    }

    @Test func aCustomPartitionerIsAskedAboutRecordsWithoutAKeyToo() throws {
        var configuration = producerConfiguration()
        configuration.partitioner = .custom { _, _ in 0 }
        #expect(try configuration.values("sticky.partitioning.linger.ms") == ["0"])
        configuration.stickyPartitioningLinger = .milliseconds(7)
        #expect(try configuration.values("sticky.partitioning.linger.ms") == ["7"])
        configuration.additionalProperties["partitioner"] = "random"
        try expect(configuration.refusal(), says: "`partitioner` and the property `partitioner` are both set")
    }

    @Test func recordsGoWhereTheFunctionSays() async throws {
        try await withTopic(partitions: 5) { cluster, topic in
            let asked = Locked<[String]>([])
            var configuration = producerConfiguration(of: cluster)
            configuration.partitioner = .custom { key, count in
                asked.withLock { $0.append("\(key.map { String($0) } ?? "nil")/\(count)") }
                return key.flatMap { Int(String($0)) } ?? count - 1
            }
            try await withKafkaProducer(configuration) { producer in
                // The first one comes before the topic is known: librdkafka's main thread asks. Then this one does.
                for _ in 0..<2 {
                    for key in ["3", "0", "4", nil, ""] {
                        let record = KafkaRecord(topic: topic, key: key.map { KafkaBytes($0) }, value: "v")
                        let delivery = try await producer.send(record)
                        #expect(delivery.partition == key.flatMap { Int($0) } ?? 4)
                    }
                }
                let delivery = try await producer.send(KafkaRecord(topic: topic, partition: 2, key: "1", value: "v"))
                #expect(delivery.partition == 2, "not asked about records that name one")
            }
            let round = ["3/5", "0/5", "4/5", "nil/5", "/5"]
            #expect(asked.withLock { $0 } == round + round)
        }
    }

    /// The first answer comes from librdkafka's main thread, the second one from this one; both have to end as an error.
    @Test(arguments: [-1, -2, 3, 4, Int(Int32.max), Int(Int32.min), Int.max, Int.min])
    func aWrongAnswerIsAnErrorOfThatRecord(_ answer: Int) async throws {
        try await withTopic(partitions: 3) { cluster, topic in
            var configuration = producerConfiguration(of: cluster)
            configuration.partitioner = .custom { key, _ in key == nil ? answer : 1 }
            try await withKafkaProducer(configuration) { producer in
                for _ in 0..<2 {
                    do {
                        try await producer.send(KafkaRecord(topic: topic, value: "v"))
                        Issue.record("there is no such partition")
                    } catch let error as KafkaError {
                        #expect(error.code == .unknownPartition)
                        #expect(error.persistence == .notPersisted)
                        #expect(error.message.contains("gave \(answer) "), "\(error)")
                        #expect(error.message.contains("3 partitions"), "\(error)")
                    }
                    #expect(try await producer.send(KafkaRecord(topic: topic, key: "k", value: "v")).partition == 1)
                }
            }
        }
    }

    @Test func theFunctionIsFreedWithItsClient() async throws {
        try await withTopic { cluster, topic in
            await withCheckedContinuation { continuation in
                let canary = Canary { continuation.resume() }
                Task { [canary] in
                    var configuration = producerConfiguration(of: cluster)
                    configuration.partitioner = .custom { [canary] _, _ in
                        canary.sing()
                        return 0
                    }
                    try await withKafkaProducer(configuration) { producer in
                        _ = try await producer.send(KafkaRecord(topic: topic, value: "v"))
                    }
                }
            }
        }
    }
}
