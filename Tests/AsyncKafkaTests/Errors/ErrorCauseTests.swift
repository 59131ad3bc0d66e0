import RdKafka
import Testing

@testable import AsyncKafka

/// No error loses its cause or its topic-partition when another is made of it.
struct ErrorCauseTests {
    private let partition = KafkaTopicPartition(topic: "orders", partition: 2)

    private func cause(_ code: KafkaError.Code) -> KafkaError {
        KafkaError(code, "cause").at(partition).causedBy(KafkaError(.transport, "deeper"))
    }

    @Test
    func noCauseDoesNotEraseTheOneThatIsKnown() {
        #expect((cause(.timedOut).causedBy(nil).underlyingError as? KafkaError)?.code == .transport)
    }

    @Test
    func whatIsMadeOfAnErrorHasItAsItsCauseAndItsPlace() throws {
        let made: [(KafkaError.Code, KafkaError)] = [
            (.unstableOffsetCommit, .committedUnknown(cause(.unstableOffsetCommit))),
            (.topicAuthorizationFailed, .transactionAborted(causedBy: cause(.topicAuthorizationFailed))),
            (.unknownTopicOrPartition, cause(.unknownTopicOrPartition).explained(topic: "orders")),
            (.topicAuthorizationFailed, cause(.topicAuthorizationFailed).explained(topic: "orders")),
            (.invalidArgument, cause(.invalidArgument).asConfigurationError()),
        ]
        for (code, error) in made {
            let cause = try #require(error.underlyingError as? KafkaError)
            #expect(cause.code == code)
            #expect(cause.topicPartition == partition)
            #expect((cause.underlyingError as? KafkaError)?.code == .transport)
            if error.code != .invalidConfiguration { #expect(error.topicPartition == partition, "\(error)") }
        }
    }

    @Test(arguments: [
        KafkaError.Code.groupAuthorizationFailed, .authentication, .resolve, .ssl, .transport, .allBrokersDown,
        .leaderNotAvailable,
    ])
    func anotherSentenceKeepsTheRest(_ code: KafkaError.Code) {
        let error = cause(code).explained(topic: nil)
        #expect(error.code == code && error.topicPartition == partition)
        #expect((error.underlyingError as? KafkaError)?.code == .transport)
        #expect(error.message.contains("cause"))
        #expect(cause(code).saying("other").underlyingError != nil)
    }

    @Test
    func anErrorOfSeveralPartitionsHasEachOnesOwn() {
        let other = KafkaTopicPartition(topic: "orders", partition: 1)
        let error = KafkaError(.uncommitted, "x").at([partition, other])
        #expect(error.topicPartition == other)
        #expect(error.partitionErrors.mapValues(\.topicPartition) == [partition: partition, other: other])
        let copy = KafkaError(.transactionAborted, "y").atPlace(of: error)
        #expect(copy.topicPartition == other && copy.partitionErrors.count == 2)
        #expect(KafkaError(.uncommitted, "x").at([KafkaTopicPartition]()).topicPartition == nil)
    }

    @Test
    func eachPartitionHasItsOwnCauseAndTheWholeTheFirstThatIsKnown() {
        let partitions = (0..<3).map { KafkaTopicPartition(topic: "orders", partition: $0) }
        let causes = [partitions[1]: cause(.notCoordinator), partitions[2]: cause(.timedOut)]
        let error = KafkaError(.uncommitted, "x").at(partitions.reversed()) { causes[$0] }
        func code(_ error: KafkaError?) -> KafkaError.Code? { (error?.underlyingError as? KafkaError)?.code }
        #expect(error.topicPartition == partitions[0])
        #expect(code(error) == .notCoordinator)
        #expect(partitions.map { code(error.partitionErrors[$0]) } == [nil, .notCoordinator, .timedOut])
    }

    /// Whatever librdkafka says of a record, its sender learns where it was to go.
    @Test
    func aRecordsFailureNamesItsPartition() async throws {
        let core = try ProducerCore(unreachableProducerConfiguration())
        for code in ErrorCodeTable.all.map(\.code) {
            let outcome = DeliveryOutcome(error: code.rawValue, partition: 3, persistence: .possiblyPersisted)
            let error = core.failure(outcome, topic: "orders")
            #expect(error.topicPartition == KafkaTopicPartition(topic: "orders", partition: 3), "\(code)")
            #expect(error.persistence == .possiblyPersisted, "\(code)")
            if error.code != code || code == .fatal {
                #expect((error.underlyingError as? KafkaError)?.code == code, "\(code)")
            }
        }
        _ = await core.close(deadline: .now)
    }
}
