/// What became of one thing that a diagnosis has tried.
enum DiagnosisStep<Value: Sendable>: Sendable {
    case done(Value, Duration)
    case failed(KafkaError, Duration)
    /// The time was over, or the task cancelled: says which.
    case unfinished(String)
    /// Not tried, for what came before it.
    case pointless

    /// Tries it, if there is time.
    static func trying(
        until deadline: ContinuousClock.Instant,
        _ body: () async throws(KafkaError) -> Value
    ) async -> DiagnosisStep {
        let start = ContinuousClock.now
        guard !Task.isCancelled else { return .unfinished(cancelled) }
        guard start < deadline else { return .unfinished("the time was over") }
        do throws(KafkaError) {
            let value = try await body()
            return .done(value, .now - start)
        } catch {
            return error.code == .cancelled ? .unfinished(cancelled) : .failed(error, .now - start)
        }
    }

    private static var cancelled: String { "the task was cancelled" }

    var isUnfinished: Bool {
        if case .unfinished = self { return true }
        return false
    }

    var isPointless: Bool {
        if case .pointless = self { return true }
        return false
    }

    var value: Value? {
        if case .done(let value, _) = self { return value }
        return nil
    }

    var error: KafkaError? {
        if case .failed(let error, _) = self { return error }
        return nil
    }
}
