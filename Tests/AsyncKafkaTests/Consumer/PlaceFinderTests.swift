import RdKafka
import Testing

@testable import AsyncKafka

/// Places of which some cannot be looked up.
@Suite(.timeLimit(.minutes(2)))
struct PlaceFinderTests {
    private static let findCoordinator: Int16 = 10
    private static let coordinatorNotAvailable: Int32 = 15

    private let first = KafkaTopicPartition(topic: "orders", partition: 0)
    private let second = KafkaTopicPartition(topic: "orders", partition: 1)

    @Test
    func leadersAreAskedThoughTheCoordinatorDoesNotAnswer() async throws {
        // It is asked again without a pause: more often than the time suffices for.
        let codes = Array(repeating: Self.coordinatorNotAvailable, count: 1_000_000)
        try await withFinder(failing: (Self.findCoordinator, codes)) { _, finder in
            let found = finder.find([first: .committed, second: .beginning], deadline: .now + .seconds(6))
            #expect(found.offsets == [second: 0])
            #expect(found.error != nil)
        }
    }

    @Test
    func theCoordinatorIsAskedThoughAPartitionHasNoLeader() async throws {
        try await withFinder { cluster, finder in
            cluster.setLeader(of: "orders", partition: 1, to: nil)
            let found = finder.find([first: .committed, second: .beginning], deadline: .now + .seconds(6))
            #expect(found.offsets == [first: 0], "nothing is committed, so it is the beginning")
            #expect(found.error != nil)
        }
    }

    /// - Parameter failures: in force before there is a client, which looks for its coordinator at once.
    private func withFinder(
        failing failures: (kind: Int16, codes: [Int32])? = nil,
        _ body: @escaping @Sendable (MockCluster, PlaceFinder) -> Void
    ) async throws {
        let result = await BlockingThreads(limit: 1).run {
            Result {
                let cluster = try MockCluster(brokerCount: 1)
                defer { cluster.destroy() }
                _ = cluster.createTopic("orders", partitions: 2, replicationFactor: 1)
                if let failures { cluster.failRequests(ofKind: failures.kind, with: failures.codes) }
                var configuration = KafkaConsumerConfiguration(
                    bootstrapServers: [cluster.bootstrapServers],
                    groupID: "group"
                )
                configuration.log = .none
                let engine = try configuration.engineConfiguration()
                let handle = try Handle.make(.consumer, engine, security: .plaintext)
                defer { handle.destroy() }
                body(cluster, PlaceFinder(handle: handle, fallback: .beginning))
            }
        }
        try result.get()
    }
}
