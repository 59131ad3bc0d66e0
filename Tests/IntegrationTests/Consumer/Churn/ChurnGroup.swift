import AsyncKafka
import Foundation
import RdKafka
import TestSupport
import Testing

/// A group whose members are processes, which a test has come and go.
final class ChurnGroup: Sendable {
    struct Plan: Sendable {
        /// An assignment strategy, or `consumer` for the protocol of that name.
        let kind: String
        /// After how many seconds a killed member is replaced.
        var sessionTimeout = 6
        var switchedOff: Safeguard?
        /// How many messages may wait for the members: what is produced follows what is processed.
        var backlog = 600
    }

    struct Counts {
        /// Messages that at least one member has finished.
        var processed = 0
        /// Messages that were finished again.
        var repeated = 0
        /// Times that members were given partitions, or asked for some.
        var moves = 0
        /// Times that members lost partitions because of a commit.
        var lost = 0
        /// Partitions whose end is committed.
        var finishedPartitions = 0
        /// Members that have been given partitions once, and were not told to end.
        var ready = 0
    }

    private struct Member {
        /// Nil while it is being started.
        var process: SpawnedProcess?
        let hasEnded = Signal()
        var log = ChurnLog(end: .closed, entries: [])
        /// The end of the output, which no line feed has ended yet.
        var rest: [UInt8] = []
        var isReady = false
        var isTold = false
        var outputHasEnded = false
        var end: SpawnedProcess.End?
    }

    private struct State {
        var members: [Int: Member] = [:]
        var lastMember = 0
        var counts = Counts()
        var isProcessed: [Int: [Bool]] = [:]
        var committed: [Int: Int64] = [:]
        /// Where the partitions end; not known while the producer goes on.
        var ends: [Int: Int64]?
        var watchers: [(condition: @Sendable (Counts) -> Bool, signal: Signal)] = []

        mutating func watchersThatAreDone() -> [Signal] {
            guard !watchers.isEmpty else { return [] }
            let counts = counts
            let done = watchers.filter { $0.condition(counts) }.map(\.signal)
            if !done.isEmpty { watchers.removeAll { $0.condition(counts) } }
            return done
        }
    }

    let plan: Plan
    let name: String
    let topic: String
    private let state = Locked(State())

    init(_ plan: Plan, name: String, topic: String) {
        self.plan = plan
        self.name = name
        self.topic = topic
    }

    var counts: Counts { state.withLock { $0.counts } }

    /// By member.
    var logs: [Int: ChurnLog] { state.withLock { $0.members.mapValues(\.log) } }

    // MARK: Members

    /// Starts a member.
    func join(seed: UInt64) throws {
        let number = state.withLock { state in
            state.lastMember += 1
            state.members[state.lastMember] = Member()
            return state.lastMember
        }
        var environment = ProcessInfo.processInfo.environment
        environment["ASYNC_KAFKA_SWITCHED_OFF"] = plan.switchedOff?.rawValue
        let process = try SpawnedProcess(
            Self.program,
            [
                RealKafka.bootstrapServers.joined(separator: ","), name, topic, plan.kind, "\(plan.sessionTimeout)",
                "\(seed)",
            ],
            environment: environment,
            onOutput: { [self] in read($0, from: number) },
            onEnd: { [self] end in change(number) { $0.end = end } }
        )
        state.withLock { $0.members[number]?.process = process }
    }

    /// Has some member leave in this way; false if there is none that has begun to work.
    func leave(_ end: ChurnLog.End, using random: inout SplitMix) -> Bool {
        let (process, signals) = state.withLock { state -> (SpawnedProcess?, [Signal]) in
            let ready = state.members.filter { $0.value.isReady && !$0.value.isTold }.keys.sorted()
            guard let number = ready.randomElement(using: &random) else { return (nil, []) }
            state.counts.ready -= 1
            state.members[number]?.isTold = true
            state.members[number]?.log.end = end
            return (state.members[number]?.process, state.watchersThatAreDone())
        }
        for signal in signals { signal.set() }
        switch end {
        case .closed: process?.send(SIGUSR1)
        case .cancelled: process?.send(SIGTERM)
        case .killed: process?.send(SIGKILL)
        }
        return process != nil
    }

