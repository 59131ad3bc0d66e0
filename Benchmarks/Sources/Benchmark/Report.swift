import Foundation

/// Medians over rounds, and ratios to C in the same round.
struct Report {
    /// How it was measured.
    struct Facts: Codable {
        var seed: UInt64
        var broker: String
        var processors: Int
        var processor: String?
        /// How busy the processors were before it began, from 0 to 1.
        var otherWork: Double?
        var rounds: Int
        var isShort: Bool
        var preload: String?
    }

    /// Written by the name of its contestant.
    struct Row: Encodable {
        private enum CodingKeys: CodingKey {
            case title, engine, rounds, rate, cpu, peakBytes, p50, p99, wakeups, sentBytes, ratios
        }

        var contestant: Contestant
        var title: String
        var engine: String
        var rounds: Int
        var rate: Double
        /// Microseconds a record.
        var cpu: Double
        var peakBytes: Int?
        var p50: Double?
        var p99: Double?
        var wakeups: Double?
        var sentBytes: Double?
        /// To each other row of the mode, by its name.
        var ratios: [String: Ratio]
    }

    struct Ratio: Codable {
        var rate: Double?
        var cpu: Double?
        var peak: Double?
        var p50: Double?
        var p99: Double?
    }

    struct Section {
        var mode: String
        var title: String
        var rows: [Row]

        func row(_ contestant: Contestant) -> Row? {
            rows.first { $0.contestant == contestant }
        }
    }

    let facts: Facts
    private let modes: [Mode]
    private let results: [String: [Rounds.Result]]
    let sections: [Section]

    init(_ facts: Facts, _ modes: [Mode], _ results: [String: [Rounds.Result]]) {
        self.facts = facts
        self.modes = modes
        self.results = results
        sections = modes.map { mode in
            let rounds = results[mode.name] ?? []
            let all = mode.contestants(python: true, preload: true)
            let rows = all.compactMap { Self.row($0, among: all, rounds, Self.library(facts.preload)) }
            return Section(mode: mode.name, title: mode.title, rows: rows)
        }
    }

    /// What is preloaded, in short: `mimalloc` for `/usr/lib/libmimalloc.so.2`.
    var library: String { Self.library(facts.preload) }

    private static func library(_ file: String?) -> String {
        let name = file?.split(separator: "/").last.map { String($0) } ?? ""
        let stem = name.split(separator: ".").first.map { String($0) } ?? name
        return stem.hasPrefix("lib") ? String(stem.dropFirst(3)) : stem
    }

    private static func row(
        _ contestant: Contestant,
        among all: [Contestant],
        _ rounds: [Rounds.Result],
        _ library: String
    ) -> Row? {
        let own = rounds.compactMap { $0.outcomes[contestant.name] }
        guard let first = own.first else { return nil }
        var ratios: [String: Ratio] = [:]
        for base in all {
            let pairs = rounds.compactMap { round in
                round.outcomes[contestant.name].flatMap { own in round.outcomes[base.name].map { (own, $0) } }
            }
            guard !pairs.isEmpty else { continue }
            func ratio(_ value: (Outcome) -> Double?) -> Double? {
                median(
                    pairs.compactMap { own, base in
                        guard let own = value(own), let base = value(base), base > 0 else { return nil }
                        return own / base
                    }
                )
            }
            ratios[base.name] = Ratio(
                rate: ratio(\.rate),
                cpu: ratio(\.cpu),
                peak: ratio { $0.peakBytes.map { Double($0) } },
                p50: ratio(\.p50),
                p99: ratio(\.p99)
            )
        }
        return Row(
            contestant: contestant,
            title: contestant.setting == nil && all.contains { $0.setting != nil }
                ? "defaults" : contestant.title(library),
            engine: first.engine,
            rounds: own.count,
            rate: median(own.map(\.rate)) ?? 0,
            cpu: median(own.map(\.cpu)) ?? 0,
            peakBytes: median(own.compactMap { $0.peakBytes.map { Double($0) } }).map { Int($0) },
            p50: median(own.compactMap(\.p50)),
            p99: median(own.compactMap(\.p99)),
            wakeups: median(own.compactMap(\.wakeups)),
            sentBytes: median(own.compactMap(\.sentBytes)),
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
        for (mode, section) in zip(modes, sections) where !section.rows.isEmpty {
            let bases = mode.work == .idle ? [] : mode.bases.compactMap { section.row($0) }
            lines.append("\n\(section.title)")
            var head = "".padded(36) + "engine".aligned(9)
            head += columns(mode).map { $0.name.aligned(12) }.joined()
            for base in bases {
                head += "  | to \(base.title): \(ratios(mode).map(\.name).joined(separator: ", "))".padded(46)
            }
            lines.append(head)
            for row in section.rows {
                var line = row.title.padded(36) + row.engine.aligned(9)
                line += columns(mode).map { ($0.value(row) ?? "").aligned(12) }.joined()
                for base in bases {
                    let ratio = row.ratios[base.contestant.name]
                    let values = ratios(mode).map { column in ratio.flatMap { column.value($0) }?.ratio ?? "-" }
                    line += "  | \(values.map { $0.aligned(8) }.joined())".padded(46)
                }
                lines.append(line)
            }
        }
        let aims = Aim.all.compactMap { $0.line(sections) }
        if !aims.isEmpty { lines.append("\nAsyncKafka's aims"); lines += aims }
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
        if mode.isText, mode.work == .produce || mode.work == .paced {
            columns.append(("bytes sent", { $0.sentBytes.map { Int($0).grouped } }))
        }
        return columns
    }

    private func ratios(_ mode: Mode) -> [(name: String, value: (Ratio) -> Double?)] {
        if mode.records == 1 { return [("p50", { $0.p50 }), ("memory", { $0.peak })] }
        if mode.waits { return [("rate", { $0.rate }), ("CPU", { $0.cpu }), ("p50", { $0.p50 }), ("p99", { $0.p99 })] }
        return [("rate", { $0.rate }), ("CPU", { $0.cpu }), ("memory", { $0.peak })]
    }

    // MARK: JSON

    private struct Document: Encodable {
        var facts: Facts
        var modes: [String]
        /// For other programs: what the table has.
        var medians: [String: [String: Row]]
        var rounds: [String: [Rounds.Result]]
    }

    /// What of it is read again: medians follow from the rounds.
    private struct Source: Decodable {
        var facts: Facts
        var modes: [String]
        var rounds: [String: [Rounds.Result]]
    }

    var json: Data {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            let medians = sections.map { section in
                (section.mode, Dictionary(uniqueKeysWithValues: section.rows.map { ($0.contestant.name, $0) }))
            }
            let document = Document(
                facts: facts,
                modes: modes.map(\.name),
                medians: Dictionary(uniqueKeysWithValues: medians),
                rounds: results
            )
            return try encoder.encode(document)
        }
    }

    /// What an earlier run has written.
    init(reading file: String) throws {
        let document = try JSONDecoder().decode(Source.self, from: Data(contentsOf: URL(fileURLWithPath: file)))
        self.init(document.facts, Mode.all.filter { document.modes.contains($0.name) }, document.rounds)
    }
}

extension Double {
    var ratio: String { self >= 10 ? String(format: "%.1f", self) : String(format: "%.2f", self) }
}
