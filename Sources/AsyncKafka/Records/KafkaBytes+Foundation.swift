#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

extension KafkaBytes {
    /// Copies data.
    public init(_ data: Data) {
        self.init(data.bytes)
    }
}

extension Data {
    /// Copies the bytes.
    public init(_ bytes: KafkaBytes) {
        self.init(Array(bytes))
    }
}

extension KafkaTimestamp {
    /// A point in time, rounded down to a millisecond.
    public init(_ date: Date) {
        self.init(millisecondsSince1970: Int64((date.timeIntervalSince1970 * 1000).rounded(.down)))
    }

    /// The same point in time.
    public var date: Date {
        Date(timeIntervalSince1970: Double(millisecondsSince1970) / 1000)
    }
}
