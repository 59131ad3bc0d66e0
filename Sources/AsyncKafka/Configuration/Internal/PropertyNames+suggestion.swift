import RdKafka

extension PropertyNames {
    /// A property's name, taken apart once for all comparisons.
    private struct Candidate {
        var name: String
        var normalized: String
        var bytes: [UInt8]
        var words: Set<Substring>
        /// How often each letter is in it, by its lowest bits.
        var letters: [Int]

        init(_ name: String) {
            self.name = name
            normalized = PropertyNames.normalized(name)
            bytes = Array(normalized.utf8)
            words = Set(normalized.split(separator: "."))
            letters = Array(repeating: 0, count: 32)
            for byte in bytes { letters[Int(byte & 31)] += 1 }
        }
    }

    private static let candidates: [(candidate: Candidate, scope: Configuration.Property.Scope)] = {
        Configuration.properties.sorted { $0.key < $1.key }.filter { $0.value.kind != .dedicated }
            .map { (Candidate($0.key), $0.value.scope) }
    }()

    /// The property that a mistyped name most likely means.
    static func suggestion(for name: String, kind: ClientKind) -> String? {
        guard name.utf8.count <= 100 else { return nil }
        let wanted = Candidate(name)
        var best: (name: String, likeness: Double)?
        for (other, scope) in candidates where self.scope(scope, fits: kind) {
            if other.normalized == wanted.normalized { return other.name }
            let tokens =
                Double(wanted.words.intersection(other.words).count) / Double(wanted.words.union(other.words).count)
            // A few letters, or the same words in another order; words count less, as many names share `max` and `ms`.
            var likeness = tokens * 0.99
            let needed = max(0.7, best?.likeness ?? 0)
            let longer = max(wanted.bytes.count, other.bytes.count)
            // Letters that only one of them has cost a step each: most names are out without a closer look.
            var common = 0
            for index in wanted.letters.indices { common += min(wanted.letters[index], other.letters[index]) }
            if Double(common) >= needed * Double(longer) {
                likeness = max(likeness, 1 - Double(distance(wanted.bytes, other.bytes)) / Double(longer))
            }
            if likeness >= 0.7, likeness > best?.likeness ?? 0 { best = (other.name, likeness) }
        }
        return best?.name
    }

    static func scope(_ scope: Configuration.Property.Scope, fits kind: ClientKind) -> Bool {
        switch scope {
        case .both: true
        case .producer: kind == .producer
        case .consumer: kind == .consumer
        }
    }

    /// Without case, and with a dot wherever names are divided.
    static func normalized(_ name: String) -> String {
        String(name.lowercased().map { $0 == "_" || $0 == "-" || $0 == " " ? "." : $0 })
    }

    /// Insertions, deletions, replacements and swaps of neighbours from one text to the other (Damerau and Levenshtein,
    /// each place changed once).
    static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let cost = left[row] == right[column] ? 0 : 1
                var value = min(last[column + 1] + 1, current[column] + 1, last[column] + cost)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    value = min(value, beforeLast[column - 1] + 1)
                }
                current.append(value)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
