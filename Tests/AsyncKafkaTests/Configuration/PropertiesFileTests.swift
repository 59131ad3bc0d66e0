import TestSupport
import Testing

@testable import AsyncKafka

@Suite struct PropertiesFileTests {
    private func read(_ text: String) throws -> [[String]] {
        try PropertiesFile(Array(text.utf8), file: "client.properties").properties.map { [$0.name, $0.value] }
    }

    private func refusal(_ bytes: [UInt8]) throws -> String? {
        do {
            _ = try PropertiesFile(bytes, file: "client.properties")
            return nil
        } catch {
            try #require(error.code == .invalidConfiguration)
            return error.message
        }
    }

    /// What `java.util.Properties.load(Reader)` makes of the same text.
    static let texts: [(String, [[String]])] = [
        ("", []), ("\n \n\t\n", []), ("# a\n! b\n  # c = d", []), ("a=b", [["a", "b"]]),
        ("a=b\nc=d\r\ne=f\rg=h", [["a", "b"], ["c", "d"], ["e", "f"], ["g", "h"]]),
        ("a:b", [["a", "b"]]), ("a b", [["a", "b"]]), ("a\tb", [["a", "b"]]), ("a = b", [["a", "b"]]),
        ("  a   :   b c ", [["a", "b c "]]), ("a==b", [["a", "=b"]]), ("a = = b", [["a", "= b"]]),
        ("a  b = c", [["a", "b = c"]]), ("a", [["a", ""]]), ("a=", [["a", ""]]), ("a=b#c", [["a", "b#c"]]),
        ("a=b\\\n  c", [["a", "bc"]]), ("a=b\\\r\n\tc\\\nd", [["a", "bcd"]]),
        ("a=b\\\\\nc=d", [["a", "b\\"], ["c", "d"]]),
        ("a=b\\\\\\\nc", [["a", "b\\c"]]), ("a=b\\", [["a", "b"]]), ("a=b\\\n", [["a", "b"]]),
        ("# a \\\nb=c", [["b", "c"]]), ("a=b\\\n#c", [["a", "b#c"]]), ("a\\\n=b", [["a", "b"]]),
        ("a\\=b=c", [["a=b", "c"]]), ("a\\ b c", [["a b", "c"]]), ("a\\:b:c", [["a:b", "c"]]),
        ("a=\\t\\n\\r\\f\\q\\\\", [["a", "\t\n\r\u{0C}q\\"]]), ("a=\\u0041\\u00e9", [["a", "Aé"]]),
        ("a=\\ud83d\\ude00", [["a", "😀"]]), ("a=é😀", [["a", "é😀"]]), ("\u{FEFF}a=b", [["a", "b"]]),
        ("a=C:\\\\keys", [["a", "C:\\keys"]]), ("a=1\na=2", [["a", "1"], ["a", "2"]]),
    ]

    @Test(arguments: texts.indices)
    func aFileIsReadAsJavaReadsIt(_ index: Int) throws {
        let (text, expected) = Self.texts[index]
        #expect(try read(text) == expected)
    }

    @Test func linesAreCountedWhereAPropertyBegins() throws {
        let text = "# one\n\na=b\\\n  c\nd=e\r\n\r\nf=g"
        let places = try PropertiesFile(Array(text.utf8), file: "x").properties.map(\.place)
        #expect(places == [.file("x", line: 3), .file("x", line: 5), .file("x", line: 7)])
    }

    @Test(arguments: [
        ("a=b\n=hunter2", "client.properties:2:", "no name"), ("a=\\u12", "client.properties:1:", "hexadecimal"),
        ("a=\\u+123", "client.properties:1:", "hexadecimal"), ("\na=hunter2\\ud83d", "client.properties:2:", "half"),
        ("a=\\u123é", "client.properties:1:", "hexadecimal"),
    ])
    func whatCannotBeReadIsRefusedByItsLine(_ text: String, _ place: String, _ reason: String) throws {
        let refusal = try #require(try refusal(Array(text.utf8)))
        #expect(refusal.hasPrefix(place))
        #expect(refusal.contains(reason))
        #expect(!refusal.contains("hunter2"))
    }

    @Test func anotherEncodingIsRefusedByItsLine() throws {
        // In ISO-8859-1.
        let refusal = try #require(try refusal(Array("a=b\nc=".utf8) + [0xE9]))
        #expect(refusal.hasPrefix("client.properties:2:"))
        #expect(refusal.contains("UTF-8"))
    }

    @Test func randomBytesNeverTrap() throws {
        let seed = UInt64.random(in: .min ... .max)
        print("randomBytesNeverTrap: seed \(seed)")
        var random = SplitMix(state: seed)
        let pieces: [[UInt8]] =
            ["a", "=", ":", " ", "\t", "\\", "\\u", "00", "e9", "d8", "3d", "\n", "\r", "#", "!", "é", "😀"]
            .map { Array($0.utf8) } + [[0xFF], [0xC3], [0x00]]
        for _ in 0..<1000 {
            let count = Int.random(in: 0..<30, using: &random)
            let bytes = (0..<count).flatMap { _ in pieces.randomElement(using: &random) ?? [] }
            do throws(KafkaError) {
                _ = try PropertiesFile(bytes, file: "x")
            } catch  where error.code != .invalidConfiguration {
                Issue.record(error)
            } catch {}
        }
    }
}
