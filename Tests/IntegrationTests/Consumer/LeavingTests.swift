import AsyncKafka
import Dispatch
import Testing

extension RealKafkaTests {
    @Suite(.timeLimit(.minutes(2)))
    struct LeavingTests {
        /// The broker does not look at LeaveGroup before it has answered JoinGroup, and librdkafka waits 5 s for it.
        @Test(.needsKafkaTools)
        func aMemberThatIsClosedWhileItJoinsLeavesWhenTheOthersHaveCome() async throws {
            try await withTopic(partitions: 2) { topic in
                try await fill(topic, count: 10)
                let group = RealKafka.uniqueName("group")
                var configuration = RealKafka.consumer(group: group, policy: .manual)
                configuration.group.heartbeatInterval = .milliseconds(100)
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { [configuration] first in
                    let hasMessage = Signal()
                    let mayGoOn = Signal()
                    try await withThrowingTaskGroup(of: Void.self) { tasks in
                        tasks.addTask {
                            for try await _ in first.messages {
                                // The group waits for this one.
                                hasMessage.set()
                                await mayGoOn.wait()
                            }
                        }
                        await hasMessage.wait()
                        let second = try KafkaConsumer(configuration)
                        try await second.subscribe(to: [topic])
                        while try await RealKafka.groupState(group).first != "PreparingRebalance" {}
                        // Time is what is asked for: longer than LeaveGroup would be waited for.
                        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(6500)) { mayGoOn.set() }
                        let report = await second.close(timeout: .seconds(20))
                        mayGoOn.set()
                        #expect(report.hasLeftGroup)
                        #expect(report.uncommitted.isEmpty)
                        await first.close()
                        for try await _ in tasks {}
                    }
                }
                let state = try await RealKafka.groupState(group)
                #expect(state.last == "0", "the group's members")
            }
        }

        /// librdkafka closes a cooperative member that owns nothing without telling the group.
        @Test(.needsKafkaTools)
        func aMemberWithoutPartitionsLeavesToo() async throws {
            try await withTopic(partitions: 1) { topic in
                let group = RealKafka.uniqueName("group")
                var configuration = RealKafka.consumer(group: group, policy: .manual)
                configuration.group.heartbeatInterval = .milliseconds(100)
                configuration.group.assignmentStrategies = [.cooperativeSticky]
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { [configuration] first in
                    try await assignment(of: first)
                    let second = try KafkaConsumer(configuration)
                    try await second.subscribe(to: [topic])
                    try await assignment(of: second)
                    #expect(await second.assignment.isEmpty)
                    let report = await second.close()
                    #expect(report.hasLeftGroup)
                    #expect(try await RealKafka.groupState(group).last == "1", "the group's members")
                }
            }
        }

        /// Nobody waits for its close, but the group is to hear of it, long before the session times out.
        @Test(.needsKafkaTools, arguments: [true, false])
        func aMemberWithoutPartitionsLeavesThoughNobodyWaits(_ isClosed: Bool) async throws {
            try await withTopic(partitions: 1) { topic in
                let group = RealKafka.uniqueName("group")
                var configuration = RealKafka.consumer(group: group, policy: .manual)
                configuration.group.heartbeatInterval = .milliseconds(100)
                configuration.group.sessionTimeout = .seconds(300)
                configuration.group.assignmentStrategies = [.cooperativeSticky]
                configuration.log = .none
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { [configuration] first in
                    try await assignment(of: first)
                    do {
                        let second = try KafkaConsumer(configuration)
                        try await second.subscribe(to: [topic])
                        try await assignment(of: second)
                        #expect(await second.assignment.isEmpty)
                        if isClosed { #expect(await !second.close(timeout: .zero).hasLeftGroup) }
                    }
                    // The suite's time limit is shorter than the session.
                    while try await RealKafka.groupState(group).last != "1" {}
                }
            }
        }

        /// By then librdkafka, told to close, would end without a word to the group; and what it is told before waits until the join is over.
        ///
        /// The time limit of the close is what has it not wait for the join before it leaves, as it does where it can see one; leaving may
        /// take longer.
        @Test(.needsKafkaTools)
        func aMemberWithoutPartitionsThatIsClosedAsItJoinsLeavesToo() async throws {
            try await withTopic(partitions: 1) { topic in
                let group = RealKafka.uniqueName("group")
                var configuration = RealKafka.consumer(group: group, policy: .manual)
                configuration.group.sessionTimeout = .seconds(300)
                configuration.group.assignmentStrategies = [.cooperativeSticky]
                // The first one hears late that the group changes, so that the others wait for it.
                configuration.group.heartbeatInterval = .milliseconds(1500)
                try await withKafkaConsumer(configuration, subscribingTo: [topic]) { [configuration] first in
                    try await assignment(of: first)
                    var quick = configuration
                    quick.group.heartbeatInterval = .milliseconds(100)
                    let third = try KafkaConsumer(quick)
                    let joins = Signal()
                    let hasPartitions = Signal()
                    quick.additionalProperties["debug"] = "cgrp"
                    quick.log = .handler(level: .debug) { entry in
                        if hasPartitions.hasHappened, "\(entry)".contains("init -> wait-join") { joins.set() }
                    }
                    let second = try KafkaConsumer(quick)
                    try await second.subscribe(to: [topic])
                    try await assignment(of: second)
                    #expect(await second.assignment.isEmpty)
                    hasPartitions.set()
                    try await third.subscribe(to: [topic])
                    await joins.wait()
                    await second.close(timeout: .seconds(4))
                    try await assignment(of: third)
                    // The suite's time limit is shorter than the session.
                    while try await RealKafka.groupState(group).last != "2" {}
                    await third.close()
                }
            }
        }

        /// A static member is to find its partitions again when it comes back (KIP-345).
        @Test(.needsKafkaTools, arguments: [KafkaAssignmentStrategy.range, .cooperativeSticky])
        func aStaticMemberDoesNotLeave(_ strategy: KafkaAssignmentStrategy) async throws {
            try await withTopic(partitions: 1) { topic in
                let group = RealKafka.uniqueName("group")
                var configuration = RealKafka.consumer(group: group, policy: .manual)
                configuration.group.heartbeatInterval = .milliseconds(100)
                configuration.group.assignmentStrategies = [strategy]
                var members: [KafkaConsumer] = []
                for name in ["a", "b"] {
                    configuration.group.instanceID = name
                    let member = try KafkaConsumer(configuration)
                    try await member.subscribe(to: [topic])
                    try await assignment(of: member)
                    members.append(member)
                }
                // One of them owns nothing.
                for member in members.reversed() {
                    let report = await member.close()
                    #expect(!report.hasLeftGroup)
                }
                #expect(try await RealKafka.groupState(group).last == "2", "the group's members")
            }
        }

        private func assignment(of consumer: KafkaConsumer) async throws {
            for try await event in consumer.events where event.kind == .assigned { break }
        }
    }
}
