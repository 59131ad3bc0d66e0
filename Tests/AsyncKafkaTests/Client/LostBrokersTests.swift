import AsyncKafka
import RdKafka
import TestSupport
import Testing

/// A cluster that names topics and for a while no broker, as a node does while all brokers are fenced: librdkafka from 2.10 on
/// knows none then, and may never ask again.
@Suite(.timeLimit(.minutes(2)))
struct LostBrokersTests {
    /// More than can be on their way already.
    private static let several = 5

    private static var properties: [String: String] {
        var properties = ["topic.metadata.refresh.interval.ms": "100"]
        // It begins anew by itself now and then, but not if it is told so.
        let strategy = "metadata.recovery.strategy"
        if RdKafka.Configuration.propertyNames.contains(strategy) { properties[strategy] = "none" }
        return properties
    }

    @Test
    func aProducerSendsOnceABrokerIsNamedAgain() async throws {
        try await FencedBroker.with { broker in
            var configuration = KafkaProducerConfiguration(bootstrapServers: [broker.address])
            configuration.isIdempotent = false
            configuration.closeTimeout = .seconds(1)
            configuration.log = .none
            configuration.additionalProperties = Self.properties
            try await withKafkaProducer(configuration) { producer in
                try await producer.send(KafkaRecord(topic: "orders", value: "before"))
                broker.setFenced(true)
                await broker.waitForRequests(.metadata, 1, isFenced: true)
                broker.setFenced(false)
                await broker.waitForRequests(.metadata, Self.several, isFenced: false)
                try await producer.send(KafkaRecord(topic: "orders", value: "behind"))
            }
        }
    }

    /// The leader of a group asks for its topics between JoinGroup and SyncGroup.
    @Test
    func aMemberWhoseBrokerIsFencedWhileItJoinsJoinsOnceABrokerIsNamedAgain() async throws {
        try await FencedBroker.with { broker in
            var configuration = KafkaConsumerConfiguration(bootstrapServers: [broker.address], groupID: "group")
            configuration.closeTimeout = .seconds(1)
            configuration.log = .none
            configuration.additionalProperties = Self.properties
            broker.fence(behind: .joinGroup)
            try await withKafkaConsumer(configuration, subscribingTo: ["orders"]) { consumer in
                await broker.waitForRequests(.metadata, 1, isFenced: true)
                broker.setFenced(false)
                for try await event in consumer.events where event.kind == .assigned { break }
                #expect(await consumer.assignment == [KafkaTopicPartition(topic: "orders", partition: 0)])
            }
        }
    }

    @Test
    func anAdminClientIsAnsweredOnceABrokerIsNamedAgain() async throws {
        try await FencedBroker.with { broker in
            var configuration = KafkaAdminConfiguration(bootstrapServers: [broker.address])
            configuration.log = .none
            configuration.additionalProperties = Self.properties
            try await withKafkaAdmin(configuration) { admin in
                _ = try await admin.listTopics()
                broker.setFenced(true)
                _ = try await admin.listTopics()
                broker.setFenced(false)
                _ = try await admin.listTopics()
            }
        }
    }
}
