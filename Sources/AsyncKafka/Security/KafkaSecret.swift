/// A password, key or token: a text that nothing prints.
///
/// Descriptions, `dump`, `Mirror`, logs and errors show `<redacted>` in its place.
///
/// ```swift
/// let password: KafkaSecret = "…"
/// ```
public struct KafkaSecret: Sendable, Hashable, ExpressibleByStringLiteral {
    /// The secret itself.
    package let text: String

    /// Keeps a text from being printed.
    public init(_ text: String) {
        self.text = text
    }

    /// Keeps a text from being printed. One that stands in the source is for tests.
    public init(stringLiteral text: String) {
        self.text = text
    }
}

extension KafkaSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// `<redacted>`.
    public var description: String { "<redacted>" }

    /// `<redacted>`.
    public var debugDescription: String { description }

    /// Has nothing in it.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
