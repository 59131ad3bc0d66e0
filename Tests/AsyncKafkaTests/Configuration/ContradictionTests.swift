import RdKafka
import Testing

@testable import AsyncKafka

/// Settings that exclude each other: the sentence has both names and both values.
@Suite struct ContradictionTests {
    static let ofProducers: [([String: String], [String])] = [
        (
            ["delivery.timeout.ms": "10000", "request.timeout.ms": "9000", "linger.ms": "1001"],
            ["delivery.timeout.ms", "10000 ms", "request.timeout.ms", "9000 ms", "linger.ms", "1001.0 ms"]
        ),
        (["delivery.timeout.ms": "10000", "request.timeout.ms": "10001"], ["10000 ms", "10001 ms"]),
        (["delivery.timeout.ms": "5", "linger.ms": "5"], ["delivery.timeout.ms", "5 ms", "linger.ms", "5.0 ms"]),
        (
            ["request.timeout.ms": "20000", "socket.timeout.ms": "10000"],
            ["request.timeout.ms", "20000 ms", "socket.timeout.ms", "10000 ms"]
        ),
        (
            ["transactional.id": "t", "transaction.timeout.ms": "10000", "socket.timeout.ms": "10101"],
            ["socket.timeout.ms", "10101 ms", "transaction.timeout.ms", "10000 ms"]
        ),
        (
            ["transactional.id": "t", "transaction.timeout.ms": "10000", "delivery.timeout.ms": "10001"],
            ["delivery.timeout.ms", "10001 ms", "transaction.timeout.ms", "10000 ms"]
        ),
        (
            ["transactional.id": "t", "enable.idempotence": "false"],
            ["enable.idempotence", "false", "transactional.id"]
        ),
        (["acks": "1"], ["enable.idempotence", "true", "acks", "1"]),
        (["max.in.flight": "6"], ["enable.idempotence", "true", "max.in.flight", "6"]),
        (["retries": "0"], ["enable.idempotence", "true", "retries", "0"]),
        (["queuing.strategy": "lifo"], ["enable.idempotence", "true", "queuing.strategy", "lifo"]),
        (["queue.buffering.backpressure.threshold": "2"], ["enable.idempotence", "true", "threshold", "2"]),
        (
            ["enable.gapless.guarantee": "true", "enable.idempotence": "false"],
            ["enable.gapless.guarantee", "true", "enable.idempotence", "false"]
        ),
        (["batch.size": "2000", "message.max.bytes": "1000"], ["batch.size", "2000", "message.max.bytes", "1000"]),
        (
            ["queue.buffering.max.kbytes": "1", "message.max.bytes": "2000"],
            ["queue.buffering.max.kbytes", "1024", "message.max.bytes", "2000"]
        ),
        (["retry.backoff.ms": "2000", "retry.backoff.max.ms": "1000"], ["retry.backoff.ms", "2000 ms", "1000 ms"]),
        (
            ["reconnect.backoff.ms": "2000", "reconnect.backoff.max.ms": "1000"],
            ["reconnect.backoff.ms", "2000 ms", "reconnect.backoff.max.ms", "1000 ms"]
        ),
        (
            ["topic.metadata.refresh.interval.ms": "2000", "metadata.max.age.ms": "1000"],
            ["topic.metadata.refresh.interval.ms", "2000 ms", "metadata.max.age.ms", "1000 ms"]
        ),
    ]

