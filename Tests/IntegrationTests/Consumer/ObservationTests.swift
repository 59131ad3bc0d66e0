import AsyncKafka
import TestSupport
import Testing

extension RealKafkaTests {
    /// What a consumer tells besides messages.
    @Suite(.timeLimit(.minutes(2)))
    struct ObservationTests {
        /// The partitions' rows of Kafka's own group tool: committed offset, end of the log, lag.
        private func groupRows(_ group: String) async throws -> [Int: [Int64]] {
            let description = try await RealKafka.toolText("groups", ["--describe", "--group", group])
            var rows: [Int: [Int64]] = [:]
            for line in description.split(separator: "\n") {
                let words = line.split(separator: " ")
                guard words.count > 5, words[0] == group[...], let partition = Int(words[2]) else { continue }
                rows[partition] = words[3...5].map { Int64($0) ?? -1 }
            }
            return rows
        }

        @Test(.needsKafkaTools)
        func missingTopicsAreNamedWhileTheOthersGoOnAndAreReadOnceTheyAreThere() async throws {
            try await withTopic { topic in
                try await fill(topic, count: 100)
                let missing = RealKafka.uniqueName("missing")
                let pattern = "^\(RealKafka.uniqueName("pattern")).*"
                var configuration = RealKafka.consumer(group: RealKafka.uniqueName("group"))
                configuration.log = .none
                try await withKafkaConsumer(configuration, subscribingTo: [missing, topic, pattern]) { consumer in
                    let start = ContinuousClock.now
                    var named: [String: Duration] = [:]
                    var sentences: [String] = []
                    for try await event in consumer.events where event.kind == .missingTopic {
                        named[event.topic ?? ""] = .now - start
                        #expect(event.error?.code == .unknownTopic)
                        sentences.append(event.error?.message ?? "")
                        if named.count == 2 { break }
                    }
                    print("missing topics named after \(named.values.sorted())")
                    #expect(Set(named.keys) == [missing, pattern])
                    #expect(named.values.allSatisfy { $0 < .seconds(10) })
                    #expect(sentences.allSatisfy { $0.contains("create the topic") })

                    var count = 0
                    for try await _ in consumer.messages {
                        count += 1
                        if count == 100 { break }
                    }
                }

                // librdkafka itself would look again after 5 minutes.
                try await withKafkaConsumer(configuration, subscribingTo: [missing, topic]) { consumer in
                    _ = try await consumer.events.first { $0.kind == .missingTopic }
                    try await TopicMaker.make(
                        missing,
                        partitions: 1,
                        replicationFactor: nil,
                        configuration: [:],
                        bootstrapServers: RealKafka.bootstrapServers.joined(separator: ",")
                    )
                    try await fill(missing, count: 1)
                    for try await message in consumer.messages where message.topic == missing { break }
                }
                _ = try await RealKafka.tool("topics", ["--delete", "--topic", missing])
            }
        }

        @Test
        func anOptInMakesAMissingTopicThrow() async throws {
            var configuration = RealKafka.consumer(group: RealKafka.uniqueName("group"))
            configuration.missingTopics = .fail
            configuration.log = .none
            let missing = RealKafka.uniqueName("missing")
            let start = ContinuousClock.now
            let error = await kafkaError {
                try await withKafkaConsumer(configuration, subscribingTo: [missing]) { consumer in
                    for try await _ in consumer.messages {}
                }
            }
            #expect(error?.code == .unknownTopic)
            #expect(error?.message.contains(missing) == true)
            #expect(ContinuousClock.now - start < .seconds(10))
        }

