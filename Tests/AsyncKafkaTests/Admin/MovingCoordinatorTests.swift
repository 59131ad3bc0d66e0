import RdKafka
import Testing

@testable import AsyncKafka

/// What an admin client makes of a broker that does not coordinate a group.
@Suite(.timeLimit(.minutes(1)))
struct MovingCoordinatorTests {
    private static let offsetCommit: Int16 = 8
    private static let offsetFetch: Int16 = 9
    private static let partition = KafkaTopicPartition(topic: "orders", partition: 0)

    private func withCluster(
        brokers: Int = 1,
        _ body: (MockCluster, KafkaAdmin) async throws -> Void
    ) async throws {
        try await withFaultyCluster(brokers: brokers) { cluster in
            var configuration = KafkaAdminConfiguration(bootstrapServers: cluster.servers)
            configuration.requestTimeout = .seconds(20)
            configuration.log = .none
            try await withKafkaAdmin(configuration) { admin in try await body(cluster, admin) }
        }
    }

    private func store(_ offset: Int64, by admin: KafkaAdmin) async throws {
        let stored = try await admin.alterGroupOffsets(
            of: "group",
            [Self.partition: KafkaOffsetAndMetadata(offset: offset)]
        )
        try stored[Self.partition]?.get()
    }

    private func stored(by admin: KafkaAdmin) async throws -> Int64? {
        let offsets = try await admin.groupOffsets(of: "group", partitions: [Self.partition])
        return try offsets[Self.partition]?.get().offset
    }

    /// In a producer librdkafka would look for its consumer's group, and crash.
    @Test(arguments: [KafkaError.Code.notCoordinator, .coordinatorNotAvailable, .coordinatorLoadInProgress])
    func offsetsAreAskedForUntilTheCoordinatorTellsThem(_ code: KafkaError.Code) async throws {
        try await withCluster { cluster, admin in
            try await store(4, by: admin)
            await cluster.refuse(kind: Self.offsetFetch, with: code, count: 2)
            #expect(try await stored(by: admin) == 4)
        }
    }

    @Test
    func aCoordinatorThatStaysAwayEndsTheCallByItsTimeLimit() async throws {
        try await withCluster { cluster, admin in
            await cluster.refuse(kind: Self.offsetFetch, with: .notCoordinator, count: 1000)
            await expectError(.notCoordinator) {
                try await admin.groupOffsets(of: "group", timeout: .seconds(10))
            }
        }
    }

    /// librdkafka remembers which broker coordinated a group, and asks it for as long as that is up.
    @Test
    func aCoordinatorThatHasMovedIsFound() async throws {
        try await withCluster(brokers: 2) { cluster, admin in
            await BlockingThreads.shared.run { cluster.setCoordinator(ofGroup: "group", to: 1) }
            try await store(4, by: admin)
            await BlockingThreads.shared.run {
                cluster.setCoordinator(ofGroup: "group", to: 2)
                let codes = Array(repeating: KafkaError.Code.notCoordinator.rawValue, count: 100)
                cluster.failRequests(ofKind: Self.offsetCommit, to: 1, with: codes)
            }
            try await store(5, by: admin)
            #expect(try await stored(by: admin) == 5)
        }
    }
}