    @Test(arguments: ofProducers.indices)
    func aProducersContradictionIsNamed(_ index: Int) throws {
        let (properties, parts) = Self.ofProducers[index]
        // An old librdkafka has only one backoff.
        if properties["retry.backoff.max.ms"] != nil, !Configuration.propertyNames.contains("retry.backoff.max.ms") {
            return
        }
        let refusal = try #require(try producerConfiguration(properties).refusal())
        for part in parts { #expect(refusal.contains(part), "\(refusal)") }
    }

    static let ofConsumers: [([String: String], [String])] = [
        (
            ["session.timeout.ms": "9000", "heartbeat.interval.ms": "9000"],
            ["heartbeat.interval.ms", "9000 ms", "session.timeout.ms", "9000 ms"]
        ),
        (
            ["session.timeout.ms": "50000", "max.poll.interval.ms": "40000"],
            ["session.timeout.ms", "50000 ms", "max.poll.interval.ms", "40000 ms"]
        ),
        (
            ["max.poll.interval.ms": "20000", "session.timeout.ms": "9000"],
            ["revokeTimeout", "30.0 seconds", "20000 ms"]
        ),
        (
            ["fetch.max.bytes": "1000", "message.max.bytes": "2000"],
            ["fetch.max.bytes", "1000", "message.max.bytes", "2000"]
        ),
        (
            ["fetch.max.bytes": "3000000", "queued.max.messages.kbytes": "1024"],
            ["fetch.max.bytes", "3000000", "queued.max.messages.kbytes", "1048576"]
        ),
        (
            ["fetch.max.bytes": "2000000", "receive.message.max.bytes": "2000511"],
            ["fetch.max.bytes", "2000000", "receive.message.max.bytes", "2000511"]
        ),
        (
            ["message.max.bytes": "2000000", "receive.message.max.bytes": "2000511"],
            ["message.max.bytes", "2000000", "receive.message.max.bytes", "2000511"]
        ),
        (
            ["max.partition.fetch.bytes": "3000000", "fetch.max.bytes": "2000000"],
            ["max.partition.fetch.bytes", "3000000", "fetch.max.bytes", "2000000"]
        ),
        (
            ["fetch.min.bytes": "3000000", "fetch.max.bytes": "2000000"],
            ["fetch.min.bytes", "3000000", "fetch.max.bytes", "2000000"]
        ),
        (
            ["fetch.wait.max.ms": "10000", "socket.timeout.ms": "10000"],
            ["fetch.wait.max.ms", "10000 ms", "socket.timeout.ms", "10000 ms"]
        ),
        (
            ["partition.assignment.strategy": "cooperative-sticky,range"],
            ["partition.assignment.strategy", "cooperative-sticky", "range"]
        ),
    ]

    @Test(arguments: ofConsumers.indices)
    func aConsumersContradictionIsNamed(_ index: Int) throws {
        let (properties, parts) = Self.ofConsumers[index]
        let refusal = try #require(try consumerConfiguration(properties).refusal())
        for part in parts { #expect(refusal.contains(part), "\(refusal)") }
    }

    /// What the checks let through, librdkafka takes.
    @Test(arguments: [
        ["delivery.timeout.ms": "10000", "request.timeout.ms": "9000", "linger.ms": "1000"],
        ["delivery.timeout.ms": "10000", "linger.ms": "9999"],
        ["delivery.timeout.ms": "0", "request.timeout.ms": "900000"],
        ["request.timeout.ms": "10000", "socket.timeout.ms": "10000"],
        ["transactional.id": "t", "transaction.timeout.ms": "10000", "socket.timeout.ms": "10100"],
        ["batch.size": "1000", "message.max.bytes": "1000"],
    ])
    func whatJustFitsIsTaken(_ properties: [String: String]) throws {
        try Handle(.producer, producerConfiguration(properties).engineConfiguration()).destroy()
    }

    @Test(arguments: [
        ["message.max.bytes": "2000000", "receive.message.max.bytes": "2000512"],
        ["fetch.max.bytes": "2000000", "receive.message.max.bytes": "2000512"],
        ["session.timeout.ms": "9000", "heartbeat.interval.ms": "8999"], ["receive.message.max.bytes": "1000512"],
        ["session.timeout.ms": "40000", "max.poll.interval.ms": "40000"],
    ])
    func whatJustFitsAConsumerIsTaken(_ properties: [String: String]) throws {
        try Handle(.consumer, consumerConfiguration(properties).engineConfiguration()).destroy()
    }

    @Test func theDefaultRequestTimeoutGivesWay() throws {
        let configuration = producerConfiguration(["delivery.timeout.ms": "10000", "linger.ms": "1000.5"])
        #expect(try configuration.values("request.timeout.ms") == ["8999"])
        #expect(
            try producerConfiguration(["delivery.timeout.ms": "10", "linger.ms": "9.9"]).values("request.timeout.ms")
                == ["1"]
        )
    }
}
