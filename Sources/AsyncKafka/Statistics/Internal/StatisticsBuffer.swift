import RdKafka

/// The newest statistics that nobody has read, as librdkafka has written them.
///
/// Older ones give way: a reader that is slow gets the state of things, and how many it has not seen.
struct StatisticsQueue: ReaderQueue {
    struct Element {
        var json: [UInt8]
        /// How many came before it that nobody read.
        var missed: Int
    }

    private var newest: Element?

    var isEmpty: Bool { newest == nil }

    /// Returns what gives way.
    mutating func append(_ json: [UInt8]) -> Element? {
        let old = newest
        newest = Element(json: json, missed: old.map { $0.missed + 1 } ?? 0)
        return old
    }

    mutating func take() -> Element? {
        defer { newest = nil }
        return newest
    }
}

/// Between the client's thread, which only keeps the text, and whoever reads the statistics, in whose task it is decoded.
final class StatisticsBuffer: Sendable {
    private let buffer = ReaderBuffer(StatisticsQueue(), of: "this client's statistics")
    /// Read, and no statistics of this library.
    private let unreadable = Locked(0)
    private let isEnabled: Bool

    init(isEnabled: Bool) {
        self.isEnabled = isEnabled
    }

    func append(_ json: [UInt8]) {
        _ = buffer.update { $0.append(json) }
    }

    func finish() {
        buffer.finish()
    }

    func makeClaim() -> ReaderClaim<StatisticsQueue> {
        ReaderClaim(buffer)
    }

    func next(_ claim: ReaderClaim<StatisticsQueue>) async throws(KafkaError) -> KafkaStatistics? {
        guard isEnabled else {
            throw KafkaError(
                .invalidState,
                "this client collects no statistics: set `statisticsInterval` in its configuration"
            )
        }
        while let element = try await claim.next() {
            guard var statistics: KafkaStatistics = StatisticsFields.decode(element.json) else {
                // librdkafka writes names into its JSON as they are: a client id with quotation marks breaks it.
                unreadable.withLock { $0 += element.missed + 1 }
                continue
            }
            statistics.missedCount =
                element.missed
                + unreadable.withLock { count in
                    defer { count = 0 }
                    return count
                }
            return statistics
        }
        return nil
    }
}
