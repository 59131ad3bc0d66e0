import AsyncKafka
import Testing

/// The error that `body` throws, if it throws a `KafkaError`.
func kafkaErrorIfAny(_ body: () async throws -> some Any) async -> KafkaError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? KafkaError
    }
}

/// The error that `body` throws; records an issue if it throws none, or another kind.
func kafkaError(
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> some Any
) async -> KafkaError? {
    do {
        _ = try await body()
        Issue.record("nothing is thrown", sourceLocation: sourceLocation)
    } catch let error as KafkaError {
        return error
    } catch {
        Issue.record(error, sourceLocation: sourceLocation)
    }
    return nil
}
