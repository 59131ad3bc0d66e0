/// What a consumer has left behind when it was closed.
public struct KafkaConsumerCloseReport: Sendable, Hashable {
    /// Partitions whose processed messages were not all committed, with the offset that the commit should have had: whoever
    /// reads them next gets the messages before it again.
    ///
    /// Under `.onDelivery` the first message that was delivered to no loop, if it could not be committed back: from there on messages
    /// are skipped.
    public let uncommitted: [KafkaTopicPartition: Int64]
    /// Whether the group's coordinator has answered that this member leaves. Otherwise it finds out when the session times out, and the partitions
    /// wait until then; so it is with static members, by intent.
    public let hasLeftGroup: Bool
}
