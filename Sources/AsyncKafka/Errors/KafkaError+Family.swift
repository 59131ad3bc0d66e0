extension KafkaError.Code {
    /// What codes have in common that are met in the same way. A code may belong to several, or to none.
    ///
    /// ```swift
    /// } catch {
    ///     if error.code.families.contains(.authorization) {
    ///         // Ask for the permission that `error.message` names.
    ///     }
    /// }
    /// ```
    ///
    /// Where Kafka's own table has the same notion, it decides (https://kafka.apache.org/protocol#protocol_error_codes, and the
    /// exceptions of the Java client).
    public struct Family: OptionSet, Sendable, Hashable {
        /// One bit for each family.
        public let rawValue: UInt32

        /// Families by their bits.
        public init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        /// It may pass by itself: Kafka calls it retriable, or it is librdkafka's counterpart of that. Whether to repeat a call is
        /// for `isRetriable` of the error to say.
        public static let retriable = Family(rawValue: 1 << 0)
        /// A permission is missing: an access rule has to be added for this client.
        public static let authorization = Family(rawValue: 1 << 1)
        /// Who the client is was not accepted, or could not be told: credentials, mechanism or certificates have to be put right.
        public static let authentication = Family(rawValue: 1 << 2)
        /// The way to a broker: address, network, TLS.
        public static let transport = Family(rawValue: 1 << 3)
        /// Somebody newer has taken this one's place: it has to stop, and others must not be made unless no other is meant to run.
        public static let fenced = Family(rawValue: 1 << 4)
        /// The client is of no more use wherever it happens. Others are so at times: `isFatal` of the error says it.
        public static let fatal = Family(rawValue: 1 << 5)
        /// A time limit has passed; what was asked for may have happened all the same.
        public static let timeout = Family(rawValue: 1 << 6)
        /// A setting of this client, or of what it asked to be made, has to change.
        public static let configuration = Family(rawValue: 1 << 7)
        /// What the client knows of topics and leaders is out of date, or the topic is not there: Kafka's invalid metadata.
        public static let metadata = Family(rawValue: 1 << 8)
        /// The coordinator of a group or transaction moves.
        public static let coordinator = Family(rawValue: 1 << 9)
        /// A consumer's membership of its group: the partitions may belong to others by now.
        public static let membership = Family(rawValue: 1 << 10)
        /// An idempotent or transactional producer and its coordinator.
        public static let transaction = Family(rawValue: 1 << 11)
        /// The record itself, or its batch: it fails wherever it is sent, and its neighbours do not.
        public static let record = Family(rawValue: 1 << 12)
        /// The broker, or the linked librdkafka, is too old for it, or built without it.
        public static let unsupported = Family(rawValue: 1 << 13)
    }

    /// What this code has in common with others.
    public var families: Family {
        Self.familiesByCode[self] ?? []
    }

    private static let familiesByCode: [KafkaError.Code: Family] = {
        var families: [KafkaError.Code: Family] = [:]
        for (family, codes) in members {
            for code in codes { families[code, default: []].insert(family) }
        }
        return families
    }()

    /// Whether the same call may well not meet it again: not what stays, as a rule, though Kafka counts it as passing.
    var isWorthRepeating: Bool {
        families.contains(.retriable)
            && ![
                .corruptMessage, .unknownTopicOrPartition, .unknownTopicID, .inconsistentTopicID, .electionNotNeeded,
                .listenerNotFound,
            ].contains(self)
    }

    private static let members: [(Family, Set<KafkaError.Code>)] = [
        (
            .retriable,
            [
                // Of librdkafka, and of this library's state.
                .failed, .transport, .resolve, .deliveryTimedOut, .allBrokersDown, .timedOut, .queueFull,
                .inSyncReplicasInsufficient, .waitingForCoordinator, .previousInProgress, .timedOutInQueue,
                .waitingForCache, .interrupted, .retry, .invalidDifferentRecord, .brokerDestroyed,
                .tokenProviderFailed,
                // A member repeats what a rebalance has come between; Kafka has it apart.
                .rebalanceInProgress,
                // Kafka's RetriableException.
                .corruptMessage, .unknownTopicOrPartition, .leaderNotAvailable, .notLeaderOrFollower,
                .requestTimedOut, .replicaNotAvailable, .networkException, .coordinatorLoadInProgress,
                .coordinatorNotAvailable, .notCoordinator, .notEnoughReplicas, .notEnoughReplicasAfterAppend,
                .notController, .concurrentTransactions, .kafkaStorageError, .fetchSessionIDNotFound,
                .invalidFetchSessionEpoch, .listenerNotFound, .fencedLeaderEpoch, .unknownLeaderEpoch,
                .offsetNotAvailable, .preferredLeaderNotAvailable, .eligibleLeadersNotAvailable, .electionNotNeeded,
                .unstableOffsetCommit, .throttlingQuotaExceeded, .unknownTopicID, .inconsistentTopicID,
                .fetchSessionTopicIDError, .shareSessionNotFound, .invalidShareSessionEpoch, .shareSessionLimitReached,
            ]
        ),
        (
            .authorization,
            [
                .topicAuthorizationFailed, .groupAuthorizationFailed, .clusterAuthorizationFailed,
                .transactionalIDAuthorizationFailed, .delegationTokenAuthorizationFailed,
            ]
        ),
        (
            .authentication,
            [
                .authentication, .ssl, .unsupportedSASLMechanism, .illegalSASLState, .saslAuthenticationFailed,
                .delegationTokenExpired,
                // Of connections.
                .unsupportedMechanism, .saslExpected, .saslUnexpected, .certificateUntrusted, .certificateExpired,
                .certificateHostMismatch, .certificateRefused, .clientCertificateMissing, .clientCertificateRefused,
                .tokenProviderFailed,
            ]
        ),
        (
            .transport,
            [
                .failed, .transport, .resolve, .allBrokersDown, .ssl, .networkException, .brokerDestroyed, .tlsExpected,
                .tlsUnexpected,
            ]
        ),
        (
            .fenced,
            [
                .fenced, .invalidProducerEpoch, .fencedInstanceID, .producerFenced, .fencedMemberEpoch,
            ]
        ),
        (.fatal, [.fatal, .inconsistent, .gaplessGuarantee, .fenced, .fencedInstanceID, .producerFenced]),
        (.timeout, [.deliveryTimedOut, .timedOut, .timedOutInQueue, .requestTimedOut]),
        (
            .configuration,
            [
                .invalidConfiguration, .invalidArgument, .notConfigured, .unknownProtocol, .invalidFetchSize,
                .invalidRequiredAcks, .inconsistentGroupProtocol, .invalidGroupID, .invalidSessionTimeout,
                .unsupportedSASLMechanism, .invalidReplicationFactor, .invalidReplicaAssignment, .invalidPartitions,
                .invalidConfig, .invalidTransactionTimeout, .unsupportedAssignor, .invalidRegularExpression,
                .invalidTopic,
            ]
        ),
        (
            .metadata,
            [
                .unknownPartition, .unknownTopic, .unknownTopicOrPartition, .leaderNotAvailable, .notLeaderOrFollower,
                .replicaNotAvailable, .networkException, .kafkaStorageError, .listenerNotFound, .fencedLeaderEpoch,
                .preferredLeaderNotAvailable, .eligibleLeadersNotAvailable, .electionNotNeeded, .unknownTopicID,
                .inconsistentTopicID,
            ]
        ),
        (
            .coordinator,
            [.waitingForCoordinator, .coordinatorLoadInProgress, .coordinatorNotAvailable, .notCoordinator]
        ),
        (
            .membership,
            [
                .staleMessage, .assignmentLost, .maxPollExceeded, .illegalGeneration, .unknownMember,
                .rebalanceInProgress,
                .memberIDRequired, .fencedInstanceID, .fencedMemberEpoch, .staleMemberEpoch, .unreleasedInstanceID,
            ]
        ),
        (
            .transaction,
            [
                .transactionAborted, .transactionOutcomeUnknown, .fenced, .inconsistent, .gaplessGuarantee,
                .outOfOrderSequence, .duplicateSequence, .invalidProducerEpoch, .invalidTransactionState,
                .invalidProducerIDMapping, .invalidTransactionTimeout, .concurrentTransactions,
                .transactionCoordinatorFenced, .transactionalIDAuthorizationFailed, .unknownProducerID, .producerFenced,
                .transactionalIDNotFound, .transactionAbortable,
            ]
        ),
        (
            .record,
            [
                .badMessage, .badCompression, .keySerialization, .valueSerialization, .keyDeserialization,
                .valueDeserialization, .corruptMessage, .messageTooLarge, .recordListTooLarge, .invalidTimestamp,
                .invalidRecord,
            ]
        ),
        (
            .unsupported,
            [
                .notImplemented, .unsupportedFeature, .unsupportedSASLMechanism, .unsupportedVersion,
                .unsupportedForMessageFormat, .unsupportedCompressionType, .unsupportedAssignor,
                .unsupportedEndpointType,
            ]
        ),
    ]
}

extension KafkaError.Code.Family: CustomStringConvertible {
    private static let names = [
        "retriable", "authorization", "authentication", "transport", "fenced", "fatal", "timeout", "configuration",
        "metadata", "coordinator", "membership", "transaction", "record", "unsupported",
    ]

    /// The names: `[retriable, transport]`.
    public var description: String {
        let held = Self.names.enumerated().filter { contains(Self(rawValue: 1 << $0.offset)) }.map(\.element)
        return "[" + held.joined(separator: ", ") + "]"
    }
}
