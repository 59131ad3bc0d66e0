import AsyncKafka
import Testing

/// Expects that `body` throws a `KafkaError` with this code.
func expectError(
    _ code: KafkaError.Code,
    _ persistence: KafkaError.Persistence? = nil,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> some Any
) async {
    do {
        _ = try await body()
        Issue.record("nothing is thrown", sourceLocation: sourceLocation)
    } catch let error as KafkaError {
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
        if let persistence { #expect(error.persistence == persistence, sourceLocation: sourceLocation) }
    } catch {
        Issue.record(error, sourceLocation: sourceLocation)
    }
}
