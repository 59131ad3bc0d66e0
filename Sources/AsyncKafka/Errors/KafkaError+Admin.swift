extension KafkaError.Code {
    // MARK: Of administration

    /// The linked librdkafka, or the broker, cannot do this.
    public static let unsupportedFeature = KafkaError.Code(rawValue: -165)
    /// A topic has no such number of partitions, or cannot get it.
    public static let invalidPartitions = KafkaError.Code(rawValue: 37)
    /// There are not as many brokers, or it is below one.
    public static let invalidReplicationFactor = KafkaError.Code(rawValue: 38)
    /// Replicas are on brokers that there are not, or not on as many for each partition.
    public static let invalidReplicaAssignment = KafkaError.Code(rawValue: 39)
    /// A setting is unknown to the broker, or its value is not allowed.
    public static let invalidConfig = KafkaError.Code(rawValue: 40)
    /// Not the controller, which alone makes changes.
    public static let notController = KafkaError.Code(rawValue: 41)
    /// The broker cannot make sense of the request.
    public static let invalidRequest = KafkaError.Code(rawValue: 42)
    /// The cluster's policy forbids it.
    public static let policyViolation = KafkaError.Code(rawValue: 44)
    /// The cluster has no authorizer: there are no access rules.
    public static let securityDisabled = KafkaError.Code(rawValue: 54)
    /// The group has members.
    public static let nonEmptyGroup = KafkaError.Code(rawValue: 68)
    /// There is no such group.
    public static let groupIDNotFound = KafkaError.Code(rawValue: 69)
    /// The cluster does not let topics be deleted.
    public static let topicDeletionDisabled = KafkaError.Code(rawValue: 73)
    /// A member of the group subscribes to the topic.
    public static let groupSubscribedToTopic = KafkaError.Code(rawValue: 86)
    /// There is no such user, or no such credential.
    public static let resourceNotFound = KafkaError.Code(rawValue: 91)
    /// The same user and mechanism stand there twice.
    public static let duplicateResource = KafkaError.Code(rawValue: 92)
    /// The broker does not take the credential: its iterations, for example.
    public static let unacceptableCredential = KafkaError.Code(rawValue: 93)

    static let namesOfAdministration: [KafkaError.Code: String] = [
        .unsupportedFeature: "unsupportedFeature",
        .invalidPartitions: "invalidPartitions",
        .invalidReplicationFactor: "invalidReplicationFactor",
        .invalidReplicaAssignment: "invalidReplicaAssignment",
        .invalidConfig: "invalidConfig",
        .notController: "notController",
        .invalidRequest: "invalidRequest",
        .policyViolation: "policyViolation",
        .securityDisabled: "securityDisabled",
        .nonEmptyGroup: "nonEmptyGroup",
        .groupIDNotFound: "groupIDNotFound",
        .topicDeletionDisabled: "topicDeletionDisabled",
        .groupSubscribedToTopic: "groupSubscribedToTopic",
        .resourceNotFound: "resourceNotFound",
        .duplicateResource: "duplicateResource",
        .unacceptableCredential: "unacceptableCredential",
    ]
}
