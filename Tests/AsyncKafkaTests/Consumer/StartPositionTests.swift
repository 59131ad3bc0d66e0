import AsyncKafka
import RdKafka
import Testing

@Suite(.timeLimit(.minutes(1)))
struct StartPositionTests {
    private static let offsetFetch: Int16 = 9

    /// A cluster with a topic of one partition, and how to read it.
    private func makeCluster(records: Int) async throws -> (MockCluster, KafkaConsumerConfiguration) {
        let cluster = try await BlockingThreads.shared.run { Result { try MockCluster(brokerCount: 1) } }.get()
        await BlockingThreads.shared.run {
            _ = cluster.createTopic("orders", partitions: 1, replicationFactor: 1)
        }
        var producing = KafkaProducerConfiguration(bootstrapServers: [cluster.bootstrapServers])
        producing.log = .none
        try await withKafkaProducer(producing) { producer in
            for number in 0..<records { try await producer.send(KafkaRecord(topic: "orders", value: "\(number)")) }
        }
        var configuration = KafkaConsumerConfiguration(bootstrapServers: [cluster.bootstrapServers], groupID: "group")
        configuration.group.sessionTimeout = .seconds(6)
        configuration.group.heartbeatInterval = .seconds(1)
        configuration.offsetPolicy = .manual
        configuration.log = .none
        return (cluster, configuration)
    }

    /// While the coordinator moves, requests are refused; librdkafka asks once, and reads nothing then.
    @Test(arguments: [KafkaAssignmentStrategy.range, .cooperativeSticky])
    func theCoordinatorIsAskedUntilItSaysWhereToBegin(_ strategy: KafkaAssignmentStrategy) async throws {
        let (cluster, original) = try await makeCluster(records: 10)
        var configuration = original
        configuration.group.assignmentStrategies = [strategy]
        try await withKafkaConsumer(configuration, subscribingTo: ["orders"]) { consumer in
            let message = try await consumer.messages.first { $0.offset == 4 }
            try await consumer.commit(#require(message))
        }
        await BlockingThreads.shared.run {
            let codes = Array(repeating: KafkaError.Code.notCoordinator.rawValue, count: 4)
            cluster.failRequests(ofKind: Self.offsetFetch, with: codes)
        }
        try await withKafkaConsumer(configuration, subscribingTo: ["orders"]) { consumer in
            let message = try await consumer.messages.first { _ in true }
            #expect(message?.offset == 5)
        }
        await BlockingThreads.shared.run { cluster.destroy() }
    }

    /// What waiting does not mend is told, but the look-up goes on.
    @Test
    func aRefusedLookUpIsToldOnce() async throws {
        let (cluster, configuration) = try await makeCluster(records: 1)
        await BlockingThreads.shared.run {
            let codes = Array(repeating: KafkaError.Code.topicAuthorizationFailed.rawValue, count: 4)
            cluster.failRequests(ofKind: Self.offsetFetch, with: codes)
        }
        let consumer = try KafkaConsumer(configuration)
        try await consumer.subscribe(to: ["orders"])
        let message = try await consumer.messages.first { _ in true }
        #expect(message?.offset == 0)
        await consumer.close()
        var refusals = 0
        for try await event in consumer.events where event.error?.code == .topicAuthorizationFailed { refusals += 1 }
        #expect(refusals == 1)
        await BlockingThreads.shared.run { cluster.destroy() }
    }
}
