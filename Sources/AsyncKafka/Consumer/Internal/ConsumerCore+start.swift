import RdKafka

// Where an assigned partition begins, and where it goes on when its log does not have the position.
extension ConsumerCore {
    /// An assignment of the group's that librdkafka waits to have answered.
    struct Unanswered {
        let pending: RebalanceStateMachine.Pending
        /// Sought before the partitions came.
        let sought: [KafkaTopicPartition: KafkaOffsetSpecification]
        let number: UInt64
        /// When it is answered with what is known by then.
        let deadline: ContinuousClock.Instant
    }

    /// A partition without a position that its log has.
    struct Missing {
        let epoch: PartitionEpoch
        /// Negative if there was no offset.
        let asked: Int64
    }

    /// How long the answer to an assignment waits for the offsets; the group does not wait for it.
    static let startLimit = Duration.seconds(5)

    /// Answers an assignment once it is known where its partitions begin.
    ///
    /// librdkafka is given offsets, and looks up none: see `PlaceFinder`. What cannot be learnt in time is looked up behind the answer,
    /// as long as it takes.
    func answerAssignment(_ pending: RebalanceStateMachine.Pending) {
        let rows = pending.rows
        var places: [KafkaTopicPartition: KafkaOffsetSpecification] = [:]
        var sought: [KafkaTopicPartition: KafkaOffsetSpecification] = [:]
        for row in rows {
            sought[row.topicPartition] = positionChanges.takeSought(row.topicPartition)
            places[row.topicPartition] = sought[row.topicPartition] ?? .committed
        }
        lastTurn += 1
        let number = lastTurn
        let limit = ContinuousClock.Instant.now + Self.startLimit
        unanswered = Unanswered(
            pending: pending,
            sought: sought,
            number: number,
            // What the look-up has found by its own limit is worth a moment.
            deadline: limit + .milliseconds(500)
        )
        guard !rows.isEmpty, !isClosed else { return answerAssignment(PlaceFinder.Found()) }
        blockingCalls += 1
        let finder = placeFinder
        answers.submit { [self, places] in
            let found = finder.find(places, deadline: limit)
            thread.submit {
                self.assumeIsolated { core in
                    core.blockingCalls -= 1
                    if core.unanswered?.number == number { core.answerAssignment(found) }
                }
            }
        }
    }

    /// The answer does not wait for ever, whatever becomes of the look-up.
    func answerInTime(now: ContinuousClock.Instant) {
        if let deadline = unanswered?.deadline, deadline <= now { answerAssignment(PlaceFinder.Found()) }
    }

    /// Answers an open assignment with what is known.
    func answerAssignment(_ found: PlaceFinder.Found) {
        guard let open = unanswered else { return }
        unanswered = nil
        if handle.isAssignmentLost, !open.pending.isCooperative {
            // librdkafka has gone on without the answer, and takes nothing back.
            giveUp(open.pending.rows.compactMap { assigned[$0.topicPartition] }, isLost: true)
            report(handle.unassign(nil))
            return
        }
        let now = ContinuousClock.now
        var rows = open.pending.rows
        var nowhere: [Missing] = []
        var searched: [PartitionEpoch] = []
        for index in rows.indices {
            guard let epoch = assigned[rows[index].topicPartition] else { continue }
            let partition = epoch.topicPartition
            if let target = positionChanges.target(of: epoch) {
                // Sought while it was being looked up.
                rows[index].offset = target
                positionChanges.arrived(epoch)
                nextOffsets[epoch.slot] = rows[index].offset
            } else if let offset = found.offsets[partition] {
                rows[index].offset = offset
                nextOffsets[epoch.slot] = offset
            } else {
                // Nothing passes until it is known where to begin.
                rows[index].offset = PartitionOffset.unreachable
                nextOffsets[epoch.slot] = .max
                if found.nowhere.contains(partition) {
                    nowhere.append(Missing(epoch: epoch, asked: -1))
                } else {
                    searched.append(epoch)
                    positionChanges.search(open.sought[partition] ?? .committed, for: epoch, isReset: false, now: now)
                }
            }
        }
        reportSearch(found.error, of: searched)
        if let error = handle.assign(rows, incremental: open.pending.isCooperative) {
            report(error)
            giveUp(rows.compactMap { assigned[$0.topicPartition] }, isLost: true)
            // Refused, it is no answer, and librdkafka would wait for one for ever. Nothing is accepted in any case.
            if open.pending.isCooperative { report(handle.assign([], incremental: true)) }
            return
        }
        let partitions = rows.map(\.topicPartition).sorted()
        pauseAgain(partitions)
        offer(partitions)
        events.append(.assigned(partitions))
        log.log(.info, "ASSIGN", "assigned \(partitions.count) partitions")
        tellMissing(nowhere)
    }

    /// It is looked up again, but what waiting does not mend is told, once. What ends the reading ends that too.
    private func reportSearch(_ error: KafkaError?, of epochs: [PartitionEpoch]) {
        guard let error else { return }
        log.log(.info, "OFFSETS", "where to begin is not known yet: \(error)")
        guard error.code == .groupAuthorizationFailed || error.code == .topicAuthorizationFailed,
            positionChanges.isNews(error.code, of: epochs)
        else { return }
        events.append(.error(error))
        guard error.endsReading else { return }
        positionChanges.endSearches()
        fail(error)
    }

