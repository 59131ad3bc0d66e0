import AsyncKafkaTesting
import Testing

@testable import AsyncKafka

@Suite(.timeLimit(.minutes(2)))
struct WatchdogTests {
    /// Short, but no shorter than the session.
    private func configuration(_ cluster: KafkaMockCluster) -> KafkaConsumerConfiguration {
        var configuration = consumerConfiguration(of: cluster)
        configuration.group.heartbeatInterval = .milliseconds(500)
        configuration.group.maxPollInterval = configuration.group.sessionTimeout
        configuration.revokeTimeout = .seconds(1)
        return configuration
    }

    @Test
    func underReportAStuckMessageIsToldAndStaysOurs() async throws {
        try await withTopic { cluster, topic in
            try await produce(2, to: topic, of: cluster)
            var configuration = configuration(cluster)
            configuration.processingTimeoutAction = .report
            try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                var messages = consumer.messages.makeAsyncIterator()
                let message = try #require(try await messages.next())
                let start = ContinuousClock.now
                let event = try await consumer.events.first { $0.kind != .assigned }
                #expect(event?.kind == .processingTimedOut)
                #expect(event?.partitions == [message.topicPartition])
                // A coarse clock tells the time of a delivery.
                #expect(ContinuousClock.now - start >= configuration.group.maxPollInterval - .milliseconds(100))
                #expect(message.isCurrent)
                try await consumer.commit(message)
                #expect(try await messages.next()?.offset == 1)
            }
        }
    }

    @Test
    func aLoopThatWasLeftIsNoticedAndTheNextOneJoinsAgain() async throws {
        try await withTopic { cluster, topic in
            try await produce(2, to: topic, of: cluster)
            var configuration = configuration(cluster)
            configuration.offsetPolicy = .manual
            try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                let message = try #require(try await consumer.messages.first { _ in true })
                var kinds: [KafkaConsumerEvent.Kind] = []
                for try await event in consumer.events {
                    kinds.append(event.kind)
                    if event.kind == .revoked { break }
                }
                #expect(kinds == [.assigned, .processingTimedOut, .revoked])
                #expect(await consumer.assignment.isEmpty)
                #expect(await consumer.subscription == [topic])
                await expectError(.staleMessage) { try await consumer.commit(message) }
                #expect(try await consumer.messages.first { _ in true }?.offset == 0, "nothing was committed")
            }
        }
    }

    /// The watch that begins with a question ends while nothing comes. What comes then, and nobody asks for, begins another one.
    @Test
    func whatComesLongBehindAQuestionIsNoticed() async throws {
        try await withTopic { cluster, topic in
            var configuration = configuration(cluster)
            configuration.processingTimeoutAction = .report
            try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                #expect(try await consumer.events.first { _ in true }?.kind == .assigned)
                var messages = consumer.messages.makeAsyncIterator()
                let nothing = try await messages.next(timeout: .zero)
                #expect(nothing == nil)
                let partition = KafkaTopicPartition(topic: topic, partition: 0)
                while await consumer.core.watchdog.deadline != nil {
                    _ = try await consumer.watermarks(of: [partition])
                }
                try await produce(1, to: topic, of: cluster)
                #expect(try await consumer.events.first { _ in true }?.kind == .processingTimedOut)
                #expect(try await messages.next()?.offset == 0)
            }
        }
    }

    @Test
    func theSubscriptionChangesAndEnds() async throws {
        try await withTopic { cluster, topic in
            try await cluster.createTopic("others")
            let other = KafkaTopicPartition(topic: "others", partition: 0)
            let configuration = consumerConfiguration(of: cluster)
            try await withKafkaConsumer(configuration, subscribingTo: [topic]) { consumer in
                var events = consumer.events.makeAsyncIterator()
                func next(_ kind: KafkaConsumerEvent.Kind) async throws -> KafkaConsumerEvent? {
                    while let event = try await events.next() { if event.kind == kind { return event } }
                    return nil
                }
                _ = try await next(.assigned)
                let membership = try await consumer.groupMetadata
                #expect(membership.groupID == "group")
                #expect(membership.memberID?.isEmpty == false)
                #expect(membership.instanceID == nil)
                try await consumer.subscribe(to: ["others"])
                #expect(try await next(.assigned)?.partitions == [other])
                #expect(await consumer.subscription == ["others"])
                try await consumer.unsubscribe()
                #expect(try await next(.revoked)?.partitions == [other])
                #expect(await consumer.subscription == [])
                try await consumer.unsubscribe()
            }
        }
    }
}
