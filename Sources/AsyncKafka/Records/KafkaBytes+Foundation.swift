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
        let milliseconds = (date.timeIntervalSince1970 * 1000).rounded(.down)
        // A date may lie where no integer reaches, or nowhere.
        self.init(millisecondsSince1970: milliseconds.isNaN ? 0 : Int64(max(-0x1p62, min(0x1p62, milliseconds))))
    }

    /// The same point in time.
    public var date: Date {
        Date(timeIntervalSince1970: Double(millisecondsSince1970) / 1000)
    }
}
