import TestSupport

/// Everything that one member has written.
struct ChurnLog {
    enum End {
        /// By `close`, while its loop went on.
        case closed
        /// Its task was cancelled.
        case cancelled
        /// SIGKILL.
        case killed
    }

    var end: End
    var entries: [ChurnEntry]
}

/// Judges a group by the logs of all of its members.
struct ChurnCheck {
    typealias Place = ChurnEntry.Place

    enum Violation: Hashable {
        /// Nobody has finished this message.
        case unprocessed(Place)
        /// It was delivered again although it was committed, or was in nobody's hand when its partition was given up.
        case duplicate(Place, first: Int, again: Int)
        /// A member that lived has lost partitions, instead of being asked for them, though its coordinator had answered it, cut no
        /// commit off, and refused no epoch.
        case lost(member: Int, partitions: [Int])
        /// Two members have worked on a partition at the same time.
        case twoAtOnce(Place, member: Int, other: Int)
        /// A member was given a message of a partition that it had given up; or messages more often than it was given the
        /// partition.
        case behindTheFence(partition: Int, member: Int)
        /// Within one stretch of ownership, offsets did not grow.
        case outOfOrder(Place, member: Int)
        /// A commit that began when a higher one had been acknowledged.
        case commitWentBack(Place, member: Int, behind: Int64)
        /// A member that was to end in order has not said so, or left something uncommitted.
        case badEnd(member: Int, last: String)
    }

    struct Figures {
        var messages = 0
        var members = 0
        var closed = 0
        var cancelled = 0
        var killed = 0
        var assignments = 0
        var revokes = 0
        var heldCommits = 0
        var refusedCommits = 0
        /// Times that a member heard nothing of its coordinator for a session timeout, as happens on a machine with too much to do.
        var evictions = 0
        /// Times that a commit cost an assignment because the coordinator's end had cut it off: librdkafka before 2.10 repeats it by
        /// itself, behind the JoinGroup that is due.
        var cutOffs = 0
        /// Times that the coordinator's refusal of a member's epoch cost an assignment (KIP-848).
        var fences = 0
        /// Members that ended in order and said that their group does not know.
        var unheardLeaves = 0
        /// The same while there was no coordinator.
        var leavesInOutage = 0
        /// Messages that came again because they were in hand when their member was killed, cancelled, or refused.
        var duplicates = 0
    }

    private let silence: UInt64
    private(set) var violations: Set<Violation> = []
    private(set) var figures = Figures()
    private var evicted: Set<Int> = []

    /// One message in one loop's body.
    private struct Work {
        let member: Int
        let offset: Int64
        let start: UInt64
        var end: UInt64?
        var isCommitted = false
        var isRefused = false
        var isLastOfMember = false
    }

    private struct Commit {
        let member: Int
        let offset: Int64
        let from: UInt64
        let at: UInt64
    }

    /// - Parameters:
    ///   - logs: by member.
    ///   - ends: where the log of each partition ends.
    ///   - sessionTimeout: of the members, in seconds.
    init(_ logs: [Int: ChurnLog], ends: [Int: Int64], sessionTimeout: Int = 6) {
        // Less what an answer takes to be written.
        silence = UInt64(sessionTimeout) * 1_000_000_000 - 500_000_000
        var work: [Int: [Work]] = [:]
        var commits: [Int: [Commit]] = [:]
        var assignments: [Int: [Int: Int]] = [:]
        for (member, log) in logs.sorted(by: { $0.key < $1.key }) {
            count(log)
            checkEnd(log, member)
            checkFence(log, member)
            collect(log, member, &work, &commits)
            for case .assigned(let partitions, _) in log.entries {
                for partition in partitions { assignments[partition, default: [:]][member, default: 0] += 1 }
            }
        }
        for (partition, end) in ends {
            let works = work[partition, default: []].sorted { $0.start < $1.start }
            checkCompleteness(works, partition, end)
            checkDuplicates(works, partition, logs)
            checkOverlaps(works, partition)
            checkStretches(works, partition, assignments[partition] ?? [:], logs)
            checkCommits(commits[partition] ?? [], partition)
        }
    }

