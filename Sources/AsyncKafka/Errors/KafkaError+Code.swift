import RdKafka

extension KafkaError {
    /// What happened: an open set, as brokers and librdkafka learn new codes.
    ///
    /// Numbers above zero come from a broker (https://kafka.apache.org/protocol#protocol_error_codes), those below from librdkafka
    /// (`rd_kafka_resp_err_t`), those below -10,000 from this library.
    public struct Code: RawRepresentable, Sendable, Hashable {
        /// The number.
        public let rawValue: Int32

        /// A code by its number.
        public init(rawValue: Int32) {
            self.rawValue = rawValue
        }

        // MARK: From this library

        /// The task was cancelled. If a record had been queued by then, `pendingDelivery` says what became of it.
        public static let cancelled = Code(rawValue: -10_001)
        /// The client was closed, or is being closed.
        public static let clientClosed = Code(rawValue: -10_002)
        /// A setting is unknown, out of range, refused, or contradicts another one. Nothing was started.
        public static let invalidConfiguration = Code(rawValue: -10_003)
        /// The producer was closed while records were still unsent.
        public static let unsent = Code(rawValue: -10_004)
        /// The consumer was closed while processed messages were still uncommitted.
        public static let uncommitted = Code(rawValue: -10_005)
        /// The message comes from an assignment that has ended: its partition was revoked or lost.
        public static let staleMessage = Code(rawValue: -10_006)
        /// Another loop reads from this sequence.
        public static let alreadyIterating = Code(rawValue: -10_007)
        /// The call does not fit the client's state or configuration.
        public static let invalidState = Code(rawValue: -10_008)

        /// The transaction could not be committed and was aborted: nothing of it is visible to readers of committed data.
        public static let transactionAborted = Code(rawValue: -10_009)
        /// The commit of a transaction was not acknowledged in time: it may be committed or not.
        public static let transactionOutcomeUnknown = Code(rawValue: -10_010)

        /// A rebalance hook has thrown, or has not returned in time.
        public static let rebalanceHookFailed = Code(rawValue: -10_020)

        // MARK: From librdkafka

        /// A time limit has passed.
        public static let timedOut = Code(rawValue: -185)
        /// A record was not delivered within the delivery timeout.
        public static let deliveryTimedOut = Code(rawValue: -192)
        /// The connection to a broker failed or ended.
        public static let transport = Code(rawValue: -195)
        /// A host name could not be resolved.
        public static let resolve = Code(rawValue: -193)
        /// No known broker can be reached.
        public static let allBrokersDown = Code(rawValue: -187)
        /// The producer's queue is full.
        public static let queueFull = Code(rawValue: -184)
        /// A broker refused the credentials.
        public static let authentication = Code(rawValue: -169)
        /// TLS could not be set up.
        public static let ssl = Code(rawValue: -181)
        /// The partition does not exist.
        public static let unknownPartition = Code(rawValue: -190)
        /// The topic does not exist.
        public static let unknownTopic = Code(rawValue: -188)
        /// The record was removed from the queue before it was sent.
        public static let purgedInQueue = Code(rawValue: -152)
        /// The record was given up while a broker was about to answer.
        public static let purgedInFlight = Code(rawValue: -151)
        /// An argument is out of range.
        public static let invalidArgument = Code(rawValue: -186)
        /// There is no coordinator for the group yet.
        public static let waitingForCoordinator = Code(rawValue: -180)
        /// The group's assignment was lost by eviction.
        public static let assignmentLost = Code(rawValue: -142)
        /// Nothing is assigned, or nothing to commit.
        public static let noOffset = Code(rawValue: -168)
        /// librdkafka is in a state in which it does not do this.
        public static let wrongState = Code(rawValue: -172)
        /// A newer client with the same identity has taken over.
        public static let fenced = Code(rawValue: -144)
        /// The client has failed for good.
        public static let fatal = Code(rawValue: -150)
        /// No committed offset, and the reset policy says that this is an error.
        public static let autoOffsetReset = Code(rawValue: -140)

        // MARK: From brokers

        /// A broker could not say more.
        public static let unknown = Code(rawValue: -1)
        /// The requested offset is not in the log.
        public static let offsetOutOfRange = Code(rawValue: 1)
        /// The record is damaged.
        public static let corruptMessage = Code(rawValue: 2)
        /// The broker does not know the topic or partition.
        public static let unknownTopicOrPartition = Code(rawValue: 3)
        /// The partition has no leader now.
        public static let leaderNotAvailable = Code(rawValue: 5)
        /// Another broker leads the partition now.
        public static let notLeaderOrFollower = Code(rawValue: 6)
        /// The request took too long for the broker.
        public static let requestTimedOut = Code(rawValue: 7)
        /// The record is larger than the producer or the topic allows.
        public static let messageTooLarge = Code(rawValue: 10)
        /// The offset's metadata is too long.
        public static let offsetMetadataTooLarge = Code(rawValue: 12)
        /// The coordinator is still loading.
        public static let coordinatorLoadInProgress = Code(rawValue: 14)
        /// The coordinator is not available.
        public static let coordinatorNotAvailable = Code(rawValue: 15)
        /// Another broker coordinates the group now.
        public static let notCoordinator = Code(rawValue: 16)
        /// The topic's name is not allowed.
        public static let invalidTopic = Code(rawValue: 17)
        /// Fewer replicas are in sync than the topic asks for.
        public static let notEnoughReplicas = Code(rawValue: 19)
        /// Written, but to fewer replicas than the topic asks for.
        public static let notEnoughReplicasAfterAppend = Code(rawValue: 20)
        /// The member's generation has passed.
        public static let illegalGeneration = Code(rawValue: 22)
        /// The group does not know the member (any more).
        public static let unknownMember = Code(rawValue: 25)
        /// The group is about to be rebalanced.
        public static let rebalanceInProgress = Code(rawValue: 27)
        /// A topic of that name exists.
        public static let topicAlreadyExists = Code(rawValue: 36)
        /// No permission for the topic.
        public static let topicAuthorizationFailed = Code(rawValue: 29)
        /// No permission for the group.
        public static let groupAuthorizationFailed = Code(rawValue: 30)
        /// No permission for the cluster.
        public static let clusterAuthorizationFailed = Code(rawValue: 31)
        /// The producer's epoch has passed: a newer one with the same transactional id has taken over, or a transaction took too long.
        public static let invalidProducerEpoch = Code(rawValue: 47)
        /// A transaction of this producer is still being completed.
        public static let concurrentTransactions = Code(rawValue: 51)
        /// No permission for the transactional id.
        public static let transactionalIDAuthorizationFailed = Code(rawValue: 53)
        /// A newer producer with the same transactional id has taken over.
        public static let producerFenced = Code(rawValue: 90)
        /// Another member with the same `group.instance.id` has taken over.
        public static let fencedInstanceID = Code(rawValue: 82)
        /// The member's epoch has passed (KIP-848).
        public static let staleMemberEpoch = Code(rawValue: 113)

