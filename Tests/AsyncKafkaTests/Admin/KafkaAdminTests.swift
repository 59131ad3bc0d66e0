import AsyncKafkaTesting
import Testing

@testable import AsyncKafka
@testable import RdKafka

/// What needs no real cluster: the mock has no controller, so what asks for one waits until its time is over.
@Suite(.timeLimit(.minutes(1)))
struct KafkaAdminTests {
    private func configuration(_ servers: [String], timeout: Duration = .seconds(60)) -> KafkaAdminConfiguration {
        var configuration = KafkaAdminConfiguration(bootstrapServers: servers)
        configuration.requestTimeout = timeout
        configuration.log = .none
        return configuration
    }

    private func withMockAdmin(_ body: (KafkaAdmin) async throws -> Void) async throws {
        try await withTopic(partitions: 3) { cluster, _ in
            try await withKafkaAdmin(configuration(cluster.bootstrapServers), body)
        }
    }

    /// The coordinator of the mock serves offsets, but cannot describe a group.
    @Test
    func aGroupsOffsetsAreAlteredAndListed() async throws {
        try await withMockAdmin { admin in
            let partitions = (0..<2).map { KafkaTopicPartition(topic: "orders", partition: $0) }
            let places = [
                partitions[0]: KafkaOffsetAndMetadata(offset: 4, metadata: "note"),
                partitions[1]: KafkaOffsetAndMetadata(offset: 0),
            ]
            let altered = try await admin.alterGroupOffsets(of: "group", places)
            for partition in partitions { try altered[partition]?.get() }
            let listed = try await admin.groupOffsets(of: "group", partitions: partitions)
            #expect(try listed.mapValues { try $0.get() } == places)
            await expectError(.invalidArgument) {
                try await admin.alterGroupOffsets(of: "group", [partitions[0]: KafkaOffsetAndMetadata(offset: -1)])
            }
            await expectError(.invalidArgument) { try await admin.groupOffsets(of: "") }
        }
    }

    @Test
    func topicsAndClusterAreDescribed() async throws {
        try await withMockAdmin { admin in
            let topic = try await admin.describeTopic("orders")
            #expect(topic.partitions.map(\.number) == [0, 1, 2])
            #expect(topic.partitions.allSatisfy { $0.leader != nil })
            let cluster = try await admin.describeCluster()
            #expect(cluster.brokers.count == 1)
            #expect(try await admin.listTopics() == ["orders"])
        }
    }

    @Test
    func whatCannotBeATopicFailsAloneAndNothingIsMade() async throws {
        try await withMockAdmin { admin in
            let results = try await admin.describeTopics(["orders", "", "a\0b"])
            #expect(results.count == 3)
            #expect(try results["orders"]?.get().partitions.count == 3)
            #expect(results[""]?.error?.code == .invalidArgument)
            #expect(results["a\0b"]?.error?.code == .invalidArgument)
            #expect(try await admin.listTopics() == ["orders"])
        }
    }

    @Test
    func anEmptyListAsksNobody() async throws {
        try await withKafkaAdmin(configuration(["127.0.0.1:1"])) { admin in
            let created = try await admin.createTopics([])
            let deleted = try await admin.deleteTopics([])
            let extended = try await admin.addPartitions([])
            let settings = try await admin.describeConfigs([])
            let records = try await admin.deleteRecords(before: [:])
            let groups = try await admin.describeGroups([])
            #expect(created.isEmpty && deleted.isEmpty && extended.isEmpty)
            #expect(settings.isEmpty && records.isEmpty && groups.isEmpty)
        }
    }

    @Test(arguments: [
        KafkaNewTopic(name: ""), KafkaNewTopic(name: "a\0b"), KafkaNewTopic(name: "a", partitions: 0),
        KafkaNewTopic(name: "a", partitions: .max), KafkaNewTopic(name: "a", replicationFactor: -1),
        KafkaNewTopic(name: "a", replicas: [[]]), KafkaNewTopic(name: "a", replicas: [[.max]]),
        KafkaNewTopic(name: "a", configuration: ["": "1"]), KafkaNewTopic(name: "a", configuration: ["b": "1\0"]),
    ])
    func whatCannotBeATopicIsRefusedHere(topic: KafkaNewTopic) async throws {
        try await withKafkaAdmin(configuration(["127.0.0.1:1"])) { admin in
            let results = try await admin.createTopics([topic])
            #expect(results[topic.name]?.error?.code == .invalidArgument)
        }
    }

