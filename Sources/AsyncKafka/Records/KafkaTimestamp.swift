/// When a record was made or stored, in milliseconds since 1970, UTC.
public struct KafkaTimestamp: Sendable, Hashable {
    /// Milliseconds since the beginning of 1970, UTC.
    public var millisecondsSince1970: Int64

    /// What the timestamp tells.
    public var kind: Kind

    /// What a timestamp tells; the topic's `message.timestamp.type` decides.
    public struct Kind: Sendable, Hashable, CustomStringConvertible {
        private enum Value { case createTime, logAppendTime }
        private let value: Value

        /// When the producer made the record.
        public static let createTime = Kind(value: .createTime)
        /// When the broker appended the record.
        public static let logAppendTime = Kind(value: .logAppendTime)

        /// The kind's name.
        public var description: String { "\(value)" }
    }

    /// A timestamp by its number.
    public init(millisecondsSince1970: Int64, kind: Kind = .createTime) {
        self.millisecondsSince1970 = millisecondsSince1970
        self.kind = kind
    }
}
