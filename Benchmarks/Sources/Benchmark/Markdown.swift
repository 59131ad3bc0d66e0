import Foundation

/// The figures as tables for the article Performance, each under a name.
struct Markdown {
    private let report: Report

    init(_ report: Report) {
        self.report = report
    }

    /// All tables, by name; those of modes that were not measured are left out.
    private var tables: [(name: String, text: String)] {
        var tables = [("run", run), ("bulk", bulk), ("waiting", waiting), ("idle", idle), ("lock", lock)]
        tables.append(("allocator", allocator))
        for mode in Mode.settings { tables.append((mode.name, settings(mode))) }
        return tables.filter { !$0.1.isEmpty }
    }

    var all: String {
        tables.map { "## \($0.name)\n\n\($0.text)\n" }.joined(separator: "\n")
    }

    /// Replaces the tables of an article, and the pictures.
    ///
    /// A table stands between `<!-- figures: NAME -->` and `<!-- end -->`.
    func write(into catalogue: URL) throws {
        let article = catalogue.appendingPathComponent("Performance.md")
        var text = try String(contentsOf: article, encoding: .utf8)
        for (name, table) in tables {
            guard let start = text.range(of: "<!-- figures: \(name) -->\n") else {
                throw Failure("Performance.md has no place for \(name)")
            }
            guard let end = text.range(of: "<!-- end -->", range: start.upperBound..<text.endIndex) else {
                throw Failure("Performance.md does not say where \(name) ends")
            }
            text.replaceSubrange(start.upperBound..<end.lowerBound, with: "\n\(table)\n\n")
        }
        try Data(text.utf8).write(to: article)
        let folder = catalogue.appendingPathComponent("Resources")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for kind in Plot.Kind.allCases {
            let plot = Plot(report, kind)
            if plot.isEmpty { continue }
            try Data(plot.svg.utf8).write(to: folder.appendingPathComponent("\(kind.rawValue).svg"))
        }
    }

    // MARK: Tables

    private var run: String {
        let rows = report.sections.flatMap(\.rows)
        let engine = rows.first { !$0.contestant.way.isPython }?.engine ?? ""
        let python = rows.first { $0.contestant.way.isPython }?.engine
        let facts = report.facts
        var text = "Measured with librdkafka \(engine)"
        if let python { text += " (confluent-kafka-python brings its own, \(python))" }
        text += ", \(facts.broker) on the same \(facts.processors) processors"
        if let processor = facts.processor { text += " (\(processor))" }
        text += ", medians of \(facts.rounds) round\(facts.rounds == 1 ? "" : "s")."
        if let other = facts.otherWork, other > Processor.tolerable {
            text += " The machine had other work: the figures are provisional."
        }
        return facts.isShort ? text + " A short run: it says nothing about speed." : text
    }

    private func sections(_ isMeant: (Mode) -> Bool) -> [(mode: Mode, section: Report.Section)] {
        report.sections.compactMap { section in
            guard !section.rows.isEmpty, let mode = Mode.all.first(where: { $0.name == section.mode }), isMeant(mode)
            else { return nil }
            return (mode, section)
        }
    }

    private func table(_ head: [String], _ rows: [[String]]) -> String {
        guard !rows.isEmpty else { return "" }
        let rule = "|\(String(repeating: "-|", count: head.count))"
        return (["| \(head.joined(separator: " | ")) |", rule] + rows.map { "| \($0.joined(separator: " | ")) |" })
            .joined(separator: "\n")
    }

    private func times(_ ratio: Double?) -> String { ratio.map { "\($0.ratio) ×" } ?? "" }
    private func rate(_ row: Report.Row) -> String { Int(row.rate).grouped }
    private func megabytes(_ row: Report.Row) -> String { row.peakBytes.map { (Double($0) / 1e6).short } ?? "" }
    private func milliseconds(_ seconds: Double?) -> String { seconds.map { ($0 * 1e3).short } ?? "" }

