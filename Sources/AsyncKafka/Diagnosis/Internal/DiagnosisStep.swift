/// How long a silence has to be to tell something: with less time, what works may not have answered either.
enum DiagnosisPatience {
    static let name = Duration.seconds(5)
    /// For each address.
    static let tcp = Duration.seconds(3)
    /// For TLS and everything behind it.
    static let connection = Duration.seconds(10)
    /// For what the cluster is asked.
    static let answer = Duration.seconds(5)
}

/// What became of one thing that a diagnosis has tried.
enum DiagnosisStep<Value: Sendable>: Sendable {
    case done(Value, Duration)
    case failed(KafkaError, Duration)
    /// The time was over, or the task cancelled: says which.
    case unfinished(String)
    /// Not tried, for what came before it.
    case pointless

    /// Tries it, if there is time.
    ///
    /// - Parameters:
    ///   - patience: the time without which silence is no failure.
    ///   - silence: what librdkafka says at a time limit.
    static func trying(
        until deadline: ContinuousClock.Instant,
        patience: Duration,
        silence: Set<KafkaError.Code> = [.timedOut],
        _ body: () async throws(KafkaError) -> Value
    ) async -> DiagnosisStep {
        let start = ContinuousClock.now
        guard !Task.isCancelled else { return .unfinished(cancelled) }
        guard start < deadline else { return .unfinished(late) }
        do throws(KafkaError) {
            let value = try await body()
            return .done(value, .now - start)
        } catch {
            return ended(by: error, after: .now - start, of: deadline - start, patience: patience, silence: silence)
        }
    }

    /// What an error makes of it.
    ///
    /// - Parameter time: the time that there was.
    static func ended(
        by error: KafkaError,
        after duration: Duration,
        of time: Duration,
        patience: Duration,
        silence: Set<KafkaError.Code> = [.timedOut]
    ) -> DiagnosisStep {
        if error.code == .cancelled { return .unfinished(cancelled) }
        return time < patience && silence.contains(error.code) ? .unfinished(late) : .failed(error, duration)
    }

    static var cancelled: String { "the task was cancelled" }
    static var late: String { "the time was over" }

    var whyUnfinished: String? {
        if case .unfinished(let why) = self { return why }
        return nil
    }

    var isUnfinished: Bool { whyUnfinished != nil }

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

/// What was found out about one thing, of which there are several checks.
protocol DiagnosisFindings: Sendable {
    /// As the checks call it.
    var subject: String { get }
}

extension DiagnosisFindings {
    func check(
        _ kind: KafkaDiagnosis.Kind,
        _ outcome: KafkaDiagnosis.Outcome,
        _ seen: String,
        advice: String? = nil,
        duration: Duration? = nil,
        error: KafkaError? = nil
    ) -> KafkaDiagnosis.Check {
        KafkaDiagnosis.Check(kind, subject, outcome, seen, advice: advice, duration: duration, error: error)
    }
}
