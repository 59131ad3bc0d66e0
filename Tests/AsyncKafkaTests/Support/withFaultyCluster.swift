import AsyncKafka
import RdKafka

/// A mock cluster whose faults a test sets itself, with the topic `orders`.
func withFaultyCluster<Value>(
    brokers: Int = 1,
    partitions: Int = 1,
    _ body: (MockCluster) async throws -> Value
) async throws -> Value {
    let cluster = try await BlockingThreads.shared.run {
        Result {
            let cluster = try MockCluster(brokerCount: brokers)
            _ = cluster.createTopic("orders", partitions: partitions, replicationFactor: 1)
            return cluster
        }
    }.get()
    let result: Result<Value, any Error>
    do {
        result = .success(try await body(cluster))
    } catch {
        result = .failure(error)
    }
    await BlockingThreads.shared.run { cluster.destroy() }
    return try result.get()
}

extension MockCluster {
    var servers: [String] { bootstrapServers.split(separator: ",").map { String($0) } }

    /// Requests of a kind are refused with these codes, one after the other.
    func refuse(kind: Int16, with code: KafkaError.Code, count: Int) async {
        await BlockingThreads.shared.run {
            self.failRequests(ofKind: kind, with: Array(repeating: code.rawValue, count: count))
        }
    }

    /// Sends records to `orders`, numbered from 0, to each partition in turn if there are several.
    func fill(_ count: Int, partitions: Int = 1) async throws {
        var configuration = KafkaProducerConfiguration(bootstrapServers: servers)
        configuration.log = .none
        try await withKafkaProducer(configuration) { producer in
            for number in 0..<count {
                try await producer.send(
                    KafkaRecord(topic: "orders", partition: number % partitions, value: "\(number)")
                )
            }
        }
    }

    /// For a member whose absence the mock notices soon, as each of its rebalances takes nearly a session. But a machine under load that
    /// stands still for ten seconds is not to cost the membership.
    var consumerConfiguration: KafkaConsumerConfiguration {
        var configuration = KafkaConsumerConfiguration(bootstrapServers: servers, groupID: "group")
        configuration.group.sessionTimeout = .seconds(15)
        configuration.group.heartbeatInterval = .seconds(1)
        configuration.log = .none
        return configuration
    }
}
