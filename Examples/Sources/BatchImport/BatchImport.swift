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
                            KafkaRecord(topic: topic, key: isCSV ? key(of: line.text) : nil, value: line.text)
                        }
                    )
                    // The first line that was not sent, if this was interrupted.
                    var next: Int?
                    for (line, result) in zip(chunk, results) {
                        switch await outcome(of: result) {
                        case .success: delivered += 1
                        case .failure(let error) where error.code == .cancelled: next = next ?? line.number
                        case .failure(let error):
                            failed += 1
                            print("line \(line.number): \(error)")
                        }
                    }
                    print("\(delivered) of \(lines.count) lines delivered, \(failed) failed")
                    if Task.isCancelled {
                        next = next ?? lines.dropFirst(start + size).first?.number
                        if let next { print("Interrupted; go on with line \(next).") }
                        break
                    }
                }
            }
        }
    }

    struct Line: Sendable {
        /// Counted from 1, as editors do.
        let number: Int
        let text: String
    }

    /// Interrupted, a line may be on its way already: then what has become of it.
    static func outcome(of result: Result<KafkaDelivery, KafkaError>) async -> Result<KafkaDelivery, KafkaError> {
        guard case .failure(let error) = result, let pending = error.pendingDelivery else { return result }
        // In a task of its own, as this one is cancelled and would not wait.
        return await Task {
            do throws(KafkaError) { return .success(try await pending.delivery) } catch { return .failure(error) }
        }.value
    }

    static func key(of line: String) -> String? {
        line.split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false).first.map { String($0) }
    }

    /// Empty lines are left out, but count.
    static func contents(of path: String) throws -> [Line] {
        try String(contentsOfFile: path, encoding: .utf8)
            .split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .enumerated()
            .filter { !$0.element.isEmpty }
            .map { Line(number: $0.offset + 1, text: String($0.element)) }
    }

    /// JSON lines; the 7,777th is too large on purpose.
    static func madeUpLines() throws -> [Line] {
        try (1...20_000).map { number in
            let item = number == 7777 ? String(repeating: "umbrella ", count: 200_000) : "umbrella"
            let order = Order(number: number, customer: "customer-\(number % 50)", item: item)
            return Line(number: number, text: String(try order.encoded()))
        }
    }
}
