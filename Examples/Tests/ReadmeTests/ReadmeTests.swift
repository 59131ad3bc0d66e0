import AsyncKafka
import Foundation
import Snippets
import Testing

/// The code of the README and of the documentation's pages is this package's: it compiles, or these tests fail.
struct ReadmeTests {
    private static let examples = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    private static let readme = examples.deletingLastPathComponent().appending(path: "README.md")

    @Test
    func everySwiftBlockIsCompiled() throws {
        try expectCompiled(Self.readme, minimum: 5)
    }

    @Test(arguments: [
        ("AsyncKafka.md", 2), ("Producing.md", 6), ("Consuming.md", 9), ("OffsetsAndRebalances.md", 6),
        ("Administration.md", 5), ("Security.md", 8), ("Performance.md", 3),
    ])
    func everySwiftBlockOfAPageIsCompiled(name: String, minimum: Int) throws {
        let catalogue = Self.examples.deletingLastPathComponent().appending(path: "Sources/AsyncKafka/AsyncKafka.docc")
        try expectCompiled(catalogue.appending(path: name), minimum: minimum)
    }

    private func expectCompiled(_ document: URL, minimum: Int) throws {
        let sources = try Self.sources()
        let blocks = try Self.swiftBlocks(of: document)
        #expect(blocks.count >= minimum)
        for block in blocks {
            #expect(sources.contains { $0.contains(block) }, "this block is in no source of Examples:\n\(block)")
        }
    }

    @Test
    func theSentenceAboutATypingErrorIsTheRealOne() throws {
        let error = try #require(throws: KafkaError.self) { try misspelt() }
        let text = try Self.withoutVersions(String(contentsOf: Self.readme, encoding: .utf8))
        let description = try Self.withoutVersions(error.description)
        #expect(text.contains(description), "the README does not say: \(error)")
    }

    /// Without the version of librdkafka, which is not everybody's.
    private static func withoutVersions(_ text: String) throws -> String {
        text.replacing(try Regex("librdkafka [0-9]+(\\.[0-9]+)+"), with: "librdkafka")
    }

    /// The code between ```swift and ```, without indentation.
    private static func swiftBlocks(of document: URL) throws -> [String] {
        var blocks: [String] = []
        var block: [String]?
        for line in try lines(of: document) {
            if line.hasPrefix("```") {
                if let block { blocks.append(withoutIndentation(block)) }
                block = line == "```swift" ? [] : nil
            } else {
                block?.append(line)
            }
        }
        return blocks
    }

    private static func sources() throws -> [String] {
        var sources = [withoutIndentation(try lines(of: examples.appending(path: "Package.swift")))]
        for folder in ["Sources", "Tests"] {
            let root = examples.appending(path: folder)
            let files = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
            while let file = files?.nextObject() as? URL {
                if file.pathExtension == "swift" { sources.append(withoutIndentation(try lines(of: file))) }
            }
        }
        return sources
    }

    private static func lines(of file: URL) throws -> [String] {
        try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n")
    }

    private static func withoutIndentation(_ lines: [String]) -> String {
        lines.map { String($0.drop { $0 == " " }) }.joined(separator: "\n")
    }
}