    @Test
    func contradictoryPlacementsAreRefusedWithBothInTheSentence() {
        var topic = KafkaNewTopic(name: "a", replicas: [[1], [1]])
        topic.partitions = 3
        let count = Result { [topic] () throws(KafkaError) in try topic.engineTopic() }.error
        #expect(count?.message.contains("3 partitions and `replicas` for 2") == true)
        topic.partitions = 2
        topic.replicationFactor = 1
        let factor = Result { [topic] () throws(KafkaError) in try topic.engineTopic() }.error
        #expect(factor?.message.contains("replicationFactor") == true)
    }

    @Test
    func aNameThatStandsThereTwiceIsRefused() async throws {
        try await withKafkaAdmin(configuration(["127.0.0.1:1"])) { admin in
            await expectError(.invalidArgument) {
                try await admin.createTopics([KafkaNewTopic(name: "a"), KafkaNewTopic(name: "a", partitions: 2)])
            }
        }
    }

    /// What a broker answers ends the state in which calls fail as all brokers refuse the client.
    @Test
    func anyAnswerProvesThatBrokersAcceptTheClient() async throws {
        try await withMockAdmin { admin in
            let partition = KafkaTopicPartition(topic: "orders", partition: 0)
            let calls: [() async throws -> Void] = [
                { _ = try await admin.describeCluster() },
                { _ = try await admin.find([partition: .end], until: .now + .seconds(20)) },
                { _ = try await admin.groupOffsets(of: "group") },
            ]
            // From here on nothing watches for what brokers answer to librdkafka itself.
            try await admin.connect(timeout: .seconds(60))
            for call in calls {
                await admin.core.refuse()
                #expect(await !admin.core.isServed)
                try await call()
                #expect(await admin.core.isServed)
            }
        }
    }

    @Test
    func whatNoBrokerIsAskedForProvesNothing() async throws {
        try await withKafkaAdmin(configuration(["127.0.0.1:1"])) { admin in
            let places = [KafkaTopicPartition(topic: "orders", partition: 0): KafkaOffsetSpecification.offset(3)]
            let found = try await admin.find(places, until: .now + .seconds(20))
            #expect(found.values.allSatisfy { $0.error == nil })
            #expect(await !admin.core.isServed)
        }
    }

