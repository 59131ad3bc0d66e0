import AsyncKafka
import Foundation
import Testing

/// Stops a node of the test cluster from answering for a while (`SIGSTOP`).
struct NodePause {
    let node: Int

    init(_ node: Int) {
        self.node = node
    }

    func pause() async throws { try await tell("pause") }

    /// Runs `body`; whatever happens, the node answers afterwards.
    func resumingAtTheEnd<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        // A task of its own, so that cancellation does not reach it.
        let resume = { try await Task { try await tell("resume") }.value }
        let result: Result
        do {
            result = try await body()
        } catch {
            try? await resume()
            throw error
        }
        try await resume()
        return result
    }

    private func tell(_ what: String) async throws {
        let path = try #require(RealKafka.toolPath)
        _ = try await output(of: path, ["node", what, "\(node)"])
    }
}

extension Trait where Self == ConditionTrait {
    /// Only with a cluster whose nodes can be stopped.
    static var needsNodeFaults: Self {
        .enabled(
            if: ProcessInfo.processInfo.environment["KAFKA_DIR"] != nil,
            "KAFKA_DIR names no cluster whose nodes can be stopped"
        )
    }
}
