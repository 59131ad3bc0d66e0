import AsyncKafka
import RdKafka
import Testing

@Suite(.timeLimit(.minutes(1)))
struct StartPositionTests {
    private static let offsetFetch: Int16 = 9

    /// A cluster with records, and how to read them.
    private func withRecords(
        _ count: Int,
        _ body: (MockCluster, KafkaConsumerConfiguration) async throws -> Void
    ) async throws {
        try await withFaultyCluster { cluster in
            try await cluster.fill(count)
            var configuration = cluster.consumerConfiguration
            configuration.offsetPolicy = .manual
            try await body(cluster, configuration)
        }
    }

    /// While the coordinator moves, requests are refused; librdkafka asks once, and reads nothing then.
    @Test(arguments: [KafkaAssignmentStrategy.range, .cooperativeSticky])
    func theCoordinatorIsAskedUntilItSaysWhereToBegin(_ strategy: KafkaAssignmentStrategy) async throws {
        try await withRecords(10) { cluster, original in
            var configuration = original
            configuration.group.assignmentStrategies = [strategy]
            try await withKafkaConsumer(configuration, subscribingTo: ["orders"]) { consumer in
                let message = try await consumer.messages.first { $0.offset == 4 }
                try await consumer.commit(#require(message))
            }
            await cluster.refuse(kind: Self.offsetFetch, with: .notCoordinator, count: 4)
            try await withKafkaConsumer(configuration, subscribingTo: ["orders"]) { consumer in
                let message = try await consumer.messages.first { _ in true }
                #expect(message?.offset == 5)
            }
        }
    }

    /// What waiting does not mend is told, but the look-up goes on.
    @Test
    func aRefusedLookUpIsToldOnce() async throws {
        try await withRecords(1) { cluster, configuration in
            await cluster.refuse(kind: Self.offsetFetch, with: .topicAuthorizationFailed, count: 4)
            let consumer = try KafkaConsumer(configuration)
            try await consumer.subscribe(to: ["orders"])
            let message = try await consumer.messages.first { _ in true }
            #expect(message?.offset == 0)
            await consumer.close()
            var refusals = 0
            for try await event in consumer.events where event.error?.code == .topicAuthorizationFailed {
                refusals += 1
            }
            #expect(refusals == 1)
        }
    }
}