    /// The mock knows no settings, and says so at once; the others are not there.
    @Test
    func aBrokerThatDoesNotAnswerTakesNoTimeOfTheOthers() async throws {
        try await withMockAdmin { admin in
            let missing = (11...18).map { KafkaConfigResource.broker($0) }
            let settings = try await admin.describeConfigs(missing + [.broker(1)], timeout: .seconds(10))
            #expect(settings[.broker(1)]?.error?.code == .unsupportedFeature)
            for broker in missing { #expect(settings[broker]?.error?.code == .timedOut) }
        }
    }

    @Test
    func eachPartitionHasItsOwnError() async throws {
        try await withFaultyCluster(partitions: 2) { cluster in
            cluster.setLeader(of: "orders", partition: 0, to: nil)
            let partitions = [0, 1, 7].map { KafkaTopicPartition(topic: "orders", partition: $0) }
            try await withKafkaAdmin(configuration(cluster.servers)) { admin in
                let places = Dictionary(uniqueKeysWithValues: partitions.map { ($0, KafkaOffsetSpecification.end) })
                let found = try await admin.find(places, until: .now + .seconds(50))
                let codes = partitions.map { found[$0]?.error?.code }
                #expect(codes == [.leaderNotAvailable, nil, .unknownPartition])
            }
        }
    }

    // MARK: Time limits, cancellation, close

    /// Requests whose answer is an event, and calls that block.
    enum Kind: CaseIterable {
        case event, blocking, fannedOut

        func call(_ admin: KafkaAdmin, timeout: Duration?) async throws {
            switch self {
            case .event: try await admin.createTopic(KafkaNewTopic(name: "a"), timeout: timeout)
            case .blocking: _ = try await admin.describeCluster(timeout: timeout)
            case .fannedOut:
                let partition = KafkaTopicPartition(topic: "a", partition: 0)
                let results = try await admin.deleteRecords(before: [partition: .offset(1)], timeout: timeout)
                _ = try results[partition]?.get()
            }
        }
    }

    @Test(arguments: Kind.allCases)
    func noBrokerMeansTimedOutWithTheCause(kind: Kind) async throws {
        try await withKafkaAdmin(configuration(["127.0.0.1:1"])) { admin in
            // Until the client has heard of the cause.
            while await errorCode(of: { try await admin.connect(timeout: .seconds(1)) }) == .timedOut {}
            do {
                try await kind.call(admin, timeout: .milliseconds(300))
                Issue.record("nothing is thrown")
            } catch let error as KafkaError {
                #expect([.timedOut, .transport].contains(error.code), "\(error)")
                #expect(error.isRetriable)
                #expect(error.underlyingError is KafkaError, "\(error)")
            }
        }
    }

    /// Begins a call, and returns once it is on its way, or over: whoever looks may be late.
    private func begin(
        on admin: KafkaAdmin,
        _ call: @escaping @Sendable () async throws -> Void
    ) async -> Task<Void, any Error> {
        let isOver = Flag()
        let task = Task {
            defer { isOver.raise() }
            try await call()
        }
        while await admin.core.callCount == 0, !isOver.isRaised { await Task.yield() }
        return task
    }

    @Test(arguments: Kind.allCases)
    func aCancelledCallReturnsAtOnceAndItsLateAnswerIsDropped(kind: Kind) async throws {
        let admin = try KafkaAdmin(configuration(["127.0.0.1:1"]))
        let task = await begin(on: admin) { try await kind.call(admin, timeout: .seconds(300)) }
        task.cancel()
        #expect(await failure(of: task)?.code == .cancelled)
        #expect(await admin.core.callCount == 0)
        // What blocks goes on, and the client waits for it behind the report.
        #expect(await admin.close() == 0)
        await expectError(.clientClosed) { try await kind.call(admin, timeout: nil) }
    }

    @Test
    func aTaskThatWasCancelledBeforeAsksNobody() async throws {
        try await withMockAdmin { admin in
            let task = Task {
                unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
                _ = try await admin.describeCluster()
            }
            let error = await failure(of: task)
            #expect(error?.code == .cancelled)
            #expect(error?.message.contains("before") == true)
        }
    }

    @Test(arguments: Kind.allCases)
    func closeTellsWhatItLeavesWithoutAnAnswer(kind: Kind) async throws {
        let admin = try KafkaAdmin(configuration(["127.0.0.1:1"]))
        let task = await begin(on: admin) { try await kind.call(admin, timeout: .seconds(300)) }
        #expect(await admin.close(timeout: .zero) == 1)
        #expect(await failure(of: task)?.code == .clientClosed)
        #expect(await admin.close() == 1)
    }

    @Test
    func closeWaitsForAnswers() async throws {
        let admin = try KafkaAdmin(configuration(["127.0.0.1:1"]))
        let task = await begin(on: admin) {
            try await admin.createTopic(KafkaNewTopic(name: "a"), timeout: .milliseconds(200))
        }
        #expect(await admin.close() == 0)
        #expect(await failure(of: task)?.code == .timedOut)
    }

    @Test
    func anAbandonedClientEnds() async throws {
        try await withTopic { cluster, _ in
            let ended = Flag()
            do {
                var configuration = configuration(cluster.bootstrapServers)
                let canary = Canary { ended.raise() }
                configuration.log = .handler { _ in canary.sing() }
                let admin = try KafkaAdmin(configuration)
                _ = try await admin.describeCluster()
            }
            while !ended.isRaised { await Task.yield() }
        }
    }

    @Test(arguments: [Duration.zero, .seconds(-1), .seconds(3601)])
    func anImpossibleTimeLimitIsRefused(timeout: Duration) async throws {
        try await withMockAdmin { admin in
            await expectError(.invalidArgument) { try await admin.describeCluster(timeout: timeout) }
        }
    }
}

extension AdminCore {
    fileprivate var isServed: Bool { connection.isServed }

    /// As if all brokers refused the client.
    fileprivate func refuse() {
        let error = KafkaError(.authentication, "refused")
        connection.tokenFailed(TokenRefresh.Failure(error: error, isRepeated: false, isWithoutToken: true), now: .now)
    }
}
