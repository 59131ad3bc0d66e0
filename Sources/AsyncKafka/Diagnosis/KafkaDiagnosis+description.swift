extension KafkaDiagnosis: CustomStringConvertible {
    /// A report for people: how many checks have come to what, then each of them.
    ///
    ///     1 failed, 3 passed, 7 skipped in 412 ms
    ///     …
    ///     passed   TCP localhost:9093 (1 ms)
    ///              127.0.0.1 takes connections
    ///     failed   TLS localhost:9093 (24 ms): certificateHostMismatch
    ///              …
    ///              To do: …
    ///     skipped  API versions localhost:9093: TLS has failed
    ///     …
    public var description: String {
        let outcomes: [(Outcome, String)] = [
            (.failed, "failed"), (.warning, "warned"), (.passed, "passed"), (.unknown, "not known"),
            (.skipped, "skipped"),
        ]
        let counts = outcomes.compactMap { outcome, word -> String? in
            let count = checks.count { $0.outcome == outcome }
            return count > 0 ? "\(count) \(word)" : nil
        }
        let end = isComplete ? "" : "; not all checks were made"
        return (["\(counts.joined(separator: ", ")) in \(Self.text(duration))\(end)"] + checks.map(\.description))
            .joined(separator: "\n")
    }

    /// `12 ms`, `1.2 s`.
    fileprivate static func text(_ duration: Duration) -> String {
        let milliseconds = Int((duration / .milliseconds(1)).rounded())
        guard milliseconds >= 1000 else { return "\(milliseconds) ms" }
        let tenths = (milliseconds + 50) / 100
        return "\(tenths / 10).\(tenths % 10) s"
    }
}

extension KafkaDiagnosis.Check: CustomStringConvertible {
    /// Its lines in the report.
    public var description: String {
        let outcome = outcome.description
        let indentation = "\n         "
        var text = outcome + String(repeating: " ", count: max(1, 9 - outcome.count)) + name
        if let duration { text += " (\(KafkaDiagnosis.text(duration)))" }
        if let error { text += ": \(error.code)" }
        text += (self.outcome == .skipped ? ": " : indentation) + seen.singleLine
        if let advice { text += "\(indentation)To do: \(advice.singleLine)" }
        return text
    }
}
