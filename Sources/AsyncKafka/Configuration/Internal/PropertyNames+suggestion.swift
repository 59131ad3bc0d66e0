import RdKafka

extension PropertyNames {
    /// The property that a mistyped name most likely means.
    static func suggestion(for name: String, kind: ClientKind) -> String? {
        guard name.utf8.count <= 100 else { return nil }
        let wanted = normalized(name)
        let words = Set(wanted.split(separator: "."))
        var best: (name: String, likeness: Double)?
        for (candidate, property) in Configuration.properties.sorted(by: { $0.key < $1.key }) {
            guard property.kind != .dedicated, scope(property.scope, fits: kind) else { continue }
            let other = normalized(candidate)
            if other == wanted { return candidate }
            let longer = Double(max(wanted.utf8.count, other.utf8.count))
            let spelling = 1 - Double(distance(Array(wanted.utf8), Array(other.utf8))) / longer
            let others = Set(other.split(separator: "."))
            let tokens = Double(words.intersection(others).count) / Double(words.union(others).count)
            // A few letters, or the same words in another order; words count less, as many names share `max` and `ms`.
            let likeness = max(spelling, tokens * 0.99)
            if likeness >= 0.7, likeness > best?.likeness ?? 0 { best = (candidate, likeness) }
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

    private static func normalized(_ name: String) -> String {
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
