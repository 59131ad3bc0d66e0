import AsyncKafka
import Foundation
import Testing

extension RealKafkaTests {
    /// Groups and their offsets.
    @Suite(.timeLimit(.minutes(2)))
    struct GroupAdminTests {
        /// A topic of two partitions with ten messages each, and a group that has committed 4 and 6.
        private func withGroup(
            _ body: (KafkaAdmin, _ group: String, _ partitions: [KafkaTopicPartition]) async throws -> Void
        ) async throws {
            try await withTopic(partitions: 2) { topic in
                for partition in 0..<2 { try await fill(topic, count: 10, partition: partition) }
                let group = RealKafka.uniqueName("group")
                let partitions = (0..<2).map { KafkaTopicPartition(topic: topic, partition: $0) }
                try await withKafkaAdmin(RealKafka.admin) { admin in
                    let stored = try await admin.alterGroupOffsets(
                        of: group,
                        [
                            partitions[0]: KafkaOffsetAndMetadata(offset: 4, metadata: "note"),
                            partitions[1]: KafkaOffsetAndMetadata(offset: 6),
                        ]
                    )
                    for partition in partitions { try stored[partition]?.get() }
                    #expect(stored.count == 2)
                    try await body(admin, group, partitions)
                }
            }
        }

        private func committed(_ admin: KafkaAdmin, _ group: String) async throws -> [KafkaTopicPartition: Int64] {
            try await admin.groupOffsets(of: group).mapValues { try $0.get().offset }
        }

        @Test
        func offsetsAreListedAlteredAndDeleted() async throws {
            try await withGroup { admin, group, partitions in
                let all = try await admin.groupOffsets(of: group)
                #expect(try all[partitions[0]]?.get() == KafkaOffsetAndMetadata(offset: 4, metadata: "note"))
                #expect(try all[partitions[1]]?.get() == KafkaOffsetAndMetadata(offset: 6))
                let some = try await admin.groupOffsets(of: group, partitions: [partitions[1]])
                #expect(try some.mapValues { try $0.get().offset } == [partitions[1]: 6])
                let missing = KafkaTopicPartition(topic: partitions[0].topic, partition: 7)
                let altered = try await admin.alterGroupOffsets(
                    of: group,
                    [missing: KafkaOffsetAndMetadata(offset: 1), partitions[0]: KafkaOffsetAndMetadata(offset: 5)]
                )
                let error = await kafkaError { try altered[missing]?.get() }
                #expect(error?.code == .unknownTopicOrPartition)
                #expect(error?.topicPartition == missing)
                #expect(try await committed(admin, group) == [partitions[0]: 5, partitions[1]: 6])
                let deleted = try await admin.deleteGroupOffsets(of: group, [partitions[0]])
                try deleted[partitions[0]]?.get()
                #expect(try await committed(admin, group) == [partitions[1]: 6])
            }
        }

        @Test
        func groupsAreListedDescribedAndDeleted() async throws {
            try await withGroup { admin, group, _ in
                let list = try await admin.listGroups()
                #expect(list.brokerErrors.isEmpty)
                let listing = try #require(list.groups.first { $0.groupID == group })
                #expect(listing.state == .empty)
                let description = try await admin.describeGroup(group)
                #expect(description.state == .empty)
                #expect(description.members.isEmpty)
                #expect(description.coordinator != nil)
                let results = try await admin.deleteGroups([group, "no-such-group", ""])
                try results[group]?.get()
                let missing = await kafkaError { try results["no-such-group"]?.get() }
                #expect(missing?.code == .groupIDNotFound)
                #expect(missing?.message.contains("no-such-group") == true)
                #expect(await kafkaError { try results[""]?.get() }?.code == .invalidArgument)
                #expect(try await !admin.listGroups().groups.map(\.groupID).contains(group))
            }
        }

        @Test
        func aGroupWithMembersIsDescribedAndRefusesChanges() async throws {
            try await withGroup { admin, group, partitions in
                var configuration = RealKafka.consumer(group: group, policy: .manual)
                configuration.clientID = "admin-test"
                try await withKafkaConsumer(configuration, subscribingTo: [partitions[0].topic]) { consumer in
                    for try await _ in consumer.messages { break }
                    let description = try await admin.describeGroup(group)
                    #expect(description.state == .stable)
                    #expect(description.assignmentStrategy == "range")
                    let member = try #require(description.members.first)
                    #expect(description.members.count == 1)
                    #expect(member.clientID == "admin-test")
                    #expect(member.assignment == partitions)
                    #expect(!member.memberID.isEmpty)

                    for dryRun in [true, false] {
                        let error = await kafkaError {
                            try await admin.resetGroupOffsets(of: group, to: .earliest, dryRun: dryRun)
                        }
                        #expect(error?.code == .nonEmptyGroup)
                        #expect(error?.message.contains(group) == true)
                    }
                    let altered = try await admin.alterGroupOffsets(
                        of: group,
                        [partitions[0]: KafkaOffsetAndMetadata(offset: 0)]
                    )
                    let error = await kafkaError { try altered[partitions[0]]?.get() }
                    #expect(error?.code == .nonEmptyGroup)
                    #expect(error?.topicPartition == partitions[0])
                    let deletion = await kafkaError { try await admin.deleteGroup(group) }
                    #expect(deletion?.code == .nonEmptyGroup)
                    let forgotten = try await admin.deleteGroupOffsets(of: group, [partitions[0]])
                    let subscribed = await kafkaError { try forgotten[partitions[0]]?.get() }
                    #expect(subscribed?.code == .groupSubscribedToTopic)
                    #expect(try await committed(admin, group) == [partitions[0]: 4, partitions[1]: 6])
                }
            }
        }

