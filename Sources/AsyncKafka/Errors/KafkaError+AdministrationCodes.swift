// What brokers say about administration, and what they say to each other.
extension KafkaError.Code {
    /// The controller has moved. Between brokers.
    public static let staleControllerEpoch = KafkaError.Code(rawValue: 11)
    /// The broker does not know this version of the request. Use a newer broker.
    public static let unsupportedVersion = KafkaError.Code(rawValue: 35)
    /// A topic of that name exists. Choose another, or use it as it is.
    public static let topicAlreadyExists = KafkaError.Code(rawValue: 36)
    /// A topic has no such number of partitions, or cannot get it: it only grows.
    public static let invalidPartitions = KafkaError.Code(rawValue: 37)
    /// There are not as many brokers, or it is below one.
    public static let invalidReplicationFactor = KafkaError.Code(rawValue: 38)
    /// Replicas are on brokers that there are not, or not on as many for each partition.
    public static let invalidReplicaAssignment = KafkaError.Code(rawValue: 39)
    /// A setting is unknown to the broker, or its value is not allowed. The message says which.
    public static let invalidConfig = KafkaError.Code(rawValue: 40)
    /// Not the controller, which alone makes changes. librdkafka looks for it again; call again.
    public static let notController = KafkaError.Code(rawValue: 41)
    /// The broker cannot make sense of the request. The message, or the broker's log, says why.
    public static let invalidRequest = KafkaError.Code(rawValue: 42)
    /// The cluster's policy forbids it. The message says what it asks for.
    public static let policyViolation = KafkaError.Code(rawValue: 44)
    /// The broker left it out as another part of the request had failed. Call again with this part.
    public static let operationNotAttempted = KafkaError.Code(rawValue: 55)
    /// The broker has no such log directory.
    public static let logDirectoryNotFound = KafkaError.Code(rawValue: 57)
    /// Partitions are being moved. Call again afterwards.
    public static let reassignmentInProgress = KafkaError.Code(rawValue: 60)
    /// The broker has dropped the fetch session. The client makes another.
    public static let fetchSessionIDNotFound = KafkaError.Code(rawValue: 70)
    /// The fetch session's epoch has passed. The client makes another.
    public static let invalidFetchSessionEpoch = KafkaError.Code(rawValue: 71)
    /// The cluster does not let topics be deleted (`delete.topic.enable`).
    public static let topicDeletionDisabled = KafkaError.Code(rawValue: 73)
    /// The broker has registered anew. Between brokers.
    public static let staleBrokerEpoch = KafkaError.Code(rawValue: 77)
    /// The preferred leader is not running or not in sync. Bring it back first.
    public static let preferredLeaderNotAvailable = KafkaError.Code(rawValue: 80)
    /// No replica may become leader now. Bring a broker back first.
    public static let eligibleLeadersNotAvailable = KafkaError.Code(rawValue: 83)
    /// The partition has the leader that it is to have. Nothing is to be done.
    public static let electionNotNeeded = KafkaError.Code(rawValue: 84)
    /// No partitions are being moved.
    public static let noReassignmentInProgress = KafkaError.Code(rawValue: 85)
    /// There is no such user, or no such credential.
    public static let resourceNotFound = KafkaError.Code(rawValue: 91)
    /// The same user and mechanism, or the same resource, stand there twice. Keep one.
    public static let duplicateResource = KafkaError.Code(rawValue: 92)
    /// A controller is not among those that vote. Between controllers.
    public static let inconsistentVoterSet = KafkaError.Code(rawValue: 94)
    /// The version to be updated to is not valid.
    public static let invalidUpdateVersion = KafkaError.Code(rawValue: 95)
    /// The cluster's features could not be updated. Look at the controller's log.
    public static let featureUpdateFailed = KafkaError.Code(rawValue: 96)
    /// There is no such snapshot. Between controllers.
    public static let snapshotNotFound = KafkaError.Code(rawValue: 98)
    /// The snapshot has no such position. Between controllers.
    public static let positionOutOfRange = KafkaError.Code(rawValue: 99)
    /// Another broker runs with the same number. Between brokers.
    public static let duplicateBrokerRegistration = KafkaError.Code(rawValue: 101)
    /// No broker of that number is registered.
    public static let brokerIDNotRegistered = KafkaError.Code(rawValue: 102)
    /// The broker belongs to another cluster. Check the addresses.
    public static let inconsistentClusterID = KafkaError.Code(rawValue: 104)
    /// The fetch session mixes topics by id and by name. The client makes another.
    public static let fetchSessionTopicIDError = KafkaError.Code(rawValue: 106)
    /// A replica may not count as in sync. Between brokers.
    public static let ineligibleReplica = KafkaError.Code(rawValue: 107)
    /// The partition has a new leader. Between brokers.
    public static let newLeaderElected = KafkaError.Code(rawValue: 108)
    /// The request went to a controller instead of a broker, or the reverse. Check the addresses.
    public static let mismatchedEndpointType = KafkaError.Code(rawValue: 114)
    /// The address belongs to a kind of node that does not answer this.
    public static let unsupportedEndpointType = KafkaError.Code(rawValue: 115)
    /// There is no controller of that number.
    public static let unknownControllerID = KafkaError.Code(rawValue: 116)
    /// The broker has another subscription to the client's metrics. librdkafka asks for it.
    public static let unknownSubscriptionID = KafkaError.Code(rawValue: 117)
    /// The client's metrics are larger than the broker takes.
    public static let telemetryTooLarge = KafkaError.Code(rawValue: 118)
    /// The controller refuses the broker's registration. Between brokers.
    public static let invalidRegistration = KafkaError.Code(rawValue: 119)
    /// The key of a voting controller does not fit. Between controllers.
    public static let invalidVoterKey = KafkaError.Code(rawValue: 125)
    /// The controller votes already. Between controllers.
    public static let duplicateVoter = KafkaError.Code(rawValue: 126)
    /// There is no such voting controller. Between controllers.
    public static let voterNotFound = KafkaError.Code(rawValue: 127)
    /// What the client knows of the cluster is too old: it begins again at `bootstrapServers`.
    public static let rebootstrapRequired = KafkaError.Code(rawValue: 129)
}
