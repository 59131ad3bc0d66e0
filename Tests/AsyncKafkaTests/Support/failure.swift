import AsyncKafka

/// The error that a task has ended with.
func failure<Value>(of task: Task<Value, any Error>) async -> KafkaError? {
    do {
        _ = try await task.value
        return nil
    } catch {
        return error as? KafkaError
    }
}

extension Result where Failure == KafkaError {
    var error: KafkaError? {
        guard case .failure(let error) = self else { return nil }
        return error
    }
}

/// What a call returns or throws.
func outcome<Value>(of call: () async throws(KafkaError) -> Value) async -> Result<Value, KafkaError> {
    do throws(KafkaError) {
        return .success(try await call())
    } catch {
        return .failure(error)
    }
}

/// The code of a call's error; nil if it throws none, or another error.
func errorCode(of call: () async throws -> Void) async -> KafkaError.Code? {
    do {
        try await call()
        return nil
    } catch {
        return (error as? KafkaError)?.code
    }
}
