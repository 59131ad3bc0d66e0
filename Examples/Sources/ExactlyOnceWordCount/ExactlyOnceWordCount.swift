import AsyncKafka
import ExampleSupport

/// Counts words exactly once: lines are read, split and counted in transactions, which commit the counts and the place in the input
/// together. Whoever reads committed data can add the counts up, whatever was killed or started meanwhile.
///
/// Start it twice with the same topics and group on a real cluster, kill one, and the sum still fits.
@main
struct ExactlyOnceWordCount {
    static let text = ["to be or not to be", "that is the question", "to die to sleep", "to sleep perchance to dream"]

    static func main() async {
        await Example.run(
            "Counts the words of lines in transactions, and adds the counts up.",
            options: [
                .number("count", default: 2000, "how many lines to send"),
                .text("run", default: "\(UInt32.random(in: 0...UInt32.max))", "names this run's topics and group"),
                .text("id", default: "word-count-1", "the producer's transactional id: one for each running instance"),
            ]
        ) { example in
            let lines = "lines-\(example.text("run"))"
            let counts = "counts-\(example.text("run"))"
            for topic in [lines, counts] { try await example.createTopic(topic, partitions: 3) }
            let words = try await sendLines(example.number("count"), to: lines, on: example)
            print("Sent \(example.number("count")) lines with \(words) words.")

            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await countWords(from: lines, to: counts, on: example) }
                tasks.addTask { try await addUp(counts, until: words, on: example) }
                // The sum is there, or something has failed, or the task was cancelled.
                try await tasks.next()
                tasks.cancelAll()
                try await tasks.waitForAll()
            }
        }
    }

    static func countWords(from lines: String, to counts: String, on example: Example) async throws {
        var producerConfiguration = KafkaProducerConfiguration(bootstrapServers: example.bootstrapServers)
        producerConfiguration.transactionalID = example.text("id")
        var configuration = KafkaConsumerConfiguration(
            bootstrapServers: example.bootstrapServers,
            groupID: "word-count-\(example.text("run"))"
        )
        // The transactions commit.
        configuration.offsetPolicy = .manual
        configuration.group.sessionTimeout = .seconds(10)
        try await withKafkaProducer(producerConfiguration) { producer in
            try await withKafkaConsumer(configuration, subscribingTo: [lines]) { consumer in
                try await consumer.processInTransactions(of: producer) { messages, transaction in
                    var numbers: [Substring: Int] = [:]
                    for message in messages {
                        for word in String(message.value ?? KafkaBytes()).split(separator: " ") {
                            numbers[word, default: 0] += 1
                        }
                    }
                    for (word, number) in numbers {
                        let key = KafkaBytes(String(word))
                        try await transaction.send(KafkaRecord(topic: counts, key: key, value: KafkaBytes("\(number)")))
                    }
                    print("\(messages.count) lines in a transaction")
                }
            }
        }
    }

    /// Reads committed counts alone, which is the default.
    static func addUp(_ counts: String, until words: Int, on example: Example) async throws {
        var configuration = KafkaConsumerConfiguration(
            bootstrapServers: example.bootstrapServers,
            groupID: "word-sum-\(example.text("run"))"
        )
        configuration.group.sessionTimeout = .seconds(10)
        var sums: [String: Int] = [:]
        var total = 0
        try await withKafkaConsumer(configuration, subscribingTo: [counts]) { consumer in
            for try await message in consumer.messages {
                guard let key = message.key, let value = message.value, let number = Int(String(value)) else {
                    continue
                }
                sums[String(key), default: 0] += number
                total += number
                if total >= words { break }
            }
        }
        for (word, sum) in sums.sorted(by: { ($0.value, $1.key) > ($1.value, $0.key) }) { print("\(sum)\t\(word)") }
        guard !Task.isCancelled else { return }
        print("Counted \(total) of \(words) words.")
        guard total == words else { throw ExampleError("\(total) words were counted, \(words) were sent") }
    }

    static func sendLines(_ count: Int, to topic: String, on example: Example) async throws -> Int {
        let configuration = KafkaProducerConfiguration(bootstrapServers: example.bootstrapServers)
        return try await withKafkaProducer(configuration) { producer in
            try await withThrowingTaskGroup(of: Int.self) { sends in
                for number in 0..<count {
                    sends.addTask {
                        let line = text[number % text.count]
                        try await producer.send(KafkaRecord(topic: topic, value: KafkaBytes(line)))
                        return line.split(separator: " ").count
                    }
                }
                return try await sends.reduce(0, +)
            }
        }
    }
}