        @Test(.needsKafkaTools)
        func lagAndStatisticsAreWhatKafkasOwnGroupToolSays() async throws {
            try await withTopic { topic in
                let ends = try await fill(topic, count: 3000)
                let group = RealKafka.uniqueName("group")
                var configuration = RealKafka.consumer(group: group, policy: .manual)
                configuration.statisticsInterval = .milliseconds(200)
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                    var last: [Int: KafkaMessage] = [:]
                    var count = 0
                    for try await message in consumer.messages {
                        count += 1
                        last[message.partition] = message
                        if count >= 1000, last.count == ends.count { break }
                    }
                    for message in last.values { try await consumer.commit(message) }

                    let rows = try await groupRows(group)
                    let lag = try await consumer.lag()
                    #expect(lag.count == ends.count)
                    for partition in lag {
                        let number = partition.topicPartition.partition
                        let row = [partition.position ?? -1, partition.endOffset ?? -1, partition.lag ?? -1]
                        #expect(row == rows[number], "partition \(number)")
                    }
                    #expect(lag.reduce(0) { $0 + ($1.lag ?? 0) } == Int64(3000 - count))

                    for try await statistics in consumer.statistics {
                        let partitions = try #require(statistics.topics.first { $0.name == topic }).partitions
                        let read = partitions.reduce(into: [Int: [Int64]]()) { rows, partition in
                            guard let number = partition.number else { return }
                            rows[number] = [
                                partition.committedOffset ?? -1, partition.lastStableOffset ?? -1,
                                partition.consumerLag ?? -1,
                            ]
                        }
                        // The commits may be newer than these.
                        guard read == rows else { continue }
                        #expect(statistics.group?.assignedPartitions == ends.count)
                        #expect(statistics.brokers.contains { $0.state == "UP" && $0.roundTripTime != nil })
                        print("lag by the tool, statistics and lag(): \(rows.values.map { $0[2] }.sorted())")
                        break
                    }
                }
            }
        }

