/// Where partitions are to be read from that librdkafka does not read from yet, and who may change positions.
///
/// A plain value of the consumer's actor. What always holds:
///
/// - one seek, assignment or unassignment of the application's is under way at a time, first come first served;
/// - a move and a search belong to an epoch, and end with it;
/// - what was sought before its partition came is applied once, when it comes.
struct PositionStateMachine<Waiter> {
    typealias Instant = ContinuousClock.Instant

    /// A partition's way to another position.
    struct Move {
        let epoch: PartitionEpoch
        let target: Int64
        /// librdkafka has stopped to fetch it, so that seeking is not enough.
        var mustRestart: Bool
        fileprivate(set) var dueAt: Instant
        fileprivate(set) var attempts = 0
    }

    /// A place that is being looked up.
    struct Search {
        let epoch: PartitionEpoch
        let place: KafkaOffsetSpecification
        /// The position that the log does not have: what is read from here on is another stretch.
        var isReset = false
        fileprivate var dueAt: Instant
        fileprivate var attempts = 0
    }

    // MARK: Turns

    private var isTaken = false
    private var waiting: [(id: UInt64, deadline: Instant, waiter: Waiter)] = []

    /// Returns the waiter if it is its turn now.
    mutating func takeTurn(id: UInt64, deadline: Instant, _ waiter: Waiter) -> Waiter? {
        guard isTaken else {
            isTaken = true
            return waiter
        }
        waiting.append((id, deadline, waiter))
        return nil
    }

    /// Returns whose turn it is now.
    mutating func passTurn() -> Waiter? {
        guard !waiting.isEmpty else {
            isTaken = false
            return nil
        }
        return waiting.removeFirst().waiter
    }

    mutating func cancelTurn(id: UInt64) -> Waiter? {
        waiting.firstIndex { $0.id == id }.map { waiting.remove(at: $0).waiter }
    }

    /// Those whose time has passed.
    mutating func expireTurns(now: Instant) -> [Waiter] {
        let expired = waiting.filter { $0.deadline <= now }
        guard !expired.isEmpty else { return [] }
        waiting.removeAll { $0.deadline <= now }
        return expired.map(\.waiter)
    }

    // MARK: Moves

    private var moves: [KafkaTopicPartition: Move] = [:]
    /// Partitions that librdkafka fetches no more, since it found nothing where it was to begin, and where that was.
    private var stopped: [KafkaTopicPartition: (epoch: PartitionEpoch, asked: Int64)] = [:]

    /// Where a partition is on its way to.
    func target(of epoch: PartitionEpoch) -> Int64? {
        moves[epoch.topicPartition].flatMap { $0.epoch === epoch ? $0.target : nil }
    }

    /// A partition goes on somewhere else.
    ///
    /// - Parameter old: the epoch that ends with it, if it is another one.
    mutating func move(_ epoch: PartitionEpoch, to target: Int64, replacing old: PartitionEpoch? = nil, now: Instant) {
        let partition = epoch.topicPartition
        let before = old ?? epoch
        let wasStopped = stopped.removeValue(forKey: partition).map { $0.epoch === before } ?? false
        let mustRestart = moves[partition].map { $0.epoch === before && $0.mustRestart } ?? false
        searches[partition] = nil
        moves[partition] = Move(epoch: epoch, target: target, mustRestart: wasStopped || mustRestart, dueAt: now)
    }

    /// librdkafka has stopped to fetch a partition.
    ///
    /// - Parameter asked: where it was to begin.
    /// - Returns: whether it is news: it had not stopped there before.
    mutating func stop(_ epoch: PartitionEpoch, at asked: Int64, now: Instant) -> Bool {
        let partition = epoch.topicPartition
        guard moves[partition]?.epoch === epoch else {
            let isNews = stopped[partition].map { $0.epoch !== epoch || $0.asked != asked } ?? true
            stopped[partition] = (epoch, asked)
            return isNews
        }
        moves[partition]?.mustRestart = true
        moves[partition]?.dueAt = now
        return true
    }

    /// Moves to be tried now.
    func due(now: Instant) -> [Move] {
        moves.isEmpty ? [] : moves.values.filter { $0.dueAt <= now }
    }

