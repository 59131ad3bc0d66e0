import AsyncKafka
import TestSupport
import Testing

extension RealKafkaTests {
    /// Topics, their settings and records.
    @Suite(.timeLimit(.minutes(1)))
    struct TopicAdminTests {
        @Test
        func aTopicIsMadeAsAskedForDescribedExtendedAndDeleted() async throws {
            let name = RealKafka.uniqueName("admin")
            try await withKafkaAdmin(RealKafka.admin) { admin in
                try await admin.createTopic(
                    KafkaNewTopic(name: name, partitions: 3, configuration: ["retention.ms": "3600000"])
                )
                let topic = try await admin.description(of: name)
                #expect(topic.name == name)
                #expect(topic.partitions.map(\.number) == [0, 1, 2])
                #expect(!topic.isInternal)
                let brokers = try await admin.describeCluster().brokers.map(\.id)
                for partition in topic.partitions {
                    #expect(brokers.contains(partition.leader ?? -1))
                    #expect(partition.replicas.contains(partition.leader ?? -1))
                    #expect(Set(partition.inSyncReplicas).isSubset(of: partition.replicas))
                }
                #expect(try await admin.listTopics().contains(name))

                try await admin.addPartitions(to: name, total: 5)
                while try await admin.description(of: name).partitions.count != 5 { try Task.checkCancellation() }
                let fewer = await kafkaError { try await admin.addPartitions(to: name, total: 2) }
                #expect(fewer?.code == .invalidPartitions)
                #expect(fewer?.message.contains(name) == true)

                try await admin.deleteTopic(name)
                while true {
                    try Task.checkCancellation()
                    let error = await kafkaErrorIfAny { try await admin.describeTopic(name) }
                    if error?.code == .unknownTopicOrPartition { break }
                }
            }
        }

        @Test
        func eachTopicHasAResultOfItsOwn() async throws {
            let (new, old) = (RealKafka.uniqueName("new"), RealKafka.uniqueName("old"))
            let (wide, odd) = (RealKafka.uniqueName("wide"), RealKafka.uniqueName("odd"))
            try await withKafkaAdmin(RealKafka.admin) { admin in
                try await admin.createTopic(KafkaNewTopic(name: old))
                let results = try await admin.createTopics([
                    KafkaNewTopic(name: new, replicas: [[RealKafka.someBroker], [RealKafka.someBroker]]),
                    KafkaNewTopic(name: old),
                    KafkaNewTopic(name: wide, replicationFactor: 99),
                    KafkaNewTopic(name: odd, configuration: ["no.such.setting": "1"]),
                    KafkaNewTopic(name: "no/topic"),
                    KafkaNewTopic(name: "none", partitions: 0),
                ])
                #expect(results.count == 6)
                #expect(results[new].map { (try? $0.get()) != nil } == true)
                let codes = results.compactMapValues { result -> KafkaError.Code? in
                    guard case .failure(let error) = result else { return nil }
                    return error.code
                }
                #expect(
                    codes == [
                        old: .topicAlreadyExists, wide: .invalidReplicationFactor, odd: .invalidConfig,
                        "no/topic": .invalidTopic, "none": .invalidArgument,
                    ]
                )
                #expect(try await admin.description(of: new).partitions.map(\.replicas) == [[1], [1]])
                let deleted = try await admin.deleteTopics([new, old, odd])
                #expect(deleted[new].map { (try? $0.get()) != nil } == true)
                let missing = await kafkaError { try deleted[odd]?.get() }
                #expect(missing?.code == .unknownTopicOrPartition)
                #expect(missing?.message.contains(odd) == true)
            }
        }

        @Test
        func whatIsOnlyValidatedIsNotMade() async throws {
            let name = RealKafka.uniqueName("admin")
            try await withKafkaAdmin(RealKafka.admin) { admin in
                try await admin.createTopic(KafkaNewTopic(name: name, partitions: 2), validateOnly: true)
                let error = await kafkaError {
                    let topic = KafkaNewTopic(name: name, configuration: ["cleanup.policy": "nonsense"])
                    return try await admin.createTopic(topic, validateOnly: true)
                }
                #expect(error?.code == .invalidConfig)
                // Made now, it would exist already had it been made then.
                try await admin.createTopic(KafkaNewTopic(name: name, partitions: 1))
                try await admin.addPartitions(to: name, total: 4, validateOnly: true)
                #expect(try await admin.description(of: name).partitions.count == 1)
                try await admin.deleteTopic(name)
            }
        }

