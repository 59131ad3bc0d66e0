import TestSupport
import Testing

@testable import RdKafka

/// Whether librdkafka's broker threads were told, by its own log, over the mock cluster.
@Suite(.timeLimit(.minutes(2)))
struct FetchWakingTests {
    private static let count = 10
    private static let line = "SASL credentials updated"

    /// How much librdkafka may hold ready: less than there is, or more.
    @Test(arguments: [["queued.min.messages": "1"], ["queued.max.messages.kbytes": "1"], [:]], [false, true])
    func aDrainThatEmptiesAFullQueueWakesThem(_ limits: [String: String], isReadApart: Bool) async throws {
        let cluster = try MockCluster(brokerCount: 1)
        let looksByItself = Configuration.propertyNames.contains("fetch.queue.backoff.ms")
        do {
            let areWoken = try await areWoken(cluster, limits, isReadApart: isReadApart)
            #expect(areWoken == (!looksByItself && !limits.isEmpty))
        } catch {
            Issue.record(error)
        }
        await BlockingThreads.shared.run { cluster.destroy() }
    }

    private func areWoken(_ cluster: MockCluster, _ limits: [String: String], isReadApart: Bool) async throws -> Bool {
        let error = await BlockingThreads.shared.run {
            cluster.createTopic("orders", partitions: 1, replicationFactor: 1)
        }
        #expect(error == nil)
        try await BacklogMaker.fill(
            "orders",
            partition: 0,
            count: Self.count,
            values: [Array(repeating: UInt8(ascii: "x"), count: 2000)],
            compression: "none",
            bootstrapServers: cluster.bootstrapServers
        )
        let configuration = Configuration()
        let properties = [
            "bootstrap.servers": cluster.bootstrapServers, "group.id": "group", "enable.auto.commit": "false",
            "log.queue": "true", "debug": "queue",
        ].merging(limits) { $1 }
        for (name, value) in properties { #expect(configuration.set(name, value) == .ok) }
        let handle = try Handle(.consumer, configuration)
        return await BlockingThreads.shared.run {
            defer { handle.destroy() }
            return drain(handle, isReadApart: isReadApart)
        }
    }

    /// Blocks until there is nothing left, for a minute at most.
    private func drain(_ handle: Handle, isReadApart: Bool) -> Bool {
        let row = PartitionOffset(topic: "orders", partition: 0, offset: 0)
        if isReadApart { handle.splitQueues([row]) }
        #expect(handle.assign([row], incremental: false) == nil)
        let queue = handle.queue(of: row.topic, row.partition)
        #expect((queue != nil) == isReadApart)
        var taken = 0
        var isWoken = false
        let end = ContinuousClock.now + .seconds(60)
        while taken < Self.count, ContinuousClock.now < end {
            _ = handle.control.poll(timeout: 1000)
            taken += handle.drain(1000, from: queue, isManual: true) { _ in }
            while let line = handle.takeLogLine() { isWoken = isWoken || line.text.contains(Self.line) }
        }
        #expect(taken == Self.count)
        return isWoken
    }
}