    var summary: String {
        """
        \(figures.messages) messages, \(figures.members) members (\(figures.closed) closed, \(figures.cancelled) cancelled, \
        \(figures.killed) killed), \(figures.assignments) assignments, \(figures.revokes) revokes, \(figures.heldCommits) commits \
        held, \(figures.refusedCommits) refused, \(figures.evictions) evictions, \(figures.cutOffs) lost by a commit cut off, \
        \(figures.fences) by a fence, \
        \(figures.unheardLeaves) leaves unheard and \(figures.leavesInOutage) without a coordinator, \
        \(figures.duplicates) messages in hand came again
        """
    }

    private mutating func count(_ log: ChurnLog) {
        figures.members += 1
        switch log.end {
        case .closed: figures.closed += 1
        case .cancelled: figures.cancelled += 1
        case .killed: figures.killed += 1
        }
        for entry in log.entries {
            switch entry {
            case .assigned: figures.assignments += 1
            case .revoked: figures.revokes += 1
            case .committed(_, _, _, let wasHeld): figures.heldCommits += wasHeld ? 1 : 0
            case .refused: figures.refusedCommits += 1
            default: break
            }
        }
    }

    private mutating func checkEnd(_ log: ChurnLog, _ member: Int) {
        var lastAnswer: UInt64 = 0
        // Each for one loss; which line comes first is chance.
        var fences = log.entries.count { if case .fenced = $0 { true } else { false } }
        for entry in log.entries {
            switch entry {
            case .assigned(_, let at), .committed(_, _, let at, _): lastAnswer = at
            case .lost(_, _, .cutOffCommit): figures.cutOffs += 1
            case .lost(_, _, .other) where fences > 0:
                fences -= 1
                figures.fences += 1
            // A commit that waits behind a JoinGroup is silent, too, while a killed member is waited for.
            case .lost(_, let at, .other) where at > lastAnswer + silence:
                figures.evictions += 1
                evicted.insert(member)
            case .lost(let partitions, _, _): violations.insert(.lost(member: member, partitions: partitions))
            default: break
            }
        }
        if log.end != .killed, log.entries.last == .closed(uncommitted: 0, hasLeft: false) {
            figures.unheardLeaves += 1
        } else if log.end != .killed, log.entries.last == .closed(uncommitted: 0, hasLeft: false, isAlone: true) {
            figures.leavesInOutage += 1
        } else if log.end != .killed, log.entries.last != .closed(uncommitted: 0, hasLeft: true) {
            violations.insert(.badEnd(member: member, last: log.entries.last.map { "\($0)" } ?? "nothing"))
        }
    }

    /// Events are written by a task of their own: that a partition was given again may be written behind its first messages, but
    /// not much later.
    private static let lag: UInt64 = 2_000_000_000

    private mutating func checkFence(_ log: ChurnLog, _ member: Int) {
        var isGivenUp: Set<Int> = []
        /// Of partitions that were given up: when a message came nevertheless.
        var suspicions: [Int: UInt64] = [:]
        for entry in log.entries {
            switch entry {
            case .revoked(let partitions, _), .lost(let partitions, _, _):
                isGivenUp.formUnion(partitions)
            case .assigned(let partitions, let at):
                for partition in partitions {
                    isGivenUp.remove(partition)
                    if let since = suspicions[partition], at < since + Self.lag { suspicions[partition] = nil }
                }
            case .start(let place, let at) where isGivenUp.contains(place.partition):
                if suspicions[place.partition] == nil { suspicions[place.partition] = at }
            default:
                break
            }
        }
        for partition in suspicions.keys {
            violations.insert(.behindTheFence(partition: partition, member: member))
        }
    }

