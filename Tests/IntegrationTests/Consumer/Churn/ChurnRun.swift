import AsyncKafka
import Foundation
import RdKafka
import TestSupport
import Testing

/// A producer writes, members come and go, and in the end the logs are judged.
struct ChurnRun {
    static let partitions = 12
    /// Members at a time.
    static let members = 2...5

    /// How long members come and go: `ASYNC_KAFKA_CHURN_SECONDS`, 30 if unset.
    static let duration = Duration.seconds(
        Int(ProcessInfo.processInfo.environment["ASYNC_KAFKA_CHURN_SECONDS"] ?? "") ?? 30
    )

    let group: ChurnGroup
    let check: ChurnCheck

    /// - Parameters:
    ///   - isOver: ends it before its time.
    ///   - disturb: runs beside it; members come and go until it is over.
    static func run(
        _ plan: ChurnGroup.Plan,
        replicationFactor: Int? = nil,
        duration: Duration = duration,
        until isOver: @escaping @Sendable (ChurnGroup.Counts) -> Bool = { _ in false },
        disturb: @escaping @Sendable (ChurnGroup) async throws -> Void = { _ in }
    ) async throws -> ChurnRun {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("\(plan.kind): seed \(seed)")
        return try await withTopic(
            partitions: partitions,
            replicationFactor: replicationFactor,
            configuration: replicationFactor == nil ? [:] : ["min.insync.replicas": "2"]
        ) { topic in
            let start = ContinuousClock.now
            let group = ChurnGroup(plan, name: RealKafka.uniqueName("group"), topic: topic)
            defer { group.abandon() }
            let isDone = Signal()
            let ends = try await withThrowingTaskGroup(of: [Int: Int64].self) { tasks in
                tasks.addTask { try await produce(topic, group, until: isDone) }
                let isDisturbed = Signal()
                tasks.addTask {
                    defer { isDisturbed.set() }
                    try await disturb(group)
                    return [:]
                }
                var random = SplitMix(state: seed)
                try await churn(
                    group,
                    while: { counts in
                        !isOver(counts) && (ContinuousClock.now < start + duration || !isDisturbed.hasHappened)
                    },
                    isOver,
                    &random
                )
                isDone.set()
                var ends: [Int: Int64] = [:]
                for try await some in tasks { ends.merge(some) { $1 } }
                group.finish(at: ends)
                // With a safeguard switched off this may never come.
                if plan.switchedOff == nil { try await group.until { $0.finishedPartitions == partitions } }
                try await group.end(using: &random)
                return ends
            }
            let check = ChurnCheck(group.logs, ends: ends, sessionTimeout: plan.sessionTimeout)
            print("\(plan.kind): \(check.summary), \(ContinuousClock.now - start)")
            try save(group.logs)
            if plan.switchedOff == nil { try await expectNoLag(group) }
            return ChurnRun(group: group, check: check)
        }
    }

    private static func produce(_ topic: String, _ group: ChurnGroup, until isDone: Signal) async throws -> [Int: Int64]
    {
        try await withKafkaProducer(RealKafka.producer) { producer in
            var ends: [Int: Int64] = [:]
            var count = 0
            while !isDone.hasHappened {
                let records = (0..<partitions * 5).map { number in
                    KafkaRecord(topic: topic, partition: number % partitions, value: "n-\(count + number)")
                }
                for result in await producer.send(contentsOf: records) {
                    let delivery = try result.get()
                    ends[delivery.partition] = max(ends[delivery.partition] ?? 0, (delivery.offset ?? -1) + 1)
                }
                count += records.count
                let produced = count
                // It may be over while nobody processes anything; then the members are asked again.
                try await group.until(orAfter: .seconds(1)) { $0.processed + group.plan.backlog > produced }
            }
            return ends
        }
    }

