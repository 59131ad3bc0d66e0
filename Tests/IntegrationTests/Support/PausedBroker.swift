extension RealKafka {
    /// Stops the broker's process while `body` runs, so that nothing is answered and nothing refused; it goes on on every way out.
    static func withPausedBroker<Result>(
        isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws -> Result
    ) async throws -> Result {
        try await withNodes { nodes in
            try await nodes.pause(1)
            return try await body()
        }
    }
}
