import RdKafka

/// Turns places in logs into offsets: librdkafka is never left to look one up.
///
/// When a seek or an unassignment comes while librdkafka looks up where a log begins or ends, its late answer has librdkafka look again
/// and go on from there, whatever was asked of it since (rdkafka_partition.c, "outdated offset response"; 2.0 to 2.15).
struct PlaceFinder: Sendable {
    /// What became of the places.
    struct Found: Sendable {
        var offsets: [KafkaTopicPartition: Int64] = [:]
        /// Nothing is committed there, and then nowhere is where to begin.
        var nowhere: Set<KafkaTopicPartition> = []
        /// Why the others are not known.
        var errors: [KafkaTopicPartition: KafkaError] = [:]

        /// One of these: one that waiting does not mend, if there is any.
        var error: KafkaError? {
            let sorted = errors.sorted { $0.key < $1.key }.map(\.value)
            return sorted.first { !$0.isRetriable } ?? sorted.first
        }
    }

    let handle: Handle
    /// Where to begin without a committed offset; nil is nowhere.
    let fallback: KafkaOffsetSpecification?

    /// Blocks until the deadline at most; for `BlockingThreads`.
    func find(
        _ places: [KafkaTopicPartition: KafkaOffsetSpecification],
        deadline: ContinuousClock.Instant
    ) -> Found {
        var found = Found()
        var times: [KafkaTopicPartition: KafkaOffsetSpecification] = [:]
        var committed: [KafkaTopicPartition] = []
        for (partition, place) in places {
            switch place.kind {
            case .offset(let offset): found.offsets[partition] = offset
            case .committed: committed.append(partition)
            case .beginning, .end, .tail, .timestamp: times[partition] = place
            }
        }
        // Neither waits all the time for a broker that only the other needs: not for a coordinator that does not answer or has an open
        // transaction, nor for a leader that is none.
        let now = ContinuousClock.now
        findTimes(times, &found, committed.isEmpty ? deadline : now + (deadline - now) / 2)
        findTimes(findCommitted(committed, &found, deadline), &found, deadline)
        return found
    }

    /// Returns what is to be asked of leaders instead.
    private func findCommitted(
        _ partitions: [KafkaTopicPartition],
        _ found: inout Found,
        _ deadline: ContinuousClock.Instant
    ) -> [KafkaTopicPartition: KafkaOffsetSpecification] {
        guard !partitions.isEmpty else { return [:] }
        let timeout = (deadline - .now).clampedMilliseconds
        let rows: [PartitionOffset]
        switch handle.committed(partitions.map { PartitionOffset($0) }, timeout: max(timeout, 1)) {
        case .success(let answer): rows = answer
        case .failure(let error):
            // The coordinator moves, or a transaction with these offsets is still open.
            for partition in partitions { found.errors[partition] = KafkaError(error) }
            return [:]
        }
        var times: [KafkaTopicPartition: KafkaOffsetSpecification] = [:]
        for row in rows {
            if row.error != 0 {
                found.errors[row.topicPartition] = KafkaError(EngineError(code: row.error)).at(row.topicPartition)
            } else if row.offset >= 0 {
                found.offsets[row.topicPartition] = row.offset
            } else if let fallback {
                times[row.topicPartition] = fallback
            } else {
                found.nowhere.insert(row.topicPartition)
            }
        }
        return times
    }

    private func findTimes(
        _ places: [KafkaTopicPartition: KafkaOffsetSpecification],
        _ found: inout Found,
        _ deadline: ContinuousClock.Instant
    ) {
        let first = ask(places.mapValues(\.time), &found, deadline)
        // A tail needs the beginning too, and a time behind all messages has the end.
        var second: [KafkaTopicPartition: Int64] = [:]
        for (partition, offset) in first {
            switch places[partition]?.kind {
            case .tail: second[partition] = PartitionOffset.beginning
            case .timestamp where offset < 0: second[partition] = PartitionOffset.end
            default: found.offsets[partition] = offset
            }
        }
        for (partition, offset) in ask(second, &found, deadline) {
            if case .tail(let count) = places[partition]?.kind, let end = first[partition] {
                found.offsets[partition] = max(offset, end - count)
            } else {
                found.offsets[partition] = offset
            }
        }
    }

    private func ask(
        _ times: [KafkaTopicPartition: Int64],
        _ found: inout Found,
        _ deadline: ContinuousClock.Instant,
        after earlier: KafkaError? = nil
    ) -> [KafkaTopicPartition: Int64] {
        guard !times.isEmpty else { return [:] }
        // A partition without a leader would hold up all: there has to be time to ask for each.
        let left = deadline - .now
        let timeout = (times.count > 1 ? left / 2 : left).clampedMilliseconds
        guard timeout > 0 else {
            let error = KafkaError(EngineError(code: KafkaError.Code.timedOut.rawValue)).causedBy(earlier)
            for partition in times.keys { found.errors[partition] = error.at(partition) }
            return [:]
        }
        do throws(EngineError) {
            var offsets: [KafkaTopicPartition: Int64] = [:]
            for row in try handle.offsetsForTimes(times.map { PartitionOffset($0.key, $0.value) }, timeout: timeout) {
                if row.error == 0 {
                    offsets[row.topicPartition] = row.offset
                } else {
                    found.errors[row.topicPartition] = KafkaError(EngineError(code: row.error)).at(row.topicPartition)
                }
            }
            return offsets
        } catch {
            guard times.count == 1, let partition = times.first?.key else {
                return askSingly(times, &found, deadline, after: KafkaError(error))
            }
            if error.code == KafkaError.Code.notLeaderOrFollower.rawValue, earlier?.code != .notLeaderOrFollower {
                // librdkafka asked the leader that it knew. Now it asks who leads, and waits for one if nobody does.
                _ = handle.topic(partition.topic, timeout: max(1, (deadline - .now).clampedMilliseconds))
                return ask(times, &found, deadline, after: KafkaError(error))
            }
            found.errors[partition] = KafkaError(error).causedBy(earlier).at(partition)
            return [:]
        }
    }

    private func askSingly(
        _ times: [KafkaTopicPartition: Int64],
        _ found: inout Found,
        _ deadline: ContinuousClock.Instant,
        after earlier: KafkaError
    ) -> [KafkaTopicPartition: Int64] {
        var offsets: [KafkaTopicPartition: Int64] = [:]
        for (number, time) in times.enumerated() {
            let share = (deadline - .now) / (times.count - number)
            let found = ask([time.key: time.value], &found, .now + share, after: earlier)
            offsets.merge(found) { first, _ in first }
        }
        return offsets
    }
}

extension KafkaOffsetSpecification {
    /// What leaders are asked for first.
    fileprivate var time: Int64 {
        switch kind {
        case .beginning: PartitionOffset.beginning
        case .timestamp(let milliseconds): milliseconds
        case .end, .tail, .offset, .committed: PartitionOffset.end
        }
    }
}