    /// Members come and go by the deck: each kind of end in its turn, and whoever goes is replaced, perhaps later.
    private static func churn(
        _ group: ChurnGroup,
        while goesOn: (ChurnGroup.Counts) -> Bool,
        _ isOver: @escaping @Sendable (ChurnGroup.Counts) -> Bool,
        _ random: inout SplitMix
    ) async throws {
        var running = 0
        // A killed one among the first, however short the run.
        var deck: [ChurnLog.End] = [.closed, .cancelled, .closed, .cancelled].shuffled(using: &random) + [.killed]
        var mayKillAt = ContinuousClock.now
        func join(_ random: inout SplitMix) throws {
            try group.join(seed: random.next())
            running += 1
        }
        for _ in 0..<3 { try join(&random) }
        try await group.until { $0.ready > 0 }
        while goesOn(group.counts) {
            if running < members.upperBound, running <= members.lowerBound || Bool.random(using: &random) {
                try join(&random)
            } else {
                if deck.isEmpty { deck = [.closed, .cancelled, .closed, .cancelled, .killed].shuffled(using: &random) }
                var index = deck.count - 1
                // While a killed member is waited for, an eager group stands still.
                if deck[index] == .killed, ContinuousClock.now < mayKillAt, deck.count > 1 { index = 0 }
                if deck[index] == .killed {
                    mayKillAt = .now + .seconds(group.plan.sessionTimeout + 3)
                }
                if group.leave(deck[index], using: &random) {
                    deck.remove(at: index)
                    running -= 1
                    if Bool.random(using: &random) { try join(&random) }
                }
            }
            try await nextMoment(group, isOver, &random)
        }
    }

    /// After a while, in the midst of a rebalance, or when the group has worked for a bit.
    private static func nextMoment(
        _ group: ChurnGroup,
        _ isOver: @escaping @Sendable (ChurnGroup.Counts) -> Bool,
        _ random: inout SplitMix
    ) async throws {
        let before = group.counts
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            try await group.until(orAfter: .seconds(3)) { isOver($0) || $0.moves > before.moves }
        case 1:
            let count = Int.random(in: 50...500, using: &random)
            try await group.until(orAfter: .seconds(5)) { isOver($0) || $0.processed >= before.processed + count }
        default:
            try await group.until(orAfter: .milliseconds(.random(in: 300...2500, using: &random)), isOver)
        }
    }

    /// Kafka's own tool sees every partition committed to its end.
    private static func expectNoLag(_ group: ChurnGroup) async throws {
        let table = try await RealKafka.toolText("groups", ["--describe", "--offsets", "--group", group.name])
        let rows = table.split(separator: "\n").map { $0.split(separator: " ") }.filter { $0.first == group.name[...] }
        #expect(rows.count == partitions)
        for row in rows where row.count > 5 { #expect(row[5] == "0", "lag of partition \(row[2])") }
    }

    /// For whoever looks for the cause of a violation: `ASYNC_KAFKA_CHURN_LOGS` names a folder.
    private static func save(_ logs: [Int: ChurnLog]) throws {
        guard let folder = ProcessInfo.processInfo.environment["ASYNC_KAFKA_CHURN_LOGS"] else { return }
        for (number, log) in logs {
            let lines = (["\(log.end)"] + log.entries.map(\.description)).joined(separator: "\n")
            try lines.write(toFile: "\(folder)/member-\(number).log", atomically: true, encoding: .utf8)
        }
    }

    /// Nothing was violated, and enough has happened for that to mean something.
    ///
    /// - Parameters:
    ///   - unheard: how many members that ended in order may say that their group does not know, though it had a coordinator.
    ///   - nodeKills: how many nodes were killed; whichever coordinated the group may have cut off a commit of each member, or the
    ///     next one may refuse its epoch.
    func expectOrder(killsAtLeast kills: Int? = nil, unheardLeaves unheard: Int = 0, nodeKills: Int = 0) {
        for violation in check.violations.map({ "\($0)" }).sorted().prefix(20) { Issue.record("\(violation)") }
        #expect(check.violations.count == 0)
        let seconds = Int(Self.duration.components.seconds)
        let figures = check.figures
        #expect(figures.messages >= seconds * 20)
        #expect(figures.members >= seconds / 6)
        #expect(figures.closed + figures.cancelled >= seconds / 6)
        #expect(figures.killed >= kills ?? max(1, seconds / 30))
        #expect(figures.assignments >= seconds / 2)
        // A broker that stands still may evict all members of a moment.
        #expect(
            figures.evictions <= max(Self.members.upperBound, figures.members / 4),
            "the machine is too slow to tell"
        )
        #expect(figures.cutOffs <= (Engine.losesAssignments ? nodeKills * Self.members.upperBound : 0))
        #expect(figures.fences <= nodeKills * Self.members.upperBound)
        #expect(figures.leavesInOutage <= nodeKills * Self.members.upperBound)
        #expect(figures.unheardLeaves <= unheard)
        // Only a cooperative group goes on to work while it joins.
        if group.plan.kind == "cooperative-sticky" { #expect(figures.heldCommits >= seconds / 10) }
    }
}
