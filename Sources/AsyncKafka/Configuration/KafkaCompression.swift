/// How the producer compresses batches: librdkafka's `compression.codec` and `compression.level`.
public struct KafkaCompression: Sendable, Hashable {
    let codec: String
    /// nil: the codec's own default.
    let level: Int?

    private init(_ codec: String, level: Int? = nil) {
        self.codec = codec
        self.level = level
    }

    /// Not at all.
    public static let none = KafkaCompression("none")
    /// gzip at its default level.
    public static let gzip = KafkaCompression("gzip")
    /// Snappy, which has no levels.
    public static let snappy = KafkaCompression("snappy")
    /// LZ4 at its default level.
    public static let lz4 = KafkaCompression("lz4")
    /// Zstandard at its default level.
    public static let zstd = KafkaCompression("zstd")

    /// gzip at a level from 0 to 9.
    public static func gzip(level: Int) -> KafkaCompression {
        KafkaCompression("gzip", level: level)
    }

    /// LZ4 at a level from 0 to 12.
    public static func lz4(level: Int) -> KafkaCompression {
        KafkaCompression("lz4", level: level)
    }

    /// Zstandard at a level from 1 to 12, as far as librdkafka goes.
    public static func zstd(level: Int) -> KafkaCompression {
        KafkaCompression("zstd", level: level)
    }

    /// The levels that the codec has. CONFIGURATION.md of librdkafka, `compression.level`.
    var levels: ClosedRange<Int> {
        switch codec {
        case "gzip": 0...9
        case "zstd": 1...12
        default: 0...12
        }
    }
}

extension KafkaCompression: CustomStringConvertible {
    /// The codec and, if one was given, its level: `zstd(level: 3)`.
    public var description: String {
        level.map { "\(codec)(level: \($0))" } ?? codec
    }
}
