import Foundation

/// Medians over rounds, and ratios to C in the same round.
struct Report {
    struct Row: Codable {
        var way: Way
        var engine: String
        var rounds: Int
        var rate: Double
        /// Microseconds a record.
        var cpu: Double
        var peakBytes: Int?
        var p50: Double?
        var p99: Double?
        var wakeups: Double?
        /// To each C way of the mode, by its name.
        var ratios: [String: Ratio]
    }

    struct Ratio: Codable {
        var rate: Double?
        var cpu: Double?
        var peak: Double?
        var p50: Double?
        var p99: Double?
    }

    struct Section: Codable {
        var mode: String
        var title: String
        var rows: [Row]
    }

    private let modes: [Mode]
    private let results: [String: [Rounds.Result]]
    let sections: [Section]
    private let isMock: Bool

    init(_ modes: [Mode], _ results: [String: [Rounds.Result]], isMock: Bool) {
        self.modes = modes
        self.results = results
        self.isMock = isMock
        sections = modes.map { mode in
            let rounds = results[mode.name] ?? []
            let rows = mode.ways.compactMap { Self.row($0, of: mode, rounds) }
            return Section(mode: mode.name, title: mode.title, rows: rows)
        }
    }

    private static func row(_ way: Way, of mode: Mode, _ rounds: [Rounds.Result]) -> Row? {
        let own = rounds.compactMap { $0.outcomes[way.rawValue] }
        guard let first = own.first else { return nil }
        var ratios: [String: Ratio] = [:]
        for base in mode.ways where base.isC {
            let pairs = rounds.compactMap { round in
                round.outcomes[way.rawValue].flatMap { own in round.outcomes[base.rawValue].map { (own, $0) } }
            }
            func ratio(_ value: (Outcome) -> Double?) -> Double? {
                median(
                    pairs.compactMap { own, base in
                        guard let own = value(own), let base = value(base), base > 0 else { return nil }
                        return own / base
                    }
                )
            }
            ratios[base.rawValue] = Ratio(
                rate: ratio(\.rate),
                cpu: ratio(\.cpu),
                peak: ratio { $0.peakBytes.map { Double($0) } },
                p50: ratio(\.p50),
                p99: ratio(\.p99)
            )
        }
        return Row(
            way: way,
            engine: first.engine,
            rounds: own.count,
            rate: median(own.map(\.rate)) ?? 0,
            cpu: median(own.map(\.cpu)) ?? 0,
            peakBytes: median(own.compactMap { $0.peakBytes.map { Double($0) } }).map { Int($0) },
            p50: median(own.compactMap(\.p50)),
            p99: median(own.compactMap(\.p99)),
            wakeups: median(own.compactMap(\.wakeups)),
            ratios: ratios
        )
    }

    private static func median(_ values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }

    // MARK: Table

    var table: String {
        var lines: [String] = []
        for (mode, section) in zip(modes, sections) {
            let bases = mode.ways.filter { base in base.isC && section.rows.contains { $0.way == base } }
            lines.append("\n\(section.title)")
            var head = "".padded(26) + "engine".aligned(9)
            head += columns(mode).map { $0.name.aligned(12) }.joined()
            for base in bases where mode.work != .idle {
                head += "  | to \(base.title): \(ratios(mode).map(\.name).joined(separator: ", "))".padded(46)
            }
            lines.append(head)
            for row in section.rows {
                var line = row.way.title.padded(26) + row.engine.aligned(9)
                line += columns(mode).map { ($0.value(row) ?? "").aligned(12) }.joined()
                for base in bases where mode.work != .idle {
                    let ratio = row.ratios[base.rawValue]
                    let values = ratios(mode).map { column in ratio.flatMap { column.value($0) }?.ratio ?? "-" }
                    line += "  | \(values.map { $0.aligned(8) }.joined())".padded(46)
                }
                lines.append(line)
            }
        }
        return lines.joined(separator: "\n")
    }

    private typealias Column = (name: String, value: (Row) -> String?)

    private func columns(_ mode: Mode) -> [Column] {
        if mode.work == .idle { return [("wake-ups/s", { $0.wakeups?.short })] }
        if mode.work == .lock {
            return [("times/s", { Int($0.rate).grouped }), ("CPU ns", { ($0.cpu * 1e3).short })]
        }
        var columns: [Column] = []
        if mode.records > 1 {
            columns.append(("records/s", { Int($0.rate).grouped }))
            columns.append(("CPU µs", { $0.cpu.short }))
        }
        columns.append(("memory MB", { $0.peakBytes.map { (Double($0) / 1e6).short } }))
        if mode.waits {
            columns.append(("p50 ms", { $0.p50.map { ($0 * 1e3).short } }))
            if mode.records > 1 { columns.append(("p99 ms", { $0.p99.map { ($0 * 1e3).short } })) }
        }
        return columns
    }

    private func ratios(_ mode: Mode) -> [(name: String, value: (Ratio) -> Double?)] {
        if mode.records == 1 { return [("p50", { $0.p50 }), ("memory", { $0.peak })] }
        if mode.waits { return [("rate", { $0.rate }), ("CPU", { $0.cpu }), ("p50", { $0.p50 }), ("p99", { $0.p99 })] }
        return [("rate", { $0.rate }), ("CPU", { $0.cpu }), ("memory", { $0.peak })]
    }

    // MARK: JSON

    private struct Document: Codable {
        var seed: UInt64
        var broker: String
        var processors: Int
        var medians: [Section]
        var rounds: [String: [Rounds.Result]]
    }

    func json(seed: UInt64) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let document = Document(
            seed: seed,
            broker: isMock ? "librdkafka's mock" : "Kafka",
            processors: ProcessInfo.processInfo.processorCount,
            medians: sections,
            rounds: results
        )
        return try encoder.encode(document)
    }
}

extension Double {
    var ratio: String { self >= 10 ? String(format: "%.1f", self) : String(format: "%.2f", self) }
}