        @Test
        func theLagBehindATransactionIsNoneOnceItsMarkerIsPassed() async throws {
            try await withTopic(partitions: 1) { topic in
                var producing = RealKafka.producer
                producing.transactionalID = RealKafka.uniqueName("transaction")
                _ = try await withKafkaProducer(producing) { producer in
                    try await producer.withTransaction { transaction in
                        try await transaction.send(KafkaRecord(topic: topic, partition: 0, value: "v"))
                    }
                }
                let configuration = RealKafka.consumer(group: RealKafka.uniqueName("group"))
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                    for try await _ in consumer.messages { break }
                    // The marker is passed when the consumer looks for the next message.
                    let reader = Task { for try await _ in consumer.messages {} }
                    for try await lag in consumer.lagUpdates(every: .milliseconds(10)) where lag.first?.lag == 0 {
                        break
                    }
                    reader.cancel()
                    try await reader.value
                }
            }
        }

        @Test
        func theEndOfEachPartitionIsToldAndToldAgain() async throws {
            try await withTopic { topic in
                let ends = try await fill(topic, count: 1000)
                var configuration = RealKafka.consumer(group: RealKafka.uniqueName("group"))
                configuration.emitsPartitionEnd = true
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                    let reader = Task { for try await _ in consumer.messages {} }
                    var reached: [Int: Int64] = [:]
                    for try await event in consumer.events where event.kind == .endOfPartition {
                        for partition in event.partitions { reached[partition.partition] = event.offset }
                        if reached.count == 3 { break }
                    }
                    #expect(reached == ends)
                    try await fill(topic, count: 1, partition: 1)
                    for try await event in consumer.events where event.kind == .endOfPartition {
                        guard event.offset == (ends[1] ?? 0) + 1 else { continue }
                        #expect(event.partitions == [KafkaTopicPartition(topic: topic, partition: 1)])
                        break
                    }
                    reader.cancel()
                    try await reader.value
                }
            }
        }

        @Test(.needsNodeFaults)
        func anOutageAndItsEndAreTold() async throws {
            try await withTopic { topic in
                try await fill(topic, count: 1)
                var configuration = RealKafka.consumer(group: RealKafka.uniqueName("group"))
                configuration.log = .none
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                    for try await _ in consumer.messages { break }
                    try await withNodes { nodes in
                        try await nodes.kill(1)
                        let start = ContinuousClock.now
                        let isDown = try await consumer.events.first { $0.kind == .allBrokersDown }
                        print("all brokers down told after \(ContinuousClock.now - start)")
                        #expect(isDown?.error?.code == .allBrokersDown)
                        #expect(isDown?.error?.message.contains("bootstrapServers") == true)
                        #expect(ContinuousClock.now - start < .seconds(15))
                        try await nodes.start(1)
                        let restart = ContinuousClock.now
                        for try await event in consumer.events {
                            #expect(event.kind != .allBrokersDown)
                            if event.kind == .brokersUp { break }
                        }
                        print("brokers up told \(ContinuousClock.now - restart) after the node served again")
                        #expect(ContinuousClock.now - restart < .seconds(15))
                    }
                    try await fill(topic, count: 1)
                    for try await _ in consumer.messages { break }
                }
            }
        }

        @Test(.needsKafkaTools)
        func aBrokerThatHoldsTheConsumerBackIsTold() async throws {
            try await withTopic(partitions: 1) { topic in
                let client = RealKafka.uniqueName("client")
                let quota = ["--entity-type", "clients", "--entity-name", client]
                _ = try await RealKafka.tool(
                    "configs",
                    ["--alter", "--add-config", "consumer_byte_rate=20000"] + quota
                )
                try await withKafkaProducer(RealKafka.producer) { producer in
                    for _ in 0..<20 {
                        let value = KafkaBytes([UInt8](repeating: 7, count: 10_000))
                        try await producer.send(KafkaRecord(topic: topic, value: value))
                    }
                }
                var configuration = RealKafka.consumer(group: RealKafka.uniqueName("group"))
                configuration.clientID = client
                configuration.additionalProperties["max.partition.fetch.bytes"] = "20000"
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                    let reader = Task { for try await _ in consumer.messages {} }
                    let event = try await consumer.events.first { $0.kind == .throttled }
                    print("throttled by \(event?.broker ?? "") for \(event?.throttleTime ?? .zero)")
                    #expect(event?.broker?.hasPrefix("localhost:") == true || event?.broker?.contains(":") == true)
                    #expect(event?.throttleTime ?? .zero > .zero)
                    #expect(event?.error == nil)
                    reader.cancel()
                    try await reader.value
                }
            }
        }

        @Test(.needsSASL)
        func refusedCredentialsAreToldWithWhatToCheck() async throws {
            var configuration = KafkaConsumerConfiguration(
                bootstrapServers: SASL.bootstrapServers,
                groupID: RealKafka.uniqueName("group")
            )
            configuration.additionalProperties =
                SASL.configuration(user: "alice", password: "wrong").additionalProperties
            configuration.log = .none
            let consumer = try KafkaConsumer(configuration)
            try await consumer.subscribe(to: ["orders"])
            let start = ContinuousClock.now
            let event = try await consumer.events.first { $0.error?.code == .authentication }
            #expect(event?.kind == .error)
            #expect(event?.error?.message.contains("check the user name") == true)
            #expect(ContinuousClock.now - start < .seconds(10))
            await consumer.close(timeout: .seconds(1))
        }

        @Test(.needsSASL, .needsKafkaTools)
        func aTopicThatMayNotBeReadIsNamedWhileTheOthersGoOn() async throws {
            try await withTopic { topic in
                try await withTopic { forbidden in
                    try await fill(topic, count: 10)
                    try await fill(forbidden, count: 10)
                    let rule = [
                        "--deny-principal", "User:alice", "--operation", "Read", "--operation", "Describe", "--topic",
                        forbidden,
                    ]
                    _ = try await RealKafka.tool("acls", ["--add"] + rule)
                    var configuration = KafkaConsumerConfiguration(
                        bootstrapServers: SASL.bootstrapServers,
                        groupID: RealKafka.uniqueName("group")
                    )
                    configuration.additionalProperties =
                        SASL.configuration(user: "alice", password: "alice-secret").additionalProperties
                    configuration.log = .none
                    try await withKafkaConsumer(configuration, subscribingTo: [forbidden, topic]) { consumer in
                        let start = ContinuousClock.now
                        let event = try await consumer.events.first { $0.topic != nil }
                        print("told after \(ContinuousClock.now - start): \(event?.error?.description ?? "")")
                        #expect(event?.topic == forbidden)
                        #expect(event?.error?.code == .topicAuthorizationFailed)
                        #expect(event?.error?.message.contains("READ") == true)
                        var count = 0
                        for try await message in consumer.messages {
                            #expect(message.topic == topic)
                            count += 1
                            if count == 10 { break }
                        }
                    }
                    _ = try await RealKafka.tool("acls", ["--remove", "--force"] + rule)
                }
            }
        }
    }
}
