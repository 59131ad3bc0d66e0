import Testing

@testable import AsyncKafka

struct StatisticsDecodingTests {
    private func decode(_ json: String) -> KafkaStatistics? {
        StatisticsFields.decode(Array(json.utf8))
    }

    @Test
    func fieldsAreReadWithTheirUnits() throws {
        let statistics = try #require(
            decode(
                """
                { "name": "async-kafka#consumer-1", "client_id": "shop", "type": "consumer", "ts": 5, "time": 1700000000,
                  "age": 1500000, "replyq": 2, "msg_cnt": 3, "msg_size": 4, "tx": 5, "tx_bytes": 6, "rx": 7, "rx_bytes": 8,
                  "txmsgs": 9, "txmsg_bytes": 10, "rxmsgs": 11, "rxmsg_bytes": 12, "metadata_cache_cnt": 1,
                  "brokers": {
                    "b:1/2": { "name": "b:1/2", "nodeid": 2, "nodename": "b:1", "source": "learned", "state": "UP",
                      "stateage": 2500000, "txidle": -1, "rtt": { "min": 1000, "max": 3000, "cnt": 2, "p99": 2000 },
                      "throttle": { "cnt": 0, "max": 0 }, "req": { "Fetch": 3 },
                      "toppars": { "orders-1": { "topic": "orders", "partition": 1 } } },
                    "a:1/bootstrap": { "name": "a:1/bootstrap", "nodeid": -1, "state": "INIT" } },
                  "topics": { "orders": { "topic": "orders", "age": 1500, "batchsize": { "cnt": 1, "avg": 70 },
                    "partitions": {
                      "1": { "partition": 1, "leader": 2, "desired": true, "fetchq_cnt": 6, "fetch_state": "active",
                        "hi_offset": 20, "ls_offset": 18, "lo_offset": 0, "committed_offset": 8, "app_offset": -1001,
                        "consumer_lag": 10 },
                      "-1": { "partition": -1, "consumer_lag": -1 } } } },
                  "cgrp": { "state": "up", "join_state": "steady", "rebalance_age": 1500, "rebalance_cnt": 1,
                    "assignment_size": 1 } }
                """
            )
        )
        #expect(statistics.clientName == "async-kafka#consumer-1")
        #expect(statistics.clientID == "shop")
        #expect(statistics.secondsSince1970 == 1_700_000_000)
        #expect(statistics.age == .milliseconds(1500))
        #expect([statistics.queuedEvents, statistics.queuedRecords, statistics.queuedBytes] == [2, 3, 4])
        let sent = statistics.sent
        #expect([sent.messages, sent.bytes, sent.records, sent.recordBytes] == [5, 6, 9, 10])
        #expect(statistics.received.records == 11)
        #expect(statistics.idempotence == nil)
        #expect(statistics.missedCount == 0)
        #expect(statistics.json.contains("\"ts\": 5"))

        #expect(statistics.brokers.map(\.name) == ["a:1/bootstrap", "b:1/2"])
        #expect(statistics.brokers[0].id == nil)
        #expect(statistics.brokers[0].requests == nil)
        let broker = statistics.brokers[1]
        #expect(broker.stateAge == .milliseconds(2500))
        #expect(broker.sendIdle == nil)
        #expect(broker.roundTripTime?.p99 == .milliseconds(2))
        #expect(broker.roundTripTime?.p50 == nil)
        #expect(broker.throttleTime?.count == 0)
        #expect(broker.throttleTime?.max == nil)
        #expect(broker.requestsByKind == ["Fetch": 3])
        #expect(broker.partitions == [KafkaTopicPartition(topic: "orders", partition: 1)])

        let topic = try #require(statistics.topics.first)
        #expect(topic.age == .milliseconds(1500))
        #expect(topic.batchBytes?.average == 70)
        #expect(topic.partitions.map(\.number) == [nil, 1])
        #expect(topic.partitions[0].consumerLag == nil)
        let partition = try #require(statistics[KafkaTopicPartition(topic: "orders", partition: 1)])
        #expect(partition.isDesired == true)
        #expect(partition.prefetchedRecords == 6)
        #expect(partition.consumerLag == 10)
        #expect(partition.drainedOffset == nil)
        #expect([partition.highOffset, partition.lastStableOffset, partition.lowOffset] == [20, 18, 0])
        #expect(statistics.group?.joinState == "steady")
        #expect(statistics.group?.rebalanceAge == .milliseconds(1500))
        #expect(statistics.group?.rebalanceReason == nil)
    }

    /// Whatever a broken or foreign engine may write, nothing traps, and what is left is read.
    @Test
    func valuesThatAreOutOfRangeOrOfAnotherTypeCostThemselvesAlone() throws {
        let numbers = [
            "1e300": Int.max, "-1e300": .min, "18446744073709551615": .max, "9223372036854775807": .max, "2.7": 2,
            "-9223372036854775808": .min,
        ]
        for (text, number) in numbers {
            let statistics = try #require(decode(#"{ "name": "n", "replyq": \#(text) }"#))
            #expect(statistics.queuedEvents == number, "\(text)")
            #expect(statistics.clientName == "n")
        }
        for value in ["null", "\"3\"", "[]", "{}", "true", "1e999"] {
            guard let statistics = decode(#"{ "name": "n", "replyq": \#(value), "age": \#(value) }"#) else { continue }
            #expect(statistics.clientName == "n", "\(value)")
            #expect(statistics.age == nil || value == "1e999", "\(value)")
        }
        let age = try #require(decode(#"{ "age": 9223372036854775807 }"#)?.age)
        #expect(age == .microseconds(Int64.max))
        let odd = try #require(
            decode(#"{ "brokers": { "a": 1, "b": { "name": "b" } }, "topics": [], "cgrp": "up", "eos": {} }"#)
        )
        #expect(odd.brokers.map(\.name) == ["b"])
        #expect(odd.topics.isEmpty)
        #expect(odd.group == nil)
        #expect(odd.idempotence?.state == nil)
    }

    @Test
    func whatIsNoObjectIsNoStatistics() {
        for text in ["", "{", "[]", "null", #"{ "name": "a"b" }"#, "\u{0}"] {
            #expect(decode(text) == nil, "\(text)")
        }
    }

    @Test
    func theNewestWinsAndSaysHowManyWereMissed() async throws {
        let buffer = StatisticsBuffer(isEnabled: true)
        let claim = buffer.makeClaim()
        for number in 1...3 { buffer.append(Array(#"{ "time": \#(number) }"#.utf8)) }
        var statistics = try await buffer.next(claim)
        #expect(statistics?.secondsSince1970 == 3)
        #expect(statistics?.missedCount == 2)
        buffer.append(Array("no JSON".utf8))
        // The one that cannot be read counts as well.
        let reader = Task { try await buffer.next(claim) }
        await Task.yield()
        buffer.append(Array(#"{ "time": 5 }"#.utf8))
        statistics = try await reader.value
        #expect(statistics?.secondsSince1970 == 5)
        #expect(statistics?.missedCount == 1)
        buffer.append(Array(#"{ "time": 6 }"#.utf8))
        buffer.finish()
        #expect(try await buffer.next(claim)?.missedCount == 0)
        #expect(try await buffer.next(claim) == nil)
    }

    @Test
    func aClientThatCollectsNoneSaysWhatToSet() async throws {
        let consumer = try KafkaConsumer(KafkaConsumerConfiguration(bootstrapServers: ["127.0.0.1:1"], groupID: "g"))
        await expectError(.invalidState) { try await consumer.statistics.first { _ in true } }
        await consumer.close(timeout: .zero)
    }
}
