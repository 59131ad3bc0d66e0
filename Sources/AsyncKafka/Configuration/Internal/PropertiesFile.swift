import RdKafka

/// The format of Java's property files (`java.util.Properties`), in UTF-8.
///
/// A line is a comment (`#`, `!`) or a name, `=`, `:` or white space, and a value. A backslash at its end joins the next line, without
/// that one's leading white space; `\t`, `\n`, `\r`, `\f`, `\u` with four hexadecimal digits, and a backslash before any other
/// character stand for that character.
/// White space in front of a name and around the separator does not count, that behind the value does.
struct PropertiesFile {
    /// The properties in the order of the file.
    private(set) var properties: [GivenProperty] = []
    /// As in an error.
    private let file: String

    init(_ bytes: [UInt8], file: String) throws(KafkaError) {
        self.file = file
        var lines = Lines(bytes)
        while let line = lines.next() {
            guard let logical = try join(line, &lines) else { continue }
            let (name, value) = try split(logical.text, number: logical.number)
            properties.append(GivenProperty(name: name, value: value, place: .file(file, line: logical.number)))
        }
    }

    private func refusal(_ number: Int, _ sentence: String) -> KafkaError {
        .invalid("\(PropertyPlace.file(file, line: number)): \(sentence)")
    }

    // MARK: Lines

    private struct Line {
        var bytes: ArraySlice<UInt8>
        /// From 1.
        var number: Int
    }

    /// Ends of lines are `\n`, `\r` and both.
    private struct Lines {
        private var rest: ArraySlice<UInt8>
        private var number = 0

        init(_ bytes: [UInt8]) {
            rest = bytes[...]
            // The byte order mark, which some editors write.
            if rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
        }

        mutating func next() -> Line? {
            guard !rest.isEmpty else { return nil }
            number += 1
            let end = rest.firstIndex { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") } ?? rest.endIndex
            let line = Line(bytes: rest[..<end], number: number)
            rest = rest[end...]
            if rest.starts(with: [UInt8(ascii: "\r"), UInt8(ascii: "\n")]) {
                rest = rest.dropFirst(2)
            } else {
                rest = rest.dropFirst()
            }
            return line
        }
    }

    /// The line with those that continue it, nil for an empty line or a comment.
    private func join(_ first: Line, _ lines: inout Lines) throws(KafkaError) -> (text: [Unicode.Scalar], number: Int)?
    {
        var line = first
        var bytes: [UInt8] = []
        let start = first.bytes.drop(while: Self.isSpace)
        guard let mark = start.first, mark != UInt8(ascii: "#"), mark != UInt8(ascii: "!") else { return nil }
        while true {
            var piece = line.bytes.drop(while: Self.isSpace)
            let backslashes = piece.reversed().prefix { $0 == UInt8(ascii: "\\") }.count
            let isContinued = backslashes % 2 == 1
            if isContinued { piece = piece.dropLast() }
            guard String(validating: piece, as: UTF8.self) != nil else {
                throw refusal(line.number, "this is not UTF-8: save the file in that encoding")
            }
            bytes += piece
            guard isContinued, let next = lines.next() else { break }
            line = next
        }
        // Each piece was UTF-8 by itself, and so is all.
        return (Array(String(decoding: bytes, as: UTF8.self).unicodeScalars), first.number)
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == 0x0C
    }

    // MARK: Name and value

    private func split(_ text: [Unicode.Scalar], number: Int) throws(KafkaError) -> (name: String, value: String) {
        let spaces: Set<Unicode.Scalar> = [" ", "\t", "\u{0C}"]
        var end = 0
        while end < text.count, !spaces.contains(text[end]), text[end] != "=", text[end] != ":" {
            end += text[end] == "\\" ? 2 : 1
        }
        end = min(end, text.count)
        var start = end
        while start < text.count, spaces.contains(text[start]) { start += 1 }
        if start < text.count, text[start] == "=" || text[start] == ":" {
            start += 1
            while start < text.count, spaces.contains(text[start]) { start += 1 }
        }
        guard end > 0 else { throw refusal(number, "there is no name in front of the separator") }
        return (try unescape(text[..<end], number), try unescape(text[start...], number))
    }

    private func unescape(_ text: ArraySlice<Unicode.Scalar>, _ number: Int) throws(KafkaError) -> String {
        // In UTF-16, as an escape stands for half a character at times.
        var units: [UInt16] = []
        var rest = text
        while let scalar = rest.popFirst() {
            guard scalar == "\\" else {
                units += Array(UTF16.encode(scalar) ?? .init())
                continue
            }
            switch rest.popFirst() {
            case "t": units.append(0x09)
            case "n": units.append(0x0A)
            case "r": units.append(0x0D)
            case "f": units.append(0x0C)
            case "u":
                let digits = rest.prefix(4)
                guard digits.count == 4, digits.allSatisfy(\.properties.isASCIIHexDigit),
                    let unit = UInt16(String(String.UnicodeScalarView(digits)), radix: 16)
                else {
                    throw refusal(number, "\\u has to be followed by four hexadecimal digits")
                }
                rest = rest.dropFirst(4)
                units.append(unit)
            case let other?: units += Array(UTF16.encode(other) ?? .init())
            case nil: break
            }
        }
        guard let result = String(validating: units, as: UTF16.self) else {
            throw refusal(number, "a \\u escape stands for half a character: the other half is missing")
        }
        return result
    }
}
