import Testing

@testable import RdKafka

struct ByteSliceTests {
    @Test
    func aSliceSharesItsStorageUntilItIsCompacted() {
        let bytes = ByteSlice(Array(0..<100))
        #expect(!bytes.sharesStorage)
        let part = bytes.slice(10..<20)
        #expect(part.sharesStorage)
        #expect(part.count == 10)
        #expect(part[0] == 10)
        let compact = part.compacted()
        #expect(!compact.sharesStorage)
        #expect(compact == part)
    }

    @Test
    func anEmptySliceIsEqualToAnEmptySequenceOfBytes() {
        #expect(ByteSlice.empty == ByteSlice([UInt8]()))
        #expect(ByteSlice.empty.isEmpty)
        #expect(ByteSlice.empty.decoded() == "")
    }

    @Test
    func aSpanShowsTheSameBytes() {
        let bytes = ByteSlice("hello".utf8)
        let count = bytes.bytes.byteCount
        #expect(count == 5)
        #expect(bytes.withBytes { $0.byteCount } == 5)
        #expect(bytes[0] == UInt8(ascii: "h"))
        #expect(bytes.decoded() == "hello")
        #expect(bytes.validated() == "hello")
        #expect(ByteSlice([0xFF]).validated() == nil)
    }

    @Test
    func aDurationIsRoundedUpToMilliseconds() {
        #expect(Duration.milliseconds(5).clampedMilliseconds == 5)
        #expect(Duration.nanoseconds(1).clampedMilliseconds == 1)
        #expect(Duration.zero.clampedMilliseconds == 0)
        #expect(Duration.seconds(-1).clampedMilliseconds == 0)
        #expect(Duration.seconds(Int64.max).clampedMilliseconds == .max)
    }
}
