import AsyncKafka
import Foundation
import Testing

extension RealKafkaTests {
    @Suite(.timeLimit(.minutes(2)))
    struct RoundTripTests {
        static let timestamp = KafkaTimestamp(
            millisecondsSince1970: KafkaTimestamp(Date(timeIntervalSinceNow: -3600)).millisecondsSince1970
        )

        static func records(topic: String) -> [(name: String, record: KafkaRecord)] {
            let key: KafkaBytes = "key"
            let largeValue = KafkaBytes((0..<900 * 1024).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) })
            var records: [(String, KafkaRecord)] = [
                ("tombstone", KafkaRecord(topic: topic, key: key, value: nil)),
                ("empty value", KafkaRecord(topic: topic, key: key, value: KafkaBytes())),
                ("empty key", KafkaRecord(topic: topic, key: KafkaBytes(), value: "empty key")),
                ("nil header value", KafkaRecord(topic: topic, key: key, value: "nil", headers: ["h": nil])),
                (
                    "empty header value",
                    KafkaRecord(topic: topic, key: key, value: "empty", headers: ["h": KafkaBytes()])
                ),
                ("empty header name", KafkaRecord(topic: topic, key: key, value: "name", headers: ["": "v"])),
                (
                    "repeated header names",
                    KafkaRecord(
                        topic: topic,
                        key: key,
                        value: "repeated",
                        headers: ["a": "1", "b": "2", "a": nil, "a": "1", "b": KafkaBytes([0, 255])]
                    )
                ),
                ("900 KiB", KafkaRecord(topic: topic, key: key, value: largeValue)),
                (
                    "no UTF-8",
                    KafkaRecord(
                        topic: topic,
                        key: KafkaBytes([0xff, 0xfe, 0x00, 0xc3, 0x28]),
                        value: KafkaBytes([0x80, 0x00, 0x80])
                    )
                ),
                ("no key", KafkaRecord(topic: topic, value: "no key")),
                ("nothing", KafkaRecord(topic: topic, value: nil)),
                ("timestamp", KafkaRecord(topic: topic, key: key, value: "then", timestamp: timestamp)),
                (
                    "bytes of all values in a header",
                    KafkaRecord(topic: topic, value: "h", headers: ["ü": KafkaBytes(Array(0...255))])
                ),
            ]
            // All in one partition, so that they are compared in their order.
            for index in records.indices { records[index].1.partition = 0 }
            return records
        }

        @Test
        func oddRecordsSurviveTheRoundTrip() async throws {
            try await withTopic { topic in
                let records = Self.records(topic: topic)
                let start = Date()
                let deliveries = try await send(records.map(\.record))
                for delivery in deliveries {
                    #expect(delivery.topic == topic)
                    #expect(delivery.partition == 0)
                }
                #expect(deliveries.map(\.offset) == (0..<records.count).map { Int64($0) })

                let messages = try await read(records.count, from: topic)
                for ((name, record), (message, delivery)) in zip(records, zip(messages, deliveries)) {
                    #expect(message.key == record.key, "\(name)")
                    #expect(message.value == record.value, "\(name)")
                    #expect(message.headers == record.headers, "\(name)")
                    #expect(message.partition == delivery.partition, "\(name)")
                    #expect(message.offset == delivery.offset, "\(name)")
                    #expect(message.timestamp == delivery.timestamp, "\(name)")
                    if let timestamp = record.timestamp {
                        #expect(message.timestamp == timestamp, "\(name)")
                    } else {
                        let date = try #require(message.timestamp?.date)
                        #expect(date.timeIntervalSince(start) > -1 && date <= Date(), "\(name)")
                    }
                    let copy = message.copy()
                    #expect(copy.key == record.key && copy.value == record.value && copy.headers == record.headers)
                }
            }
        }

        @Test(.needsKafkaTools)
        func recordsGoToThePartitionTheyName() async throws {
            try await withTopic(partitions: 4) { topic in
                let records = (0..<4).reversed().map { (partition: Int) in
                    KafkaRecord(topic: topic, partition: partition, key: "same", value: "\(partition)")
                }
                #expect(try await send(records).map(\.partition) == [3, 2, 1, 0])
                let messages = try await read(4, from: topic)
                for message in messages { #expect(message.value == KafkaBytes("\(message.partition)")) }
                #expect(Set(messages.map(\.partition)) == [0, 1, 2, 3])

                let error = await #expect(throws: KafkaError.self) {
                    try await send([KafkaRecord(topic: topic, partition: 4, value: "beyond")])
                }
                #expect(error?.code == .unknownPartition)
                #expect(error?.persistence == .notPersisted)
            }
        }

        /// What both directions of the library got wrong together would not show in a round trip.
        @Test(.needsKafkaTools)
        func kafkasOwnConsumerSeesOddRecordsAsTheyWereSent() async throws {
            try await withTopic { topic in
                let records = Self.records(topic: topic).map(\.record)
                _ = try await send(records)
                let printed = try await RealKafka.tool(
                    "console-consumer",
                    [
                        "--topic", topic, "--partition", "0", "--offset", "earliest", "--max-messages",
                        "\(records.count)",
                    ]
                        + ["print.headers=true", "print.key=true", "null.literal=NIL", "line.separator=<END>"]
                        .flatMap { ["--formatter-property", $0] }
                )
                var expected: [UInt8] = []
                for record in records {
                    let headers = record.headers.map { Array($0.name.utf8) + [58] + Self.printed($0.value) }
                    let noHeaders = Array("NO_HEADERS".utf8)
                    expected += headers.isEmpty ? noHeaders : Array(headers.joined(separator: [44]))
                    expected += [9] + Self.printed(record.key) + [9] + Self.printed(record.value) + Array("<END>".utf8)
                }
                #expect(printed.count == expected.count)
                #expect(printed == expected)
            }
        }

        /// As the console consumer prints bytes.
        private static func printed(_ bytes: KafkaBytes?) -> [UInt8] {
            bytes.map { Array($0) } ?? Array("NIL".utf8)
        }

        private func send(_ records: [KafkaRecord]) async throws -> [KafkaDelivery] {
            try await withKafkaProducer(RealKafka.producer) { producer in
                var deliveries: [KafkaDelivery] = []
                for record in records { deliveries.append(try await producer.send(record)) }
                return deliveries
            }
        }
    }
}
