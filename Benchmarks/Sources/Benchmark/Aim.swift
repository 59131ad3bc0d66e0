/// What AsyncKafka is meant to reach in a mode.
struct Aim {
    var mode: String
    /// What it is compared with; nil: the figure itself counts.
    var base: Way?
    var figure: Figure
    var bound: Double

    enum Figure: String {
        case rate = "records/s"
        case cpu = "CPU"
        case peak = "memory"
        case p50
        case wakeups = "wake-ups/s beyond"

        var preposition: String { self == .wakeups ? "" : "to " }
    }

    static let all = [
        Aim(mode: "produce", base: .producev, figure: .cpu, bound: 1.2),
        Aim(mode: "produce", base: .producev, figure: .rate, bound: 0.9),
        Aim(mode: "produce-1k", base: .producev, figure: .cpu, bound: 1),
        Aim(mode: "produce-1k", base: .producev, figure: .rate, bound: 1),
        Aim(mode: "produce-1k", base: .producev, figure: .peak, bound: 0.6),
        Aim(mode: "consume", base: .batch, figure: .cpu, bound: 1.4),
        Aim(mode: "consume", base: .single, figure: .cpu, bound: 1),
        Aim(mode: "consume", base: .batch, figure: .rate, bound: 0.8),
        Aim(mode: "consume", base: .python, figure: .rate, bound: 2.5),
        Aim(mode: "batches", base: .batch, figure: .cpu, bound: 1.3),
        Aim(mode: "batches", base: .batch, figure: .rate, bound: 0.9),
        Aim(mode: "handler", base: .batch, figure: .rate, bound: 1.7),
        Aim(mode: "sends-1", base: .linger0, figure: .cpu, bound: 2),
        Aim(mode: "sends-1", base: .linger0, figure: .p50, bound: 1.25),
        Aim(mode: "sends-100", base: .linger5, figure: .rate, bound: 5),
        Aim(mode: "sends-1000", base: .linger5, figure: .rate, bound: 3),
        Aim(mode: "sends-1000", figure: .cpu, bound: 3),
        Aim(mode: "sends-10000", base: .linger5, figure: .rate, bound: 0.5),
        Aim(mode: "sends-10000", figure: .cpu, bound: 2),
        Aim(mode: "commit-1", base: .commitQueue, figure: .rate, bound: 0.9),
        Aim(mode: "commit-1000", figure: .rate, bound: 50_000),
        Aim(mode: "start-producer", base: .plain, figure: .p50, bound: 1.1),
        Aim(mode: "idle", base: .plain, figure: .wakeups, bound: 0),
    ]

    /// What was measured; nil if it was not.
    func value(_ sections: [Report.Section]) -> Double? {
        guard let section = sections.first(where: { $0.mode == mode }),
            let row = section.row(Contestant(way: .swift))
        else { return nil }
        guard let base else {
            switch figure {
            case .rate: return row.rate
            case .cpu: return row.cpu
            default: return nil
            }
        }
        let ratio = row.ratios[base.rawValue]
        switch figure {
        case .rate: return ratio?.rate
        case .cpu: return ratio?.cpu
        case .peak: return ratio?.peak
        case .p50: return ratio?.p50
        case .wakeups:
            guard let own = row.wakeups, let other = section.row(Contestant(way: base))?.wakeups else { return nil }
            return own - other
        }
    }

    /// A line, if it was measured.
    func line(_ sections: [Report.Section]) -> String? {
        guard let value = value(sections) else { return nil }
        let isReached = figure == .rate ? value >= bound : value <= bound
        let what =
            if let base { "\(figure.rawValue) \(figure.preposition)\(base.title)" } else {
                figure == .cpu ? "CPU µs" : figure.rawValue
            }
        let text = value >= 1000 ? Int(value).grouped : value.ratio
        let limit = bound >= 1000 ? Int(bound).grouped : "\(bound)"
        return "\(mode.padded(16))\(what.padded(44))\(text.aligned(10))  \(figure == .rate ? "≥" : "≤") "
            + limit.padded(8) + (isReached ? "" : "missed")
    }
}