        /// Asking does not make topics, though brokers are configured to.
        @Test
        func describingMakesNoTopic() async throws {
            let name = RealKafka.uniqueName("admin")
            try await withKafkaAdmin(RealKafka.admin) { admin in
                for _ in 0..<3 {
                    let results = try await admin.describeTopics([name, "no/topic"])
                    let error = await kafkaError { try results[name]?.get() }
                    #expect(error?.code == .unknownTopicOrPartition)
                    let invalid = await kafkaError { try results["no/topic"]?.get() }
                    #expect(invalid?.code == .invalidTopic)
                    _ = try await admin.describeCluster()
                }
                #expect(try await !admin.listTopics(includingInternal: true).contains(name))
            }
        }

        @Test
        func theClusterIsDescribed() async throws {
            try await withKafkaAdmin(RealKafka.admin) { admin in
                let cluster = try await admin.describeCluster()
                #expect(cluster.id?.isEmpty == false)
                #expect(cluster.brokers.count >= 1)
                #expect(cluster.brokers.map(\.id).contains(cluster.controller ?? -1))
                #expect(cluster.brokers.allSatisfy { !$0.host.isEmpty && $0.port > 0 })
            }
        }

        // MARK: Settings

        @Test
        func singleSettingsAreChangedAndTheOthersStay() async throws {
            try await withTopic(partitions: 1, configuration: ["retention.ms": "3600000"]) { topic in
                try await withKafkaAdmin(RealKafka.admin) { admin in
                    _ = try await admin.description(of: topic)
                    let resource = KafkaConfigResource.topic(topic)
                    try await admin.alterConfig(
                        of: resource,
                        ["max.message.bytes": .set("70000"), "cleanup.policy": .append("compact")],
                        fallback: .readAndReplace
                    )
                    let changed = try await admin.settings(of: resource) { $0["max.message.bytes"]?.value == "70000" }
                    #expect(changed["retention.ms"]?.value == "3600000")
                    #expect(changed["retention.ms"]?.source == .topic)
                    #expect(changed["cleanup.policy"]?.value == "delete,compact")
                    #expect(changed["segment.bytes"]?.source != .topic)

                    try await admin.alterConfig(of: resource, ["retention.ms": .reset], fallback: .readAndReplace)
                    let reset = try await admin.settings(of: resource) { $0["retention.ms"]?.source != .topic }
                    #expect(reset["max.message.bytes"]?.value == "70000")
                    let results = try await admin.alterConfigs(
                        [
                            resource: ["max.message.bytes": .set("nonsense")],
                            .topic("no-such-topic"): ["retention.ms": .set("1")],
                        ],
                        fallback: .readAndReplace
                    )
                    #expect(await kafkaError { try results[resource]?.get() }?.code == .invalidConfig)
                    let missing = await kafkaError { try results[.topic("no-such-topic")]?.get() }
                    #expect(missing?.code == .unknownTopicOrPartition)
                    #expect(missing?.message.contains("no-such-topic") == true)
                }
            }
        }

        @Test
        func aValidatedChangeIsNotMade() async throws {
            try await withTopic(partitions: 1) { topic in
                try await withKafkaAdmin(RealKafka.admin) { admin in
                    _ = try await admin.description(of: topic)
                    let resource = KafkaConfigResource.topic(topic)
                    let change = ["retention.ms": KafkaConfigChange.set("60000")]
                    try await admin.alterConfig(of: resource, change, validateOnly: true, fallback: .readAndReplace)
                    #expect(try await admin.describeConfig(of: resource)["retention.ms"]?.source != .topic)
                }
            }
        }

        /// Without a word, a librdkafka that can only replace everything replaces nothing.
        @Test
        func withoutAFallbackAnOldEngineRefuses() async throws {
            try await withTopic(partitions: 1, configuration: ["retention.ms": "3600000"]) { topic in
                try await withKafkaAdmin(RealKafka.admin) { try await alterWithoutAFallback(topic, $0) }
            }
        }

