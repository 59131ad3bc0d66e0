import AsyncKafka
import Dispatch
import Foundation
import RdKafka
import TestSupport

/// A member of a group that commits each message, as a process of its own so that a test can kill it.
///
/// It writes a line for whatever it does (`ChurnEntry`). At SIGUSR1 it closes its consumer, at SIGTERM it cancels its loop, and it
/// ends at once when its standard input ends: so it survives neither the test nor the test's process.
@main
struct ChurnMember {
    let configuration: KafkaConsumerConfiguration
    let topic: String
    let seed: UInt64
    let safeguard: Safeguard?
    /// Those when a commit was last acknowledged.
    let commitsOutOfJoin = Locked((outdated: 0, overtaken: 0))

    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 7, let sessionTimeout = Int(arguments[5]), let seed = UInt64(arguments[6]) else {
            FileHandle.standardError.write(Data("arguments: SERVERS GROUP TOPIC PROTOCOL SESSION-TIMEOUT SEED\n".utf8))
            exit(2)
        }
        var configuration = KafkaConsumerConfiguration(
            bootstrapServers: arguments[1].split(separator: ",").map { String($0) },
            groupID: arguments[2]
        )
        configuration.offsetPolicy = .manual
        // Nodes are killed beside it.
        configuration.log = .standardError(.critical)
        switch arguments[4] {
        case "consumer":
            configuration.additionalProperties["group.protocol"] = "consumer"
            // Only there it says why it gives up an assignment. Commits have lines as well, and the log drops some; not this one, which
            // comes when the coordinator was gone, and nobody could commit.
            configuration.additionalProperties["debug"] = "consumer"
            configuration.log = .handler(level: .debug) { entry in
                if entry.level >= .critical { FileHandle.standardError.write(Data("\(entry)\n".utf8)) }
                if entry.facility == "HEARTBEAT", entry.message.contains("member epoch is fenced") {
                    write(.fenced(at: now))
                }
            }
        case let strategy:
            configuration.group.assignmentStrategies = [strategy == "range" ? .range : .cooperativeSticky]
            configuration.group.sessionTimeout = .seconds(sessionTimeout)
            configuration.group.heartbeatInterval = .milliseconds(200)
        }
        let off = ProcessInfo.processInfo.environment["ASYNC_KAFKA_SWITCHED_OFF"] ?? ""
        let member = ChurnMember(
            configuration: configuration,
            topic: arguments[3],
            seed: seed,
            safeguard: Safeguard(rawValue: off)
        )
        let consumer = try KafkaConsumer(configuration, without: member.safeguard)
        let work = Task { try await member.run(consumer) }
        let sources = [
            onSignal(SIGTERM) { work.cancel() },
            onSignal(SIGUSR1) { Task { await consumer.close() } },
        ]
        Thread.detachNewThread {
            while readLine() != nil {}
            exit(3)
        }
        try await work.value
        for source in sources { source.cancel() }
    }

    private static func onSignal(
        _ number: Int32,
        _ handler: @escaping @Sendable () -> Void
    ) -> any DispatchSourceSignal {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        // Not on the main actor, which the caller is on.
        source.setEventHandler(handler: handler)
        source.activate()
        return source
    }

    func run(_ consumer: KafkaConsumer) async throws {
        try await consumer.subscribe(to: [topic])
        // Goes on until the close, which is when the last partitions are given up.
        let events = Task { try await writeEvents(of: consumer) }
        var random = SplitMix(state: seed)
        for try await message in consumer.messages {
            let place = ChurnEntry.Place(message.partition, message.offset)
            write(.start(place, at: now))
            await work(&random)
            let end = now
            write(.end(place, at: end))
            let isHeld = consumer.isHoldingCommits
            do {
                try await consumer.commit(message)
                commitsOutOfJoin.withLock { $0 = consumer.commitsOutOfJoin }
                write(.committed(place, from: end, at: now, wasHeld: isHeld))
            } catch {
                let code = "\(error.code)".replacingOccurrences(of: " ", with: "-")
                write(.refused(place, code: code, from: end, at: now))
            }
        }
        // A task of its own, so that cancellation does not reach it.
        let report = await Task { await consumer.close() }.value
        try await events.value
        let isAlone = !report.hasLeftGroup && consumer.hasClosedAlone
        write(.closed(uncommitted: report.uncommitted.count, hasLeft: report.hasLeftGroup, isAlone: isAlone))
    }

    private func writeEvents(of consumer: KafkaConsumer) async throws {
        for try await event in consumer.events {
            let partitions = event.partitions.map(\.partition)
            switch event.kind {
            case .assigned: write(.assigned(partitions, at: now))
            case .revoked: write(.revoked(partitions, at: now))
            case .lost: write(.lost(partitions, at: now, cause(consumer.commitsOutOfJoin)))
            default: break
            }
        }
    }

    /// Why partitions are lost.
    private func cause(_ now: (outdated: Int, overtaken: Int)) -> ChurnEntry.Cause {
        let before = commitsOutOfJoin.withLock { $0 }
        if now.overtaken > before.overtaken { return .cutOffCommit }
        return now.outdated > before.outdated ? .commit : .other
    }

    /// What a loop's body may take: mostly nothing, sometimes as long as a call of another service. Time is what is asked for, and
    /// passes when the task is cancelled, too.
    private func work(_ random: inout SplitMix) async {
        let milliseconds: Int
        switch Int.random(in: 0..<400, using: &random) {
        case 0: milliseconds = 300
        case 1..<10: milliseconds = .random(in: 10...40, using: &random)
        case 10..<100: milliseconds = .random(in: 1...3, using: &random)
        default: return
        }
        await withCheckedContinuation { continuation in
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { continuation.resume() }
        }
    }

    private static var now: UInt64 { DispatchTime.now().uptimeNanoseconds }

    /// At once, so that it is there when the process is killed.
    private static func write(_ entry: ChurnEntry) {
        FileHandle.standardOutput.write(Data("\(entry)\n".utf8))
    }

    private var now: UInt64 { Self.now }

    private func write(_ entry: ChurnEntry) {
        Self.write(entry)
    }
}
