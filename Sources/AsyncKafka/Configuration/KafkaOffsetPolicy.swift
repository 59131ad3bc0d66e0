/// When the offsets of consumed messages are committed.
public struct KafkaOffsetPolicy: Sendable, Hashable {
    enum Mode: Sendable, Hashable {
        case afterProcessing(interval: Duration)
        case manual
    }

    let mode: Mode

    /// Asking for the next message marks the last one as processed; marks are committed once a second.
    ///
    /// At least once: after a crash, what was not yet committed is delivered again.
    public static let afterProcessing = afterProcessing(interval: .seconds(1))

    /// Asking for the next message marks the last one as processed; marks are committed every `interval`.
    ///
    /// - Parameter interval: From 1 ms to 24 hours. The longer, the fewer requests, and the more is repeated after a crash.
    public static func afterProcessing(interval: Duration) -> KafkaOffsetPolicy {
        KafkaOffsetPolicy(mode: .afterProcessing(interval: interval))
    }

    /// Only what the program commits is committed.
    public static let manual = KafkaOffsetPolicy(mode: .manual)
}

extension KafkaOffsetPolicy: CustomStringConvertible {
    /// The policy's name, with its interval.
    public var description: String {
        switch mode {
        case .afterProcessing(let interval): "afterProcessing(interval: \(interval))"
        case .manual: "manual"
        }
    }
}
