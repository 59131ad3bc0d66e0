/// One of those that do a mode's work: a row of the table.
struct Contestant: Hashable {
    var way: Way
    /// What is not at its default; of AsyncKafka alone.
    var setting: Setting?
    /// Whether `--preload` is in force.
    var isPreloaded = false

    /// In JSON.
    var name: String {
        "\(way.rawValue)\(setting.map { " \($0.rawValue)" } ?? "")\(isPreloaded ? " preloaded" : "")"
    }

    var isPlain: Bool { setting == nil && !isPreloaded }

    /// - Parameter library: what `--preload` names, in short.
    func title(_ library: String) -> String {
        if let setting { return setting.title }
        return isPreloaded ? "\(way.title), \(library)" : way.title
    }
}

extension Mode {
    func contestants(python: Bool, preload: Bool) -> [Contestant] {
        guard settings.isEmpty else {
            return [Contestant(way: .swift)] + settings.map { Contestant(way: .swift, setting: $0) }
        }
        var contestants = ways.filter { python || !$0.isPython }.map { Contestant(way: $0) }
        if preload, heeds(allocator: work) {
            for way in ways where way == ways.first || way == .swift {
                contestants.append(Contestant(way: way, isPreloaded: true))
            }
        }
        return contestants
    }

    /// What the others are compared with: C, or AsyncKafka with its defaults.
    var bases: [Contestant] {
        settings.isEmpty ? ways.filter(\.isC).map { Contestant(way: $0) } : [Contestant(way: .swift)]
    }

    private func heeds(allocator work: Work) -> Bool {
        switch work {
        case .produce, .consume, .store, .batches, .partitions: handler == 0
        case .sends: tasks >= 100
        default: false
        }
    }
}
