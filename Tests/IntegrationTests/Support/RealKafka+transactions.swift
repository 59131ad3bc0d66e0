import AsyncKafka
import Testing

extension RealKafka {
    /// A producer with an id of its own.
    static func transactionalProducer() -> KafkaProducerConfiguration {
        var configuration = producer
        configuration.transactionalID = uniqueName("transactions")
        return configuration
    }

    /// The values that Kafka's console consumer prints; sorted.
    static func values(of topic: String, count: Int, isolation: String) async throws -> [String] {
        let text = try await toolText(
            "console-consumer",
            ["--topic", topic, "--from-beginning", "--isolation-level", isolation]
                + ["--max-messages", "\(count)", "--timeout-ms", "20000"]
        )
        return text.split(separator: "\n").map { String($0) }.sorted()
    }

    /// The values that readers of committed data see; sorted. There have to be `count` of them, no more and no less.
    static func committedValues(of topic: String, partitions: Int, count: Int) async throws -> [String] {
        let marker = "end of the partition"
        try await withKafkaProducer(producer) { producer in
            for partition in 0..<partitions {
                try await producer.send(KafkaRecord(topic: topic, partition: partition, value: KafkaBytes(marker)))
            }
        }
        let values = try await values(of: topic, count: count + partitions, isolation: "read_committed")
        // Were there more, a marker would not have been reached.
        #expect(values.filter { $0 == marker }.count == partitions, "there are not \(count) values")
        return values.filter { $0 != marker }
    }

    /// What a group has committed, as Kafka's own tool says; nil if nothing.
    static func committedOffset(_ group: String, _ topic: String, _ partition: Int) async throws -> Int64? {
        let description = try await toolText("groups", ["--describe", "--group", group])
        for line in description.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 3, words[0] == group, words[1] == topic, words[2] == "\(partition)" else { continue }
            return Int64(words[3])
        }
        return nil
    }
}