    /// Has all members leave in order, and returns when they are gone.
    func end(using random: inout SplitMix) async throws {
        // One that has just come may not know its signals yet.
        let left = state.withLock { state in state.members.values.count { !$0.isTold } }
        try await until { $0.ready >= left }
        while leave(Bool.random(using: &random) ? .closed : .cancelled, using: &random) {}
        for member in state.withLock({ $0.members.values.map { $0 } }) {
            await member.hasEnded.wait()
            try Task.checkCancellation()
        }
        for (number, member) in state.withLock({ $0.members }) {
            #expect(member.end == (member.log.end == .killed ? .signal(SIGKILL) : .status(0)), "member \(number)")
        }
    }

    /// Ends all that are still there, without waiting.
    func abandon() {
        for member in state.withLock({ Array($0.members.values) }) { member.process?.send(SIGKILL) }
    }

    // MARK: What they do

    /// The producer has ended.
    func finish(at ends: [Int: Int64]) {
        let signals = state.withLock { state in
            state.ends = ends
            state.counts.finishedPartitions = ends.count { state.committed[$0.key, default: -1] + 1 == $0.value }
            return state.watchersThatAreDone()
        }
        for signal in signals { signal.set() }
    }

    /// Suspends until the counts fulfil the condition.
    func until(_ condition: @escaping @Sendable (Counts) -> Bool) async throws {
        let signal = Signal()
        await wait(for: condition, signal)
        try Task.checkCancellation()
    }

    /// The same, but not for longer than this.
    func until(orAfter limit: Duration, _ condition: @escaping @Sendable (Counts) -> Bool = { _ in false }) async throws
    {
        let signal = Signal()
        let seconds = Double(limit.components.seconds) + Double(limit.components.attoseconds) / 1e18
        DispatchQueue.global().asyncAfter(deadline: .now() + seconds) { signal.set() }
        await wait(for: condition, signal)
        try Task.checkCancellation()
    }

    private func wait(for condition: @escaping @Sendable (Counts) -> Bool, _ signal: Signal) async {
        let isFulfilled = state.withLock { state in
            guard !condition(state.counts) else { return true }
            state.watchers.append((condition, signal))
            return false
        }
        if !isFulfilled { await signal.wait() }
        state.withLock { state in state.watchers.removeAll { $0.signal === signal } }
    }

    private func read(_ bytes: [UInt8], from number: Int) {
        change(number) { member in
            guard !bytes.isEmpty else {
                member.outputHasEnded = true
                return
            }
            member.rest += bytes
        }
    }

    private func change(_ number: Int, _ body: (inout Member) -> Void) {
        let signals = state.withLock { state -> [Signal] in
            guard var member = state.members.removeValue(forKey: number) else { return [] }
            body(&member)
            let before = member.log.entries.count
            var lines = member.rest.split(separator: 10, omittingEmptySubsequences: false)
            member.rest = lines.popLast().map { Array($0) } ?? []
            member.log.entries += lines.compactMap { ChurnEntry($0) }
            let news = member.log.entries[before...]
            for entry in news { note(entry, &state) }
            if !member.isReady, news.contains(where: { if case .assigned = $0 { true } else { false } }) {
                member.isReady = true
                state.counts.ready += 1
            }
            let hasEnded = member.outputHasEnded && member.end != nil
            state.members[number] = member
            return state.watchersThatAreDone() + (hasEnded ? [member.hasEnded] : [])
        }
        for signal in signals { signal.set() }
    }

    private func note(_ entry: ChurnEntry, _ state: inout State) {
        switch entry {
        case .end(let place, _):
            var done = state.isProcessed.removeValue(forKey: place.partition) ?? []
            let offset = Int(place.offset)
            while done.count <= offset { done.append(false) }
            if done[offset] { state.counts.repeated += 1 } else { state.counts.processed += 1 }
            done[offset] = true
            state.isProcessed[place.partition] = done
        case .committed(let place, _, _, _):
            let before = state.committed[place.partition] ?? -1
            guard place.offset > before else { return }
            state.committed[place.partition] = place.offset
            if place.offset + 1 == state.ends?[place.partition] { state.counts.finishedPartitions += 1 }
        case .assigned, .revoked:
            state.counts.moves += 1
        case .lost(_, _, .commit):
            state.counts.lost += 1
        default:
            break
        }
    }

    /// Beside the test's own program.
    private static let program: String = {
        let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        return folder.appendingPathComponent("ChurnMember").path
    }()
}
