/// When the offsets of consumed messages are committed.
public struct KafkaOffsetPolicy: Sendable, Hashable {
    enum Mode: Sendable, Hashable {
        case afterProcessing(interval: Duration)
        case manual
        case onDelivery(maxCount: Int)
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

    /// Messages are committed before they are delivered, up to 1,000 at a time.
    ///
    /// At most once: nothing is delivered twice. See `onDelivery(maxCount:)`.
    public static let onDelivery = onDelivery(maxCount: 1000)

    /// Messages are committed before they are delivered, up to `maxCount` at a time.
    ///
    /// At most once: nothing is delivered twice, for work that does less harm undone than done twice. A loop gets a message only when
    /// the broker has acknowledged the commit behind it. A crash skips what was committed by then and not processed, so `maxCount`
    /// messages at most (and with `batches` those that its batch has gathered). A revoke, a close, and the end of a loop skip nothing: the first message that no loop was given is
    /// committed back, or stays for the next loop. If that fails, an event or the report of `close` says so.
    ///
    /// If the commit fails, also when it was tried again for `commitTimeout`, `messages` throws, and its messages stay undelivered:
    /// the next loop tries the commit again.
    ///
    /// - Parameter maxCount: From 1 to 1,000. The fewer, the less is skipped after a crash, and the more often a loop waits for
    ///   the broker.
    public static func onDelivery(maxCount: Int) -> KafkaOffsetPolicy {
        KafkaOffsetPolicy(mode: .onDelivery(maxCount: maxCount))
    }
}

extension KafkaOffsetPolicy: CustomStringConvertible {
    /// The policy's name, with its interval.
    public var description: String {
        switch mode {
        case .afterProcessing(let interval): "afterProcessing(interval: \(interval))"
        case .manual: "manual"
        case .onDelivery(let maxCount): "onDelivery(maxCount: \(maxCount))"
        }
    }
}
