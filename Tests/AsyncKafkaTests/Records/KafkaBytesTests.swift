import AsyncKafka
import Foundation
import Testing

struct KafkaBytesTests {
    @Test
    func bytesAreACollection() {
        let bytes = KafkaBytes([1, 2, 3, 4])
        #expect(Array(bytes) == [1, 2, 3, 4])
        #expect(bytes[1] == 2)
        #expect(bytes.part(1..<3) == KafkaBytes([2, 3]))
        #expect(bytes[2...].startIndex == 2)
        #expect(KafkaBytes(bytes[2...]) == KafkaBytes([3, 4]))
        #expect(bytes.first == 1)
        #expect(bytes.reversed() == [4, 3, 2, 1])
        #expect(KafkaBytes().isEmpty)
    }

    @Test
    func bytesAreText() {
        #expect(String(KafkaBytes("höhe")) == "höhe")
        #expect(String(validating: KafkaBytes([0xFF])) == nil)
        #expect(String(validating: KafkaBytes("ok")) == "ok")
        let literal: KafkaBytes = "ok"
        #expect(literal == KafkaBytes("ok"))
    }

    @Test
    func bytesAreData() {
        let data = Data([0, 1, 255])
        #expect(Data(KafkaBytes(data)) == data)
        #expect(KafkaBytes(data.dropFirst()) == KafkaBytes([1, 255]))
        #expect(Data(KafkaBytes()).isEmpty)
    }

    @Test
    func bytesAreASpan() {
        let bytes = KafkaBytes("hello")
        let count = bytes.bytes.byteCount
        #expect(count == 5)
        #expect(bytes.withBytes { $0.byteCount } == 5)
        let copy = KafkaBytes(bytes.bytes)
        #expect(copy == bytes)
    }

    @Test
    func equalBytesAreEqualWhereverTheyLie() {
        let part = KafkaBytes("abcabc").part(3..<6)
        #expect(part == KafkaBytes("abc"))
        #expect(part.hashValue == KafkaBytes("abc").hashValue)
        #expect(part.compacted() == part)
    }

    @Test
    func descriptionsShowNoBytes() {
        let secret = KafkaBytes("secret")
        var text = "\(secret) \(String(reflecting: secret))"
        dump(secret, to: &text)
        dump(KafkaRecord(topic: "t", key: secret, value: secret, headers: ["h": secret]), to: &text)
        #expect(!text.contains("secret"))
        #expect(!text.contains("115"))
        #expect(text.contains("6 bytes"))
    }

    @Test
    func aTimestampIsADate() {
        let timestamp = KafkaTimestamp(millisecondsSince1970: 1_700_000_000_123)
        #expect(KafkaTimestamp(timestamp.date) == timestamp)
        #expect(KafkaTimestamp(Date(timeIntervalSince1970: -0.0005)).millisecondsSince1970 == -1)
        for seconds in [Double.infinity, -.infinity, .nan, 1e300] {
            _ = KafkaTimestamp(Date(timeIntervalSince1970: seconds))
        }
    }
}

struct KafkaHeadersTests {
    @Test
    func namesMayRepeatAndValuesMayBeMissing() {
        let headers: KafkaHeaders = ["a": "1", "b": nil, "a": "2"]
        #expect(headers.map(\.name) == ["a", "b", "a"])
        #expect(headers["a"] == "2")
        #expect(headers["b"] == nil)
        #expect(headers.values(for: "a") == ["1", "2"])
        #expect(headers.values(for: "b") == [nil])
        #expect(headers.values(for: "c").isEmpty)
    }

    @Test
    func headersAreBuiltOneByOne() {
        var headers = KafkaHeaders()
        headers.append(KafkaHeader("name", "text"))
        #expect(headers == [KafkaHeader("name", "text")])
        #expect("\(headers)" == #"["name"]"#)
    }
}