        // MARK: Reset

        @Test
        func aDryRunTellsWhatTheResetThenDoes() async throws {
            try await withGroup { admin, group, partitions in
                let before = [partitions[0]: Int64(4), partitions[1]: 6]
                for (target, expected) in [
                    (KafkaOffsetReset.earliest, [0, 0]), (.latest, [10, 10]), (.place(.offset(3)), [3, 3]),
                    (.place(.tail(2)), [8, 8]), (.shifted(by: 3), [7, 9]), (.shifted(by: -5), [0, 1]),
                ] as [(KafkaOffsetReset, [Int64])] {
                    let plan = try await admin.resetGroupOffsets(of: group, to: target, dryRun: true)
                    #expect(plan.isDryRun)
                    #expect(plan.changes.map(\.partition) == partitions)
                    #expect(plan.changes.map(\.current) == [4, 6])
                    #expect(plan.changes.map(\.target) == expected)
                    #expect(plan.changes.allSatisfy { $0.log == KafkaWatermarks(low: 0, high: 10) })
                    #expect(try await committed(admin, group) == before)
                    let done = try await admin.resetGroupOffsets(of: group, to: target)
                    #expect(!done.isDryRun)
                    #expect(done.changes == plan.changes)
                    let after = Dictionary(uniqueKeysWithValues: zip(partitions, expected))
                    #expect(try await committed(admin, group) == after)
                    _ = try await admin.alterGroupOffsets(
                        of: group,
                        before.mapValues { KafkaOffsetAndMetadata(offset: $0) }
                    )
                }
            }
        }

        @Test
        func aResetToATimeBeginsWithTheFirstMessageOfThen() async throws {
            try await withGroup { admin, group, partitions in
                // After all that is there, and before the next.
                let now = Int64(Date.now.timeIntervalSince1970 * 1000)
                try await withKafkaProducer(RealKafka.producer) { producer in
                    let last = try await producer.send(
                        KafkaRecord(
                            topic: partitions[0].topic,
                            partition: 0,
                            value: "later",
                            timestamp: KafkaTimestamp(millisecondsSince1970: now + 1_800_000)
                        )
                    )
                    #expect(last.offset == 10)
                }
                let time = KafkaTimestamp(millisecondsSince1970: now + 1_000_000)
                let plan = try await admin.resetGroupOffsets(
                    of: group,
                    topics: [partitions[0].topic],
                    to: .place(.timestamp(time))
                )
                #expect(plan.changes.map(\.target) == [10, 10])
                #expect(plan.changes.map(\.log.high) == [11, 10])
                #expect(try await committed(admin, group) == [partitions[0]: 10, partitions[1]: 10])
            }
        }

        /// A consumer of the group goes on where it was put.
        @Test
        func theGroupGoesOnWhereItWasPut() async throws {
            try await withGroup { admin, group, partitions in
                try await admin.resetGroupOffsets(of: group, partitions: [partitions[0]], to: .place(.offset(8)))
                let configuration = RealKafka.consumer(group: group)
                try await withKafkaConsumer(configuration, subscribingTo: [partitions[0].topic]) { consumer in
                    var first: [Int: Int64] = [:]
                    for try await message in consumer.messages {
                        if first[message.partition] == nil { first[message.partition] = message.offset }
                        if first.count == 2 { break }
                    }
                    #expect(first == [0: 8, 1: 6])
                }
            }
        }

        @Test
        func whatCannotBePlannedChangesNothing() async throws {
            try await withGroup { admin, group, partitions in
                let other = KafkaTopicPartition(topic: partitions[0].topic, partition: 9)
                let unknown = await kafkaError {
                    try await admin.resetGroupOffsets(of: group, partitions: partitions + [other], to: .earliest)
                }
                #expect(unknown.map { Array($0.partitionErrors.keys) } == [other], "\(String(describing: unknown))")
                _ = try await admin.deleteGroupOffsets(of: group, [partitions[1]])
                let shift = await kafkaError {
                    try await admin.resetGroupOffsets(of: group, partitions: partitions, to: .shifted(by: 1))
                }
                #expect(shift?.code == .noOffset)
                #expect(shift?.topicPartition == partitions[1])
                #expect(try await committed(admin, group) == [partitions[0]: 4])
                let missing = await kafkaError {
                    try await admin.resetGroupOffsets(of: group, topics: ["no-such-topic"], to: .earliest)
                }
                #expect(missing?.code == .unknownTopicOrPartition)
            }
        }

        @Test
        func aGroupThatDoesNotExistComesIntoBeing() async throws {
            try await withGroup { admin, _, partitions in
                let group = RealKafka.uniqueName("group")
                let plan = try await admin.resetGroupOffsets(of: group, partitions: partitions, to: .latest)
                #expect(plan.changes.map(\.current) == [nil, nil])
                #expect(try await committed(admin, group) == [partitions[0]: 10, partitions[1]: 10])
                #expect(try await admin.describeGroup(group).members.isEmpty)
            }
        }
    }
}