    /// librdkafka reads from there.
    mutating func arrived(_ epoch: PartitionEpoch) {
        if moves[epoch.topicPartition]?.epoch === epoch { moves[epoch.topicPartition] = nil }
        if stopped[epoch.topicPartition]?.epoch === epoch { stopped[epoch.topicPartition] = nil }
    }

    /// It was not possible yet: the partition's fetcher starts or stops, or a rebalance has to end first. Nothing tells when.
    mutating func postpone(_ epoch: PartitionEpoch, now: Instant) {
        let partition = epoch.topicPartition
        guard let move = moves[partition], move.epoch === epoch else { return }
        moves[partition]?.attempts += 1
        moves[partition]?.dueAt = now + .milliseconds(2 << min(move.attempts, 7))
    }

    // MARK: Searches

    private var searches: [KafkaTopicPartition: Search] = [:]
    private var isSearching = false
    /// Why places could not be looked up, as far as that was told.
    private var told: [KafkaTopicPartition: (epoch: PartitionEpoch, codes: Set<KafkaError.Code>)] = [:]

    func isSearching(for epoch: PartitionEpoch) -> Bool {
        searches[epoch.topicPartition]?.epoch === epoch
    }

    mutating func search(_ place: KafkaOffsetSpecification, for epoch: PartitionEpoch, isReset: Bool, now: Instant) {
        searches[epoch.topicPartition] = Search(epoch: epoch, place: place, isReset: isReset, dueAt: now)
    }

    /// What is to be looked up now; one look-up at a time.
    mutating func beginSearch(now: Instant) -> [Search] {
        guard !isSearching, !searches.isEmpty else { return [] }
        let due = searches.values.filter { $0.dueAt <= now }
        isSearching = !due.isEmpty
        return due
    }

    /// Returns those of the searches that nothing has ended meanwhile. What was not found is looked for again later.
    mutating func endSearch(_ ended: [Search], isFound: (Search) -> Bool, now: Instant) -> [Search] {
        isSearching = false
        return ended.filter { search in
            let partition = search.epoch.topicPartition
            guard searches[partition]?.epoch === search.epoch else { return false }
            guard !isFound(search) else {
                searches[partition] = nil
                return true
            }
            searches[partition]?.attempts += 1
            searches[partition]?.dueAt = now + .milliseconds(100 << min(search.attempts, 5))
            return false
        }
    }

    /// Nothing is looked for any more.
    mutating func endSearches() {
        searches = [:]
    }

    /// Whether one of these epochs has not had this error yet.
    mutating func isNews(_ code: KafkaError.Code, of epochs: [PartitionEpoch]) -> Bool {
        var isNews = false
        for epoch in epochs {
            let before = told[epoch.topicPartition].flatMap { $0.epoch === epoch ? $0.codes : nil } ?? []
            if !before.contains(code) { isNews = true }
            told[epoch.topicPartition] = (epoch, before.union([code]))
        }
        return isNews
    }

    // MARK: Before and after an assignment

    private var sought: [KafkaTopicPartition: KafkaOffsetSpecification] = [:]

    /// A partition that is not here yet is sought.
    mutating func keep(_ place: KafkaOffsetSpecification, for partition: KafkaTopicPartition) {
        sought[partition] = place
    }

    mutating func takeSought(_ partition: KafkaTopicPartition) -> KafkaOffsetSpecification? {
        sought.removeValue(forKey: partition)
    }

    /// The other epochs have ended.
    mutating func keepOnly(_ isCurrent: (PartitionEpoch) -> Bool) {
        moves = moves.filter { isCurrent($0.value.epoch) }
        stopped = stopped.filter { isCurrent($0.value.epoch) }
        told = told.filter { isCurrent($0.value.epoch) }
        searches = searches.filter { isCurrent($0.value.epoch) }
    }

    var deadline: Instant? {
        // No key paths, as in `Alarms.deadline`.
        let next = earliest(waiting.lazy.map { $0.deadline }.min(), moves.values.lazy.map { $0.dueAt }.min())
        return isSearching ? next : earliest(next, searches.values.lazy.map { $0.dueAt }.min())
    }
}
