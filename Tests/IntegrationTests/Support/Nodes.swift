import Foundation
import RdKafka
import Testing

/// Suites that need three nodes and break them, one test at a time. `Scripts/test` knows them by this name: it runs them apart
/// from the others, on a cluster of their own.
@Suite(.serialized, .needsThreeNodes)
enum ThreeNodeTests {}

extension Trait where Self == ConditionTrait {
    /// Only with three nodes that `KAFKA_TOOL` has started, so that it can kill them.
    static var needsThreeNodes: Self {
        .enabled(
            if: RealKafka.bootstrapServers.count == Nodes.numbers.count && RealKafka.toolPath != nil && Nodes.isTools,
            "needs three nodes of KAFKA_TOOL's own, which it may kill: Scripts/test with KAFKA_TOOL and no KAFKA_BOOTSTRAP"
        )
    }
}

extension Trait where Self == ConditionTrait {
    /// Only with a cluster whose nodes can be stopped.
    static var needsNodeFaults: Self {
        .enabled(if: RealKafka.toolPath != nil && Nodes.isTools, "KAFKA_TOOL has not started this cluster")
    }
}

/// The nodes of the cluster, which a test may kill, pause and start; one command at a time.
final class Nodes: Sendable {
    static let numbers = [1, 2, 3]

    /// Whether `KAFKA_TOOL` has started this cluster, and so finds its processes.
    static let isTools = ProcessInfo.processInfo.environment["KAFKA_DIR", default: ""].isEmpty == false

    private enum Fault {
        case killed
        case paused
    }

    private let faults = Locked<[Int: Fault]>([:])

    /// Ends the node's process, which is told nothing before (SIGKILL). Returns once it is gone.
    func kill(_ number: Int) async throws {
        faults.withLock { $0[number] = .killed }
        try await node("kill", number)
    }

    /// Stops the node's process in the midst of what it does (SIGSTOP): connections stay, nobody answers. Returns once all of its
    /// threads stand still, which is later than the signal: until one of them was scheduled and has seen it, the others answer.
    func pause(_ number: Int) async throws {
        faults.withLock { $0[number] = .paused }
        try await node("pause", number)
        #if os(Linux)
            let process = try processID(number)
            while try !Self.isStopped(process) { try Task.checkCancellation() }
        #endif
    }

    func resume(_ number: Int) async throws {
        try await node("resume", number)
        faults.withLock { $0[number] = nil }
    }

    /// Returns once the node serves again; its replicas may not be in sync by then.
    func start(_ number: Int) async throws {
        try await node("start", number)
        faults.withLock { $0[number] = nil }
    }

    /// Whether every replica of the topic is in sync, by Kafka's own tool.
    func areInSync(_ topic: String) async throws -> Bool {
        let lagging = try await RealKafka.toolText(
            "topics",
            ["--describe", "--under-replicated-partitions", "--topic", topic]
        )
        return !lagging.contains(topic)
    }

    fileprivate func restore() async throws {
        for (number, fault) in faults.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
            switch fault {
            case .killed: try await start(number)
            case .paused: try await resume(number)
            }
        }
    }

    /// What `KAFKA_TOOL` has written down.
    private func processID(_ number: Int) throws -> Int {
        struct Cluster: Decodable {
            struct Node: Decodable {
                let id: Int
                let pid: Int
            }

            let nodes: [Node]
        }

        let folder = try #require(ProcessInfo.processInfo.environment["KAFKA_DIR"])
        let text = try Data(contentsOf: URL(fileURLWithPath: folder).appendingPathComponent("cluster.json"))
        let cluster = try JSONDecoder().decode(Cluster.self, from: text)
        return try #require(cluster.nodes.first { $0.id == number }).pid
    }

    /// Whether all threads of a process are stopped, as the kernel says.
    private static func isStopped(_ process: Int) throws -> Bool {
        let tasks = "/proc/\(process)/task"
        return try FileManager.default.contentsOfDirectory(atPath: tasks).allSatisfy { task in
            // A thread may have ended meanwhile.
            guard let line = try? String(contentsOfFile: "\(tasks)/\(task)/stat", encoding: .utf8) else { return true }
            // Behind the name, which may hold anything.
            return line.split(separator: ")").last?.split(separator: " ").first == "T"
        }
    }

    private func node(_ action: String, _ number: Int) async throws {
        let path = try #require(RealKafka.toolPath)
        _ = try await output(of: path, ["node", action, "\(number)"])
    }
}

/// Hands the nodes to `body`, and has all of them running again on every way out.
func withNodes<Result>(
    isolation: isolated (any Actor)? = #isolation,
    _ body: (Nodes) async throws -> Result
) async throws -> Result {
    let nodes = Nodes()
    // A task of its own, so that cancellation does not reach it.
    let restore = { try await Task { try await nodes.restore() }.value }
    let result: Result
    do {
        result = try await body(nodes)
    } catch {
        try? await restore()
        throw error
    }
    try await restore()
    return result
}

/// A topic on all three nodes, which takes records as long as two of them are in sync.
func withReplicatedTopic<Result>(
    partitions: Int,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (String) async throws -> Result
) async throws -> Result {
    try await withTopic(
        partitions: partitions,
        replicationFactor: Nodes.numbers.count,
        configuration: ["min.insync.replicas": "2"],
        body
    )
}