        /// Errors that the same call may well not meet again.
        var isUsuallyRetriable: Bool {
            Self.retriable.contains(self)
        }

        private static let retriable: Set<Code> = [
            .timedOut, .deliveryTimedOut, .transport, .resolve, .allBrokersDown, .queueFull, .waitingForCoordinator,
            .leaderNotAvailable, .notLeaderOrFollower, .requestTimedOut, .coordinatorLoadInProgress,
            .coordinatorNotAvailable, .notCoordinator, .notEnoughReplicas, .notEnoughReplicasAfterAppend,
            .rebalanceInProgress,
        ]
    }
}

extension KafkaError.Code {
    /// A broker and an idempotent producer count differently; librdkafka takes a new epoch.
    static let outOfOrderSequence = KafkaError.Code(rawValue: 45)
    /// The broker has forgotten the producer; librdkafka takes a new epoch.
    static let unknownProducerID = KafkaError.Code(rawValue: 59)
    static let invalidProducerIDMapping = KafkaError.Code(rawValue: 49)
}

extension KafkaError.Code: CustomStringConvertible {
    private static let names: [KafkaError.Code: String] = [
        .cancelled: "cancelled",
        .clientClosed: "clientClosed",
        .invalidConfiguration: "invalidConfiguration",
        .unsent: "unsent",
        .uncommitted: "uncommitted",
        .staleMessage: "staleMessage",
        .alreadyIterating: "alreadyIterating",
        .invalidState: "invalidState",
        .transactionAborted: "transactionAborted",
        .transactionOutcomeUnknown: "transactionOutcomeUnknown",
        .rebalanceHookFailed: "rebalanceHookFailed",
        .timedOut: "timedOut",
        .deliveryTimedOut: "deliveryTimedOut",
        .transport: "transport",
        .resolve: "resolve",
        .allBrokersDown: "allBrokersDown",
        .queueFull: "queueFull",
        .authentication: "authentication",
        .ssl: "ssl",
        .unknownPartition: "unknownPartition",
        .unknownTopic: "unknownTopic",
        .purgedInQueue: "purgedInQueue",
        .purgedInFlight: "purgedInFlight",
        .invalidArgument: "invalidArgument",
        .waitingForCoordinator: "waitingForCoordinator",
        .assignmentLost: "assignmentLost",
        .noOffset: "noOffset",
        .wrongState: "wrongState",
        .fenced: "fenced",
        .fatal: "fatal",
        .autoOffsetReset: "autoOffsetReset",
        .unknown: "unknown",
        .offsetOutOfRange: "offsetOutOfRange",
        .corruptMessage: "corruptMessage",
        .unknownTopicOrPartition: "unknownTopicOrPartition",
        .leaderNotAvailable: "leaderNotAvailable",
        .notLeaderOrFollower: "notLeaderOrFollower",
        .requestTimedOut: "requestTimedOut",
        .messageTooLarge: "messageTooLarge",
        .offsetMetadataTooLarge: "offsetMetadataTooLarge",
        .coordinatorLoadInProgress: "coordinatorLoadInProgress",
        .coordinatorNotAvailable: "coordinatorNotAvailable",
        .notCoordinator: "notCoordinator",
        .invalidTopic: "invalidTopic",
        .notEnoughReplicas: "notEnoughReplicas",
        .notEnoughReplicasAfterAppend: "notEnoughReplicasAfterAppend",
        .illegalGeneration: "illegalGeneration",
        .unknownMember: "unknownMember",
        .rebalanceInProgress: "rebalanceInProgress",
        .topicAlreadyExists: "topicAlreadyExists",
        .topicAuthorizationFailed: "topicAuthorizationFailed",
        .groupAuthorizationFailed: "groupAuthorizationFailed",
        .clusterAuthorizationFailed: "clusterAuthorizationFailed",
        .invalidProducerEpoch: "invalidProducerEpoch",
        .concurrentTransactions: "concurrentTransactions",
        .transactionalIDAuthorizationFailed: "transactionalIDAuthorizationFailed",
        .producerFenced: "producerFenced",
        .fencedInstanceID: "fencedInstanceID",
        .staleMemberEpoch: "staleMemberEpoch",
    ]

    /// The name of the code as it stands above; for others the one that librdkafka has (`OUT_OF_ORDER_SEQUENCE_NUMBER`).
    public var description: String {
        Self.names[self] ?? Self.namesOfAdministration[self] ?? Self.namesOfConnection[self]
            ?? EngineError.name(of: rawValue)
    }
}