        /// Optimising it crashes the compiler of Swift 6.3.1, which splits the coroutine.
        @_optimize(none)
        private func alterWithoutAFallback(_ topic: String, _ admin: KafkaAdmin) async throws {
            _ = try await admin.description(of: topic)
            let resource = KafkaConfigResource.topic(topic)
            let error = await kafkaErrorIfAny {
                try await admin.alterConfig(of: resource, ["max.message.bytes": .set("70000")])
            }
            if let error {
                #expect(error.code == .unsupportedFeature)
                #expect(error.message.contains("2.2"))
            }
            let isRefused = error != nil
            let settings = try await admin.settings(of: resource) {
                isRefused || $0["max.message.bytes"]?.value == "70000"
            }
            #expect((settings["max.message.bytes"]?.source == .topic) != isRefused)
            #expect(settings["retention.ms"]?.value == "3600000")
        }

        @Test
        func eachBrokerTellsItsOwnSettings() async throws {
            try await withKafkaAdmin(RealKafka.admin) { admin in
                let broker = KafkaConfigResource.broker(RealKafka.someBroker)
                let results = try await admin.describeConfigs([broker, .topic("no-such-topic")])
                let settings = try #require(try results[broker]?.get())
                #expect(settings["node.id"]?.value == "\(RealKafka.someBroker)")
                #expect(settings["node.id"]?.isReadOnly == true)
                #expect(settings["log.retention.ms"] != nil)
                #expect(settings.values.allSatisfy { !$0.isSecret || $0.value == nil })
                let missing = await kafkaError { try results[.topic("no-such-topic")]?.get() }
                #expect(missing?.code == .unknownTopicOrPartition)
            }
        }

        @Test
        func aBrokersSettingIsChangedAndReset() async throws {
            try await withKafkaAdmin(RealKafka.admin) { admin in
                let broker = KafkaConfigResource.broker(RealKafka.someBroker)
                let name = "log.cleaner.io.buffer.load.factor"
                try await admin.alterConfig(of: broker, [name: .set("0.8")], fallback: .readAndReplace)
                let changed = try await admin.settings(of: broker) { $0[name]?.value == "0.8" }
                #expect(changed[name]?.source == .broker)
                try await admin.alterConfig(of: broker, [name: .reset], fallback: .readAndReplace)
                // The log cleaner takes it up a little later.
                let reset = try await admin.settings(of: broker) { $0[name]?.value == "0.9" }
                #expect(reset[name]?.source == .standard)
            }
        }

        // MARK: Records

        @Test
        func recordsBeforeAPlaceAreDeleted() async throws {
            try await withTopic(partitions: 4) { topic in
                for partition in 0..<4 { try await fill(topic, count: 10, partition: partition) }
                let partitions = (0..<5).map { KafkaTopicPartition(topic: topic, partition: $0) }
                try await withKafkaAdmin(RealKafka.admin) { admin in
                    let results = try await admin.deleteRecords(before: [
                        partitions[0]: .offset(4), partitions[1]: .end, partitions[2]: .tail(3),
                        partitions[3]: .offset(99),
                    ])
                    #expect(try results[partitions[0]]?.get() == 4)
                    #expect(try results[partitions[1]]?.get() == 10)
                    #expect(try results[partitions[2]]?.get() == 7)
                    let beyond = await kafkaError { try results[partitions[3]]?.get() }
                    #expect(beyond?.code == .offsetOutOfRange)
                    #expect(beyond?.topicPartition == partitions[3])
                    let missing = try await admin.deleteRecords(before: [
                        partitions[4]: .offset(1), partitions[0]: .offset(5),
                    ])
                    let unknown = await kafkaError { try missing[partitions[4]]?.get() }
                    #expect(unknown?.topicPartition == partitions[4])
                    #expect(try missing[partitions[0]]?.get() == 5)
                }
                let configuration = KafkaConsumerConfiguration(bootstrapServers: RealKafka.bootstrapServers)
                try await withKafkaConsumer(configuration) { consumer in
                    let marks = try await consumer.watermarks(of: Array(partitions.prefix(4)))
                    #expect(partitions.prefix(4).map { marks[$0]?.low } == [5, 10, 7, 0])
                }
            }
        }
    }
}

extension RealKafka {
    /// The first node's number.
    static let someBroker = 1
}

extension KafkaAdmin {
    /// The settings once brokers have heard of a change.
    func settings(
        of resource: KafkaConfigResource,
        once condition: ([String: KafkaConfigEntry]) -> Bool
    ) async throws -> [String: KafkaConfigEntry] {
        while true {
            try Task.checkCancellation()
            let settings = try await describeConfig(of: resource)
            if condition(settings) { return settings }
        }
    }
}
