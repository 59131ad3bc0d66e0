public import AsyncKafka
import RdKafka

/// An Apache Kafka cluster within this process, for tests: librdkafka's mock cluster.
///
/// It speaks Kafka's protocol on loopback ports, so that the client under test is the real one. It is good for producing,
/// consuming, groups and commits. It is no judge of transactions, security, retention or look-ups by time; prove those on a
/// real broker. A group's first member waits three seconds for others, as Kafka's default is.
///
/// Of what a ``AsyncKafka/KafkaAdmin`` does it can describe topics and the cluster, list and alter a group's offsets. Topics, settings and
/// rules are not managed here: those calls end by their time limit. Neither describe nor delete groups on it: librdkafka's mock does
/// not know these requests, and with librdkafka 2.0 the client may hang or the process end by them.
///
/// ```swift
/// try await withKafkaMockCluster { cluster in
///     try await cluster.createTopic("orders", partitions: 3)
///     let configuration = KafkaProducerConfiguration(bootstrapServers: cluster.bootstrapServers)
///     try await withKafkaProducer(configuration) { producer in
///         try await producer.send(KafkaRecord(topic: "orders", value: "paid"))
///     }
/// }
/// ```
public final class KafkaMockCluster: Sendable {
    private let cluster: MockCluster

    /// The addresses of its brokers, for a client's configuration.
    public let bootstrapServers: [String]

    private init(_ cluster: MockCluster) {
        self.cluster = cluster
        bootstrapServers = cluster.bootstrapServers.split(separator: ",").map { String($0) }
    }

    /// Starts a cluster. Prefer `withKafkaMockCluster`, which also ends it.
    ///
    /// - Parameter brokers: how many brokers it has, at least one.
    /// - Throws: `invalidArgument`, or what librdkafka says when the cluster does not start.
    public static func start(brokers: Int = 1) async throws(KafkaError) -> KafkaMockCluster {
        guard brokers > 0, brokers <= 1000 else {
            throw KafkaError(code: .invalidArgument, message: "a mock cluster has 1 to 1,000 brokers, not \(brokers)")
        }
        let result = await BlockingThreads.shared.run { () -> Result<MockCluster, EngineError> in
            Result { () throws(EngineError) in try MockCluster(brokerCount: brokers) }
        }
        switch result {
        case .success(let cluster): return KafkaMockCluster(cluster)
        case .failure(let error): throw KafkaError(error)
        }
    }

    /// Creates a topic. Topics that nobody created come into being with four partitions when they are first used.
    ///
    /// - Parameters:
    ///   - name: the topic's name.
    ///   - partitions: how many partitions it has, at least one.
    ///   - replicationFactor: on how many brokers each is, at most as many as there are. librdkafka 2.0 takes it and has as
    ///     many replicas as it likes.
    /// - Throws: `invalidTopic`, `invalidArgument`, what librdkafka says, `topicAlreadyExists` for one that is there.
    public func createTopic(
        _ name: String,
        partitions: Int = 1,
        replicationFactor: Int = 1
    ) async throws(KafkaError) {
        guard !name.isEmpty, !name.utf8.contains(0) else {
            throw KafkaError(code: .invalidTopic, message: "a topic's name cannot be empty or contain a NUL character")
        }
        guard (1...10_000).contains(partitions) else {
            throw KafkaError(code: .invalidArgument, message: "a topic has 1 to 10,000 partitions, not \(partitions)")
        }
        guard (1...bootstrapServers.count).contains(replicationFactor) else {
            throw KafkaError(
                code: .invalidArgument,
                message: "\(bootstrapServers.count) brokers cannot hold \(replicationFactor) replicas"
            )
        }
        let cluster = cluster
        let error = await BlockingThreads.shared.run {
            cluster.createTopic(name, partitions: partitions, replicationFactor: replicationFactor)
        }
        if let error { throw KafkaError(error) }
    }

    /// Ends the cluster. Clients that still use it lose their connections.
    public func stop() async {
        let cluster = cluster
        await BlockingThreads.shared.run { cluster.destroy() }
    }
}

/// Starts a mock cluster, hands it to `body`, and ends it on every way out.
///
/// - Parameters:
///   - brokers: how many brokers it has.
///   - body: what runs while the cluster is there; close clients within it.
/// - Returns: what `body` returns.
/// - Throws: what `body` throws, or why the cluster did not start.
public func withKafkaMockCluster<Result>(
    brokers: Int = 1,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (KafkaMockCluster) async throws -> Result
) async throws -> Result {
    let cluster = try await KafkaMockCluster.start(brokers: brokers)
    do {
        let result = try await body(cluster)
        await cluster.stop()
        return result
    } catch {
        await cluster.stop()
        throw error
    }
}