    /// A member works on one message at a time.
    private mutating func collect(
        _ log: ChurnLog,
        _ member: Int,
        _ work: inout [Int: [Work]],
        _ commits: inout [Int: [Commit]]
    ) {
        var current: (partition: Int, work: Work)?
        func finish(isLast: Bool = false) {
            guard var current else { return }
            current.work.isLastOfMember = isLast
            work[current.partition, default: []].append(current.work)
        }
        for entry in log.entries {
            switch entry {
            case .start(let place, let at):
                finish()
                current = (place.partition, Work(member: member, offset: place.offset, start: at))
            case .end(_, let at):
                current?.work.end = at
            case .committed(let place, let from, let at, _):
                current?.work.isCommitted = true
                commits[place.partition, default: []].append(
                    Commit(member: member, offset: place.offset, from: from, at: at)
                )
            case .refused:
                current?.work.isRefused = true
            default:
                break
            }
        }
        finish(isLast: true)
    }

    private mutating func checkCompleteness(_ works: [Work], _ partition: Int, _ end: Int64) {
        let done = Set(works.filter { $0.end != nil }.map(\.offset))
        figures.messages += Int(end)
        for offset in 0..<end where !done.contains(offset) {
            violations.insert(.unprocessed(Place(partition, offset)))
        }
    }

    private mutating func checkDuplicates(_ works: [Work], _ partition: Int, _ logs: [Int: ChurnLog]) {
        var last: [Int64: Int] = [:]
        /// The last message of each member in this partition so far.
        var latest: [Int: Int64] = [:]
        for (index, work) in works.enumerated() {
            if let firstIndex = last[work.offset] {
                let first = works[firstIndex]
                let wasInHand = latest[first.member] == work.offset && !first.isCommitted
                let mayBeUncommitted =
                    first.isRefused || (first.isLastOfMember && logs[first.member]?.end != .closed)
                if wasInHand, mayBeUncommitted {
                    figures.duplicates += 1
                } else {
                    violations.insert(
                        .duplicate(Place(partition, work.offset), first: first.member, again: work.member)
                    )
                }
            }
            last[work.offset] = index
            latest[work.member] = work.offset
        }
    }

    private mutating func checkOverlaps(_ works: [Work], _ partition: Int) {
        var busy: (member: Int, until: UInt64, isRefused: Bool)?
        for work in works {
            // Nobody can end a body that runs; what it has done is refused if its member was silent for too long.
            let isExcused = busy.map { $0.isRefused && evicted.contains($0.member) } ?? false
            if let busy, busy.member != work.member, work.start < busy.until, !isExcused {
                violations.insert(.twoAtOnce(Place(partition, work.offset), member: work.member, other: busy.member))
            }
            // Of one that was killed in its loop's body it is not known when.
            let end = work.end ?? work.start
            if end >= busy?.until ?? 0 { busy = (work.member, end, work.isRefused) }
        }
    }

    /// Members take turns at a partition at most as often as they are given it.
    private mutating func checkStretches(
        _ works: [Work],
        _ partition: Int,
        _ assignments: [Int: Int],
        _ logs: [Int: ChurnLog]
    ) {
        var stretches: [Int: Int] = [:]
        var before: Work?
        for work in works {
            if let before, before.member == work.member {
                let isSettled = before.isCommitted || !before.isRefused
                if work.offset < before.offset || (work.offset == before.offset && isSettled) {
                    violations.insert(.outOfOrder(Place(partition, work.offset), member: work.member))
                }
            } else {
                stretches[work.member, default: 0] += 1
            }
            before = work
        }
        for (member, count) in stretches {
            // The last event of one that was killed may be missing.
            let known = assignments[member, default: 0] + (logs[member]?.end == .killed ? 1 : 0)
            if count > known { violations.insert(.behindTheFence(partition: partition, member: member)) }
        }
    }

    /// A line is written when the answer has come, so only commits that do not overlap have an order.
    private mutating func checkCommits(_ commits: [Commit], _ partition: Int) {
        let begun = commits.sorted { $0.from < $1.from }
        let acknowledged = commits.sorted { $0.at < $1.at }
        var index = 0
        var highest: Int64 = -1
        for commit in begun {
            while index < acknowledged.count, acknowledged[index].at < commit.from {
                highest = max(highest, acknowledged[index].offset)
                index += 1
            }
            if commit.offset < highest {
                violations.insert(
                    .commitWentBack(Place(partition, commit.offset), member: commit.member, behind: highest)
                )
            }
        }
    }
}
