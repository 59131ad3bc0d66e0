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

        private func assignment(of consumer: KafkaConsumer) async throws {
            for try await event in consumer.events where event.kind == .assigned { break }
        }
    }
}
