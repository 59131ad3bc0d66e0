// What brokers say about groups, their members and their offsets.
extension KafkaError.Code {
    /// The offset's metadata is too long: 4,096 bytes by the broker's default. Shorten it.
    public static let offsetMetadataTooLarge = KafkaError.Code(rawValue: 12)
    /// The coordinator is still loading. Call again.
    public static let coordinatorLoadInProgress = KafkaError.Code(rawValue: 14)
    /// The coordinator is not available, or its topic not made yet. Call again.
    public static let coordinatorNotAvailable = KafkaError.Code(rawValue: 15)
    /// Another broker coordinates the group now. librdkafka looks for it by itself.
    public static let notCoordinator = KafkaError.Code(rawValue: 16)
    /// The member's generation has passed: the group has rebalanced. Others may have the partitions; go on reading.
    public static let illegalGeneration = KafkaError.Code(rawValue: 22)
    /// The members have no assignment strategy in common. Give all of them one.
    public static let inconsistentGroupProtocol = KafkaError.Code(rawValue: 23)
    /// The group's name is not allowed, or empty. Set `groupID`.
    public static let invalidGroupID = KafkaError.Code(rawValue: 24)
    /// The group does not know the member, or not any more. It joins again by itself.
    public static let unknownMember = KafkaError.Code(rawValue: 25)
    /// The session timeout is outside of the broker's range (`group.min.session.timeout.ms`, `group.max.session.timeout.ms`).
    public static let invalidSessionTimeout = KafkaError.Code(rawValue: 26)
    /// The group is being rebalanced. Call again behind it.
    public static let rebalanceInProgress = KafkaError.Code(rawValue: 27)
    /// The commit is larger than the broker takes. Commit fewer partitions at once, or shorter metadata.
    public static let invalidCommitOffsetSize = KafkaError.Code(rawValue: 28)
    /// The group has members. Close them first.
    public static let nonEmptyGroup = KafkaError.Code(rawValue: 68)
    /// There is no such group. Check the name.
    public static let groupIDNotFound = KafkaError.Code(rawValue: 69)
    /// The member joins again with the id that it was given. librdkafka does so by itself.
    public static let memberIDRequired = KafkaError.Code(rawValue: 79)
    /// The group has as many members as the broker allows (`group.max.size`). Run fewer.
    public static let groupMaxSizeReached = KafkaError.Code(rawValue: 81)
    /// Another member with the same `group.instance.id` has taken over. Give each a name of its own, and make a new client.
    public static let fencedInstanceID = KafkaError.Code(rawValue: 82)
    /// A member of the group subscribes to the topic. Close it, or unsubscribe first.
    public static let groupSubscribedToTopic = KafkaError.Code(rawValue: 86)
    /// A transaction that commits these offsets is still open. Call again when it has ended.
    public static let unstableOffsetCommit = KafkaError.Code(rawValue: 88)
    /// The coordinator has put the member out (KIP-848). It gives up its partitions and joins again by itself.
    public static let fencedMemberEpoch = KafkaError.Code(rawValue: 110)
    /// Another member has the `group.instance.id` (KIP-848). Close it first, or choose another name.
    public static let unreleasedInstanceID = KafkaError.Code(rawValue: 111)
    /// The broker does not have the assignor. Check `group.remoteAssignor` against its `group.consumer.assignors`.
    public static let unsupportedAssignor = KafkaError.Code(rawValue: 112)
    /// The member's epoch has passed (KIP-848). Call again: the next heartbeat brings the new one.
    public static let staleMemberEpoch = KafkaError.Code(rawValue: 113)
    /// A share group does not take the acknowledgement any more. The record may be delivered again.
    public static let invalidRecordState = KafkaError.Code(rawValue: 121)
    /// The broker does not know the session of a share group. The client makes another.
    public static let shareSessionNotFound = KafkaError.Code(rawValue: 122)
    /// The epoch of a share group's session has passed. The client makes another.
    public static let invalidShareSessionEpoch = KafkaError.Code(rawValue: 123)
    /// The state of a share group has a newer epoch. Between brokers.
    public static let fencedStateEpoch = KafkaError.Code(rawValue: 124)
    /// The broker cannot read the pattern of the subscription (RE2 syntax). Correct it.
    public static let invalidRegularExpression = KafkaError.Code(rawValue: 128)
    /// The topology of a Streams application is not valid (KIP-1071).
    public static let streamsInvalidTopology = KafkaError.Code(rawValue: 130)
    /// The topology's epoch of a Streams application is not valid (KIP-1071).
    public static let streamsInvalidTopologyEpoch = KafkaError.Code(rawValue: 131)
    /// The topology of a Streams application is outdated (KIP-1071).
    public static let streamsTopologyFenced = KafkaError.Code(rawValue: 132)
    /// The broker has as many sessions of share groups as it takes. Call again later.
    public static let shareSessionLimitReached = KafkaError.Code(rawValue: 133)
}
