import Testing

extension RealKafka {
    /// Stops the broker's process while `body` runs, so that nothing is answered and nothing refused; it goes on on every way out.
    static func withPausedBroker<Result>(
        isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws -> Result
    ) async throws -> Result {
        let path = try #require(toolPath, "KAFKA_TOOL names no program that can pause the broker")
        // A task of its own, so that cancellation does not reach it.
        let resume = { _ = try await Task { try await output(of: path, ["node", "resume", "1"]) }.value }
        let result: Result
        do {
            _ = try await output(of: path, ["node", "pause", "1"])
            result = try await body()
        } catch {
            try await resume()
            throw error
        }
        try await resume()
        return result
    }
}
