/// A comparison as a picture: for each mode a group of bars, on the left the records a second, on the right the processor time of a
/// record, both as multiples of what the others are compared with.
struct Plot {
    enum Kind: String, CaseIterable {
        /// Beside C.
        case comparison = "performance"
        /// With `--preload` and without.
        case allocator = "performance-allocator"
        /// AsyncKafka's settings beside its defaults.
        case settings = "performance-settings"
    }

    private let report: Report
    private let kind: Kind
    private let names = 270
    private let panel = 330
    private let gap = 40
    private let bar = 15
    /// Where a panel ends; longer bars are cut off there, and say how long they are.
    private let most: Double

    init(_ report: Report, _ kind: Kind) {
        self.report = report
        self.kind = kind
        most = kind == .comparison ? 3 : 2
    }

    private struct Group {
        var title: String
        var base: Report.Row
        var rows: [Report.Row]
    }

    private var groups: [Group] {
        report.sections.compactMap { section in
            guard let mode = Mode.all.first(where: { $0.name == section.mode }),
                mode.work != .lock, mode.work != .idle, mode.records > 1,
                let base = mode.bases.lazy.compactMap({ section.row($0) }).first
            else { return nil }
            let rows =
                switch kind {
                case .comparison: mode.settings.isEmpty ? section.rows.filter { $0.contestant.isPlain } : []
                case .allocator:
                    // Each behind the one it is to be compared with.
                    section.rows.filter(\.contestant.isPreloaded).flatMap { row in
                        [section.row(Contestant(way: row.contestant.way)), row].compactMap(\.self)
                    }
                case .settings: mode.settings.isEmpty ? [] : section.rows
                }
            return rows.count > 1 ? Group(title: section.title, base: base, rows: rows) : nil
        }
    }

    var isEmpty: Bool { groups.isEmpty }

    var svg: String {
        let unit = kind == .settings ? "defaults = 1" : "C = 1"
        var y = 62
        var body = ""
        for group in groups {
            y += 8
            // Lines of the scale do not cross it.
            body += "<rect x=\"8\" y=\"\(y)\" width=\"\(8 * group.title.count)\" height=\"17\" fill=\"#fff\"/>\n"
            body += text(12, y + 13, group.title, weight: "bold")
            y += 20
            for row in group.rows {
                let ratio = row.ratios[group.base.contestant.name]
                body += text(names - 10, y + 12, row.title, anchor: "end", size: 12)
                body += bars(row, ratio?.rate, x: names, y: y, what: rate(row))
                body += bars(row, ratio?.cpu, x: names + panel + gap, y: y, what: "\(row.cpu.short) µs")
                y += bar + 3
            }
        }
        y += 8
        let width = names + 2 * panel + gap + 20
        var head = ""
        for (index, title) in ["records a second", "CPU time of a record"].enumerated() {
            let left = names + index * (panel + gap)
            let note = "\(unit), \(index == 0 ? "longer" : "shorter") is better"
            head += text(left, 22, title, weight: "bold")
            head += text(left + panel, 22, note, anchor: "end", size: 11, color: "#666")
            for tick in 0...Int(most) {
                let x = left + Int(Double(tick) / most * Double(panel))
                head += text(x, 46, "\(tick)", anchor: "middle", size: 11, color: "#666")
                head +=
                    "<line x1=\"\(x)\" y1=\"52\" x2=\"\(x)\" y2=\"\(y)\" "
                    + "stroke=\"\(tick == 1 ? "#666" : "#ddd")\"/>\n"
            }
        }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(y + 8)" viewBox="0 0 \(width) \(y + 8)" \
            font-family="Helvetica, Arial, sans-serif">
            <rect width="\(width)" height="\(y + 8)" fill="#fff"/>
            \(head)\(body)</svg>

            """
    }

    private func rate(_ row: Report.Row) -> String {
        var text = "\(Int(row.rate).grouped)/s"
        if let p50 = row.p50 { text += ", p50 \((p50 * 1e3).short) ms" }
        return text
    }

    private func color(_ row: Report.Row) -> (fill: String, ink: String) {
        let contestant = row.contestant
        if contestant.way.isC { return contestant.isPreloaded ? ("#6b6b6b", "#fff") : ("#b4b4b4", "#222") }
        if contestant.way.isPython { return ("#3572a5", "#fff") }
        let isLighter = kind == .allocator ? !contestant.isPreloaded : kind == .settings && contestant.setting == nil
        return isLighter ? ("#f9b4a6", "#222") : ("#e0452c", "#fff")
    }

    private func bars(_ row: Report.Row, _ ratio: Double?, x: Int, y: Int, what: String) -> String {
        guard let ratio else { return "" }
        let length = max(1, Int(min(ratio, most) / most * Double(panel)))
        let (fill, ink) = color(row)
        let label = ratio > most ? "\(ratio.ratio) × · \(what)" : what
        var shapes = "<rect x=\"\(x)\" y=\"\(y)\" width=\"\(length)\" height=\"\(bar)\" fill=\"\(fill)\"/>\n"
        // It goes on.
        if ratio > most {
            let end = x + length
            shapes +=
                "<path d=\"M\(end - 12) \(y)l4 0l-5 \(bar)l-4 0z\" fill=\"#fff\"/>\n"
        }
        // Within a long bar, behind a short one.
        let isWithin = length > panel * 6 / 10
        let place = isWithin ? x + length - (ratio > most ? 20 : 5) : x + length + 5
        let width = label.count * 6 + 2
        if !isWithin {
            shapes += "<rect x=\"\(place - 2)\" y=\"\(y)\" width=\"\(width)\" height=\"\(bar)\" fill=\"#fff\"/>\n"
        }
        return shapes
            + text(place, y + 12, label, anchor: isWithin ? "end" : "start", size: 11, color: isWithin ? ink : "#222")
    }

    private func text(
        _ x: Int,
        _ y: Int,
        _ string: String,
        anchor: String = "start",
        weight: String = "normal",
        size: Int = 13,
        color: String = "#222"
    ) -> String {
        let escaped = string.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
        return "<text x=\"\(x)\" y=\"\(y)\" text-anchor=\"\(anchor)\" font-weight=\"\(weight)\" font-size=\"\(size)\" "
            + "fill=\"\(color)\">\(escaped)</text>\n"
    }
}