    // MARK: Positions that the log does not have

    /// librdkafka has found nothing at a position, or no committed offset, and has stopped to fetch the partition.
    ///
    /// - Parameter asked: the position, negative if there was no offset.
    func positionIsMissing(_ partition: KafkaTopicPartition, asked: Int64) {
        guard let epoch = assigned[partition] else { return }
        let now = ContinuousClock.now
        let next = nextOffsets[epoch.slot]
        let target = positionChanges.target(of: epoch)
        // It was told offsets since.
        if asked < 0, next >= 0, next < .max, target == nil { return }
        let isNews = positionChanges.stop(epoch, at: asked, now: now)
        if target != nil {
            proceedMoves(now: now)
        } else if positionChanges.isSearching(for: epoch) || next == .max {
            return
        } else if asked >= 0, next >= 0, asked != next {
            // Of a position that was left, or it fetched beyond markers: the next answer is certain.
            move(epoch, to: next, isNewEpoch: false)
            proceedMoves(now: now)
        } else if let place = autoOffsetReset {
            if asked >= 0 {
                let text = "the log of \(partition) does not have offset \(asked): reading goes on at its \(place)"
                log.log(.warning, "OFFSET", text)
                events.append(.error(KafkaError(.autoOffsetReset, text).at(partition).with(requestedOffset: asked)))
            }
            positionChanges.search(place, for: epoch, isReset: asked >= 0, now: now)
            proceedSearches(now: now)
        } else if isNews {
            // An eager group's partitions are assigned again with every one that is.
            tellMissing([Missing(epoch: epoch, asked: asked)])
        }
    }

    /// Throws to the loop, with what the logs have.
    private func tellMissing(_ more: [Missing]) {
        missing += more
        proceedTelling()
    }

    /// One look-up at a time, for all that have come by then: a partition without a leader would hold up one after the other.
    func proceedTelling() {
        guard !isTelling, !missing.isEmpty, !isClosed else { return }
        let told = missing
        missing = []
        isTelling = true
        let partitions = told.map(\.epoch.topicPartition)
        let finder = placeFinder
        blockingCalls += 1
        ownCalls.submit { [self] in
            let now = ContinuousClock.now
            let ends = [(KafkaOffsetSpecification.beginning, 2), (.end, 1)].map { place, share in
                let places = Dictionary(partitions.map { ($0, place) }) { first, _ in first }
                return finder.find(places, deadline: now + Self.startLimit / share).offsets
            }
            thread.submit {
                self.assumeIsolated { core in
                    core.blockingCalls -= 1
                    core.isTelling = false
                    for missing in told { core.tell(missing, low: ends[0], high: ends[1]) }
                }
            }
        }
    }

    private func tell(_ missing: Missing, low: [KafkaTopicPartition: Int64], high: [KafkaTopicPartition: Int64]) {
        let (epoch, asked) = (missing.epoch, missing.asked)
        let partition = epoch.topicPartition
        guard assigned[partition] === epoch, positionChanges.target(of: epoch) == nil else { return }
        var error = asked < 0 ? KafkaError.nothingCommitted(partition) : .outOfRange(partition, asked)
        if let low = low[partition], let high = high[partition] {
            let watermarks = KafkaWatermarks(low: low, high: max(low, high))
            error = error.saying("\(error.message) (it has \(watermarks.range))").with(watermarks)
        }
        if asked >= 0 { error = error.with(requestedOffset: asked) }
        events.append(.error(error))
        interrupt(error)
    }

    // MARK: Searches

    func proceedSearches(now: ContinuousClock.Instant) {
        guard !isClosed else { return }
        let searches = positionChanges.beginSearch(now: now)
        guard !searches.isEmpty else { return }
        let places = Dictionary(uniqueKeysWithValues: searches.map { ($0.epoch.topicPartition, $0.place) })
        let finder = placeFinder
        blockingCalls += 1
        ownCalls.submit { [self] in
            let found = finder.find(places, deadline: .now + Self.startLimit)
            thread.submit {
                self.assumeIsolated { core in
                    core.blockingCalls -= 1
                    core.endSearches(searches, found)
                }
            }
        }
    }

    private func endSearches(
        _ searches: [PositionChanges.Search],
        _ found: PlaceFinder.Found
    ) {
        let now = ContinuousClock.now
        positionChanges.keepOnly { assigned[$0.topicPartition] === $0 }
        let ended = positionChanges.endSearch(
            searches,
            isFound: { search in
                let partition = search.epoch.topicPartition
                return found.offsets[partition] != nil || found.nowhere.contains(partition)
            },
            now: now
        )
        var nowhere: [Missing] = []
        for search in ended where !isBeingRevoked(search.epoch) {
            let partition = search.epoch.topicPartition
            if let offset = found.offsets[partition] {
                // What was read in a log that is not there any more is not to be mixed with what comes.
                move(search.epoch, to: offset, isNewEpoch: search.isReset)
            } else {
                nowhere.append(Missing(epoch: search.epoch, asked: -1))
            }
        }
        tellMissing(nowhere)
        reportSearch(found.error, of: searches.map(\.epoch).filter { positionChanges.isSearching(for: $0) })
        proceedMoves(now: now)
    }
}
