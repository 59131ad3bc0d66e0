import AsyncKafka
import ExampleSupport
import Foundation
import Orders

/// Imports a file: one record a line, many lines a call, and a failure is told by its line.
@main
struct BatchImport {
    static func main() async {
        await Example.run(
            "Sends each line of a file as a record; what is before the first comma of a CSV file is the key.",
            options: [
                .text("file", default: "", "a CSV or JSON-lines file; without one, orders are made up"),
                .number("chunk", default: 5000, "how many lines to send at a time"),
                .text("topic", default: "import", "where to send them"),
            ]
        ) { example in
            let topic = example.text("topic")
            let path = example.text("file")
            let size = example.number("chunk")
            try await example.createTopic(topic, partitions: 3)
            let lines = path.isEmpty ? try madeUpLines() : try contents(of: path)
            let isCSV = path.lowercased().hasSuffix(".csv")

            var configuration = KafkaProducerConfiguration(bootstrapServers: example.bootstrapServers)
            // Large batches, well compressed: an import wants throughput.
            configuration.linger = .milliseconds(50)
            configuration.compression = .zstd
            try await withKafkaProducer(configuration) { producer in
                var delivered = 0
                var failed = 0
                for start in stride(from: 0, to: lines.count, by: size) {
                    let chunk = lines[start..<min(start + size, lines.count)]
                    let results = await producer.send(
                        contentsOf: chunk.map { line in
                            KafkaRecord(topic: topic, key: isCSV ? key(of: line) : nil, value: line)
                        }
                    )
                    for (offset, result) in results.enumerated() {
                        switch result {
                        case .success: delivered += 1
                        // Interrupted. With a pending delivery the line is on its way, and leaving the producer delivers it.
                        case .failure(let error) where error.pendingDelivery != nil: delivered += 1
                        case .failure(let error) where error.code == .cancelled: break
                        case .failure(let error):
                            failed += 1
                            print("line \(start + offset + 1): \(error)")
                        }
                    }
                    print("\(delivered) of \(lines.count) lines delivered, \(failed) failed")
                    if Task.isCancelled {
                        print("Interrupted; go on with line \(delivered + failed + 1).")
                        break
                    }
                }
            }
        }
    }

    static func key(of line: String) -> String? {
        line.split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false).first.map { String($0) }
    }

    static func contents(of path: String) throws -> [String] {
        try String(contentsOfFile: path, encoding: .utf8).split(whereSeparator: \.isNewline).map { String($0) }
    }

    /// JSON lines; the 7,777th is too large on purpose.
    static func madeUpLines() throws -> [String] {
        try (1...20_000).map { number in
            let item = number == 7777 ? String(repeating: "umbrella ", count: 200_000) : "umbrella"
            return String(try Order(number: number, customer: "customer-\(number % 50)", item: item).encoded())
        }
    }
}
