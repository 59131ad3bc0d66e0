/// What a consumer does when nobody has asked for the next message for `group.maxPollInterval`.
public struct KafkaProcessingTimeoutAction: Sendable, Hashable, CustomStringConvertible {
    /// The name.
    public let description: String

    /// Leaves the group, so that other members get the partitions, and joins it again when the next message is asked for. The message in
    /// hand comes again, to their new owner; committing it fails with `staleMessage`.
    public static let leaveGroup = KafkaProcessingTimeoutAction(description: "leaveGroup")

    /// Only tells, in the log and with an event of kind `.processingTimedOut`.
    public static let report = KafkaProcessingTimeoutAction(description: "report")
}
