/// The comparison as a picture: for each mode a group of bars, on the left the records a second, on the right the processor time of a
/// record, both as multiples of C's.
struct Plot {
    private let report: Report
    private let names = 300
    private let panel = 360
    private let gap = 40
    private let bar = 13
    /// Where a panel ends; longer bars are cut off there, and say how long they are.
    private let most = 3.0

    init(_ report: Report) {
        self.report = report
    }

    private var sections: [Report.Section] {
        report.sections.filter { section in
            section.mode.hasPrefix("lock") == false
                && section.rows.contains { $0.way == .swift && $0.wakeups == nil && $0.rate > 100 }
                && section.rows.contains { $0.way.isC }
        }
    }

    var svg: String {
        var y = 64
        var body = ""
        for section in sections {
            guard let base = section.rows.first(where: { $0.way.isC }) else { continue }
            body += text(names - 12, y + bar, section.title, anchor: "end", weight: "bold")
            y += bar + 6
            for row in section.rows {
                let ratio = row.ratios[base.way.rawValue]
                body += text(names - 12, y + bar - 3, row.way.title, anchor: "end", size: 11)
                body += bars(row.way, ratio?.rate, x: names, y: y, what: rate(row))
                body += bars(row.way, ratio?.cpu, x: names + panel + gap, y: y, what: "\(row.cpu.short) µs")
                y += bar + 3
            }
            y += 14
        }
        let width = names + 2 * panel + gap + 20
        var head = ""
        for (index, title) in ["records a second, C = 1", "processor time a record, C = 1"].enumerated() {
            let left = names + index * (panel + gap)
            head += text(left, 24, title, weight: "bold")
            for tick in 0...Int(most) {
                let x = left + Int(Double(tick) / most * Double(panel))
                head += text(x, 46, "\(tick)", anchor: "middle", size: 11)
                head +=
                    "<line x1=\"\(x)\" y1=\"52\" x2=\"\(x)\" y2=\"\(y)\" "
                    + "stroke=\"\(tick == 1 ? "#555" : "#ddd")\"/>\n"
            }
        }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(width) \(y + 10)" font-family="sans-serif">
            <rect width="\(width)" height="\(y + 10)" fill="#fff"/>
            \(head)\(body)</svg>

            """
    }

    private func rate(_ row: Report.Row) -> String {
        row.rate >= 10 ? "\(Int(row.rate).grouped)/s" : "\((1e3 / max(row.rate, 1e-9)).short) ms"
    }

    private func bars(_ way: Way, _ ratio: Double?, x: Int, y: Int, what: String) -> String {
        guard let ratio else { return "" }
        let length = max(1, Int(min(ratio, most) / most * Double(panel)))
        let color = way == .swift ? "#f05138" : way.isPython ? "#3572a5" : "#9a9a9a"
        let label = ratio > most ? "\(ratio.ratio) ×, \(what)" : what
        let rect = "<rect x=\"\(x)\" y=\"\(y)\" width=\"\(length)\" height=\"\(bar)\" fill=\"\(color)\"/>\n"
        // Within a long bar, behind a short one.
        return length > panel * 2 / 3
            ? rect + text(x + length - 5, y + bar - 3, label, anchor: "end", size: 10, color: "#fff")
            : rect + text(x + length + 5, y + bar - 3, label, size: 10)
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