    private var bulk: String {
        var rows: [[String]] = []
        for (mode, section) in sections({ $0.settings.isEmpty && !$0.waits && $0.work != .idle && $0.work != .lock }) {
            for row in section.rows where row.contestant.isPlain {
                let ratio = mode.bases.first.flatMap { row.ratios[$0.name] }
                let isBase = row.contestant == mode.bases.first
                rows.append([
                    row.contestant == section.rows.first?.contestant ? section.title : "",
                    row.contestant.way == .swift ? "**\(row.title)**" : row.title,
                    rate(row), isBase ? "" : times(ratio?.rate),
                    row.cpu.short, isBase ? "" : times(ratio?.cpu),
                    megabytes(row),
                ])
            }
        }
        return table(["Work", "Who", "Records a second", "", "CPU µs a record", "", "Memory MB"], rows)
    }

    private var waiting: String {
        var rows: [[String]] = []
        for (mode, section) in sections({ $0.settings.isEmpty && $0.waits }) {
            for row in section.rows where row.contestant.isPlain {
                rows.append([
                    row.contestant == section.rows.first?.contestant ? section.title : "",
                    row.contestant.way == .swift ? "**\(row.title)**" : row.title,
                    mode.records > 1 ? rate(row) : "",
                    mode.records > 1 ? row.cpu.short : "",
                    milliseconds(row.p50),
                    mode.records > 1 ? milliseconds(row.p99) : "",
                ])
            }
        }
        return table(["Work", "Who", "Records a second", "CPU µs a record", "p50 ms", "p99 ms"], rows)
    }

    private var idle: String {
        var rows: [[String]] = []
        for (_, section) in sections({ $0.work == .idle }) {
            for row in section.rows { rows.append([row.title, row.wakeups?.short ?? ""]) }
        }
        return table(["Who", "Wake-ups a second"], rows)
    }

    private var lock: String {
        let all = sections { $0.work == .lock }
        guard let first = all.first else { return "" }
        let rows = first.section.rows.map { row in
            [
                row.contestant.way == .swift
                    ? "AsyncKafka's lock" : row.contestant.way == .plain ? "pthread mutex in C" : row.title
            ]
                + all.map { $0.section.row(row.contestant).map { (1e9 / $0.rate).short } ?? "" }
        }
        let heads = all.map { "ns, \($0.mode.tasks) thread\($0.mode.tasks == 1 ? "" : "s")" }
        return table(["Lock and unlock"] + heads, rows)
    }

    private var allocator: String {
        var rows: [[String]] = []
        for (_, section) in sections({ $0.settings.isEmpty }) {
            for row in section.rows where row.contestant.isPreloaded {
                let plain = Contestant(way: row.contestant.way)
                guard let before = section.row(plain), let ratio = row.ratios[plain.name] else { continue }
                rows.append([
                    section.title,
                    row.contestant.way == .swift ? "**\(before.title)**" : before.title,
                    "\(rate(before)) → \(rate(row))", times(ratio.rate),
                    "\(before.cpu.short) → \(row.cpu.short)", times(ratio.cpu),
                    "\(megabytes(before)) → \(megabytes(row))",
                ])
            }
        }
        return table(["Work", "Who", "Records a second", "", "CPU µs a record", "", "Memory MB"], rows)
    }

    private func settings(_ mode: Mode) -> String {
        guard let section = report.sections.first(where: { $0.mode == mode.name }) else { return "" }
        let sends = section.rows.contains { $0.sentBytes != nil }
        var head = ["Setting", "Records a second", "", "CPU µs a record", ""]
        if mode.waits { head += ["p50 ms", "p99 ms"] }
        if sends { head.append("Bytes sent a record") }
        head.append("Memory MB")
        let rows = section.rows.map { row in
            let ratio = row.contestant.setting == nil ? nil : row.ratios[Contestant(way: .swift).name]
            var cells = [row.contestant.setting == nil ? row.title : "`\(row.title)`"]
            cells += [rate(row), times(ratio?.rate), row.cpu.short, times(ratio?.cpu)]
            if mode.waits { cells += [milliseconds(row.p50), milliseconds(row.p99)] }
            if sends { cells.append(row.sentBytes.map { Int($0).grouped } ?? "") }
            cells.append(megabytes(row))
            return cells
        }
        return table(head, rows)
    }
}
