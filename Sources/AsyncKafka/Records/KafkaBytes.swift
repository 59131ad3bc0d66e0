import RdKafka

/// Immutable bytes on the heap: a key, a value or a header's value.
///
/// Passing one on copies nothing. The bytes of a received message share their storage with a few neighbours; `compacted()` gives
/// a copy that does not, for what is kept long.
///
/// ```swift
/// let text = String(bytes)
/// let first = bytes.first
/// let sum = bytes.withBytes { span in checksum(span) }
/// ```
public struct KafkaBytes: Sendable {
    let slice: ByteSlice

    init(_ slice: ByteSlice) {
        self.slice = slice
    }

    /// No bytes; as a value that is not a tombstone.
    public init() {
        slice = .empty
    }

    /// Copies a sequence of bytes.
    public init(_ bytes: some Sequence<UInt8>) {
        slice = ByteSlice(bytes)
    }

    /// Copies the bytes of a span.
    public init(_ span: RawSpan) {
        slice = ByteSlice(copying: span)
    }

    /// The UTF-8 bytes of a string.
    public init(_ string: String) {
        slice = ByteSlice(string.utf8)
    }

    /// The bytes, without a copy, for as long as this value lives.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        get { slice.bytes }
    }

    /// Calls `body` with the bytes, without a copy.
    public func withBytes<Result, Failure: Error>(_ body: (RawSpan) throws(Failure) -> Result) throws(Failure) -> Result
    {
        try slice.withBytes(body)
    }

    /// The same bytes in a storage that holds nothing else, so that keeping them keeps no neighbour alive.
    public func compacted() -> KafkaBytes {
        KafkaBytes(slice.compacted())
    }
}

extension KafkaBytes: RandomAccessCollection {
    /// 0.
    public var startIndex: Int { 0 }

    /// The number of bytes.
    public var endIndex: Int { slice.count }

    /// The byte at an index.
    public subscript(index: Int) -> UInt8 { slice[index] }

    /// A part of the bytes, without a copy; its indices begin at 0 again, unlike those of `bytes[range]`.
    public func part(_ range: Range<Int>) -> KafkaBytes { KafkaBytes(slice.slice(range)) }

    /// Calls `body` with the bytes as contiguous storage, so that the standard library's bulk operations copy them at once.
    public func withContiguousStorageIfAvailable<Result>(
        _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
    ) rethrows -> Result? {
        try unsafe slice.withContiguousStorage(body)
    }
}

extension KafkaBytes: Hashable {
    /// Whether both hold the same bytes.
    public static func == (left: KafkaBytes, right: KafkaBytes) -> Bool {
        left.slice == right.slice
    }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) {
        slice.hash(into: &hasher)
    }
}

extension KafkaBytes: ExpressibleByStringLiteral {
    /// The UTF-8 bytes of a literal.
    public init(stringLiteral value: String) {
        self.init(value)
    }
}

extension KafkaBytes: CustomStringConvertible, CustomReflectable {
    /// The number of bytes, never the bytes: they may be anything, and logs are read by many.
    public var description: String { "\(count) bytes" }

    /// Shows no bytes either.
    public var customMirror: Mirror { Mirror(self, children: ["count": count]) }
}

extension String {
    /// The bytes as UTF-8; what is not valid is replaced, as `String(decoding:as:)` does.
    public init(_ bytes: KafkaBytes) {
        self = bytes.slice.decoded()
    }

    /// The bytes as UTF-8, or nil where they are not valid.
    public init?(validating bytes: KafkaBytes) {
        guard let string = bytes.slice.validated() else { return nil }
        self = string
    }
}
