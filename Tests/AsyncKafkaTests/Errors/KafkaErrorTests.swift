import RdKafka
import Testing

@testable import AsyncKafka

struct KafkaErrorTests {
    @Test
    func aBrokersCodeHasItsNumberAndName() {
        let error = KafkaError(EngineError(code: 3))
        #expect(error.code == .unknownTopicOrPartition)
        #expect(error.brokerCode == 3)
        #expect("\(error.code)" == "UNKNOWN_TOPIC_OR_PART")
    }

    @Test
    func aLocalCodeHasNoBrokerCode() {
        let error = KafkaError(EngineError(code: -185))
        #expect(error.code == .timedOut)
        #expect(error.brokerCode == nil)
        #expect(error.isRetriable)
        #expect(KafkaError.clientClosed.brokerCode == nil)
        #expect("\(KafkaError.clientClosed.code)" == "clientClosed")
    }

    @Test
    func codesAreLibrdkafkasOwn() {
        let names: [KafkaError.Code: String] = [
            .timedOut: "_TIMED_OUT", .deliveryTimedOut: "_MSG_TIMED_OUT", .transport: "_TRANSPORT",
            .resolve: "_RESOLVE", .allBrokersDown: "_ALL_BROKERS_DOWN", .queueFull: "_QUEUE_FULL",
            .authentication: "_AUTHENTICATION", .ssl: "_SSL", .unknownPartition: "_UNKNOWN_PARTITION",
            .unknownTopic: "_UNKNOWN_TOPIC", .purgedInQueue: "_PURGE_QUEUE", .purgedInFlight: "_PURGE_INFLIGHT",
            .invalidArgument: "_INVALID_ARG", .waitingForCoordinator: "_WAIT_COORD",
            .assignmentLost: "_ASSIGNMENT_LOST", .noOffset: "_NO_OFFSET", .fatal: "_FATAL", .fenced: "_FENCED",
            .autoOffsetReset: "_AUTO_OFFSET_RESET", .unknown: "UNKNOWN", .offsetOutOfRange: "OFFSET_OUT_OF_RANGE",
            .corruptMessage: "INVALID_MSG", .leaderNotAvailable: "LEADER_NOT_AVAILABLE",
            .notLeaderOrFollower: "NOT_LEADER_FOR_PARTITION", .requestTimedOut: "REQUEST_TIMED_OUT",
            .messageTooLarge: "MSG_SIZE_TOO_LARGE", .offsetMetadataTooLarge: "OFFSET_METADATA_TOO_LARGE",
            .coordinatorLoadInProgress: "COORDINATOR_LOAD_IN_PROGRESS",
            .coordinatorNotAvailable: "COORDINATOR_NOT_AVAILABLE", .notCoordinator: "NOT_COORDINATOR",
            .invalidTopic: "TOPIC_EXCEPTION", .notEnoughReplicas: "NOT_ENOUGH_REPLICAS",
            .notEnoughReplicasAfterAppend: "NOT_ENOUGH_REPLICAS_AFTER_APPEND",
            .illegalGeneration: "ILLEGAL_GENERATION", .unknownMember: "UNKNOWN_MEMBER_ID",
            .rebalanceInProgress: "REBALANCE_IN_PROGRESS", .topicAlreadyExists: "TOPIC_ALREADY_EXISTS",
            .topicAuthorizationFailed: "TOPIC_AUTHORIZATION_FAILED",
            .groupAuthorizationFailed: "GROUP_AUTHORIZATION_FAILED",
            .clusterAuthorizationFailed: "CLUSTER_AUTHORIZATION_FAILED", .producerFenced: "PRODUCER_FENCED",
            .fencedInstanceID: "FENCED_INSTANCE_ID",
        ]
        for (code, name) in names { #expect(EngineError.name(of: code.rawValue) == name) }
    }

    @Test
    func whatIsAddedToAnErrorIsKept() {
        let partition = KafkaTopicPartition(topic: "orders", partition: 2)
        let error = KafkaError(.deliveryTimedOut, "late").at(partition).with(.possiblyPersisted)
            .causedBy(KafkaError(.transport, "down"))
        #expect(error.topicPartition == partition)
        #expect(error.persistence == .possiblyPersisted)
        #expect((error.underlyingError as? KafkaError)?.code == .transport)
        #expect("\(error)" == "_MSG_TIMED_OUT at orders[2]: late (caused by: _TRANSPORT: down)")
        #expect(KafkaError(.fatal, "x").at(partition).persistence == nil)
    }
}
