/// Where a group's offsets are moved to.
public struct KafkaOffsetReset: Sendable, Hashable {
    private enum Kind: Sendable, Hashable {
        case place(KafkaOffsetSpecification)
        case shift(Int64)
    }

    private let kind: Kind

    /// The oldest message.
    public static let earliest = KafkaOffsetReset.place(.beginning)
    /// Behind the newest message that is neither in an open transaction nor behind one.
    public static let latest = KafkaOffsetReset.place(.end)

    /// A place in each log: an offset, a time, so many from the end. `.committed` is refused.
    public static func place(_ place: KafkaOffsetSpecification) -> KafkaOffsetReset {
        KafkaOffsetReset(kind: .place(place))
    }

    /// So many offsets on from what is committed, or back if it is negative.
    public static func shifted(by count: Int64) -> KafkaOffsetReset {
        KafkaOffsetReset(kind: .shift(count))
    }

    func check() throws(KafkaError) {
        guard case .place(let place) = kind else { return }
        if case .committed = place.kind {
            throw .invalidArgument("`.committed` is where the offsets are: give another place")
        }
    }

    /// What has to be looked up.
    func places(of partitions: Set<KafkaTopicPartition>) -> [KafkaTopicPartition: KafkaOffsetSpecification] {
        let place: KafkaOffsetSpecification =
            switch kind {
            case .place(let place): place
            // Needs no place, but this one is looked up in any case.
            case .shift: .beginning
            }
        return Dictionary(uniqueKeysWithValues: partitions.map { ($0, place) })
    }

    /// - Parameters:
    ///   - current: what is committed.
    ///   - place: what the place of `places(of:)` is.
    func change(
        _ partition: KafkaTopicPartition,
        from current: Int64?,
        place: Int64,
        log: KafkaWatermarks
    ) throws(KafkaError) -> KafkaOffsetResetPlan.Change {
        var wanted = place
        if case .shift(let count) = kind {
            guard let current else {
                throw KafkaError(.noOffset, "nothing is committed that could be shifted").at(partition)
            }
            let (sum, overflows) = current.addingReportingOverflow(count)
            wanted = overflows ? (count < 0 ? .min : .max) : sum
        }
        let target = min(max(wanted, log.low), log.high)
        return KafkaOffsetResetPlan.Change(
            partition: partition,
            current: current,
            target: target,
            log: log,
            isOutsideLog: target != wanted
        )
    }
}

/// What a reset of a group's offsets changes.
public struct KafkaOffsetResetPlan: Sendable, Hashable {
    /// The group.
    public var groupID: String
    /// What becomes of each partition; sorted.
    public var changes: [Change]
    /// Whether nothing was changed.
    public var isDryRun: Bool

    /// What becomes of one partition.
    public struct Change: Sendable, Hashable, CustomStringConvertible {
        /// The partition.
        public var partition: KafkaTopicPartition
        /// What was committed; nil if nothing was.
        public var current: Int64?
        /// What is committed afterwards.
        public var target: Int64
        /// Where the log begins and ends.
        public var log: KafkaWatermarks
        /// Whether the place asked for lies outside of the log, and `target` is its nearer end.
        public var isOutsideLog: Bool

        /// `orders[0]: 12 → 0 of 0..<40`.
        public var description: String {
            let note = isOutsideLog ? ", as the place is outside of the log" : ""
            return "\(partition): \(current.map { "\($0)" } ?? "none") → \(target) of \(log.range)\(note)"
        }
    }
}
