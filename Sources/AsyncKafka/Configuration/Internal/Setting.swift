/// A typed setting with the property of librdkafka that it stands for.
struct Setting {
    /// Where the user finds it: `group.sessionTimeout`.
    var path: String
    /// The property's name: `session.timeout.ms`.
    var property: String
    var value: String
    /// Whether the user has left it alone, so that the property by name takes precedence.
    var isDefault: Bool

    /// The largest value of an integer property. librdkafka reads more, but cuts it down to 32 bits without a word.
    static let largest = Int(Int32.max)

    init(_ path: String, _ property: String, _ value: String, isDefault: Bool) {
        self.path = path
        self.property = property
        self.value = value
        self.isDefault = isDefault
    }

    init(_ path: String, _ property: String, _ value: Bool, default standard: Bool) {
        self.init(path, property, "\(value)", isDefault: value == standard)
    }

    init(_ path: String, _ property: String, _ value: Int, default standard: Int) throws(KafkaError) {
        try Self.check(path, value, in: 0...Self.largest, unit: "")
        self.init(path, property, "\(value)", isDefault: value == standard)
    }

    /// In whole milliseconds, rounded up, so that a short time never becomes none.
    init(_ path: String, _ property: String, _ value: Duration, default standard: Duration) throws(KafkaError) {
        try Self.check(path, value, in: .zero ... .milliseconds(Self.largest))
        self.init(path, property, "\(value.wholeMilliseconds)", isDefault: value == standard)
    }

    // MARK: Checks

    static func check(_ path: String, _ value: Int, in range: ClosedRange<Int>, unit: String) throws(KafkaError) {
        guard !range.contains(value) else { return }
        throw .invalid("`\(path)` is \(value), which is outside of \(range.lowerBound) to \(range.upperBound)\(unit)")
    }

    static func check(_ path: String, _ value: Duration, in range: ClosedRange<Duration>) throws(KafkaError) {
        guard !range.contains(value) else { return }
        throw .invalid("`\(path)` is \(value), which is outside of \(range.lowerBound) to \(range.upperBound)")
    }
}

extension KafkaError {
    static func invalid(_ message: String) -> KafkaError {
        KafkaError(.invalidConfiguration, message)
    }
}

extension Duration {
    /// A day: the limit of times that are this library's own.
    static var longest: Duration { .seconds(86_400) }

    /// Rounded up. For durations that passed a range check.
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }

    /// Milliseconds with up to three digits behind the point, rounded up. For durations that passed a range check.
    var fractionalMilliseconds: String {
        let (seconds, attoseconds) = components
        let microseconds = seconds * 1_000_000 + (attoseconds + 999_999_999_999) / 1_000_000_000_000
        let rest = microseconds % 1000
        let digits = String("\(1000 + rest)".dropFirst())
        return rest == 0 ? "\(microseconds / 1000)" : "\(microseconds / 1000).\(digits)"
    }
}
