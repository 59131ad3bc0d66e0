/// One header of a record: a name and, perhaps, a value.
public struct KafkaHeader: Sendable, Hashable {
    /// The name; several headers may share one.
    public var name: String
    /// The value; nil is a header without one, which is not the same as an empty value.
    public var value: KafkaBytes?

    /// One header.
    public init(_ name: String, _ value: KafkaBytes?) {
        self.name = name
        self.value = value
    }

    /// One header with a text.
    public init(_ name: String, _ value: String) {
        self.init(name, KafkaBytes(value))
    }
}

/// The headers of a record, in order. Names may repeat.
///
/// ```swift
/// let headers: KafkaHeaders = ["trace": "4711", "retry": "1", "retry": "2", "flag": nil]
/// let trace = headers["trace"]             // the last one of that name
/// let retries = headers.values(for: "retry")
/// ```
public struct KafkaHeaders: Sendable, Hashable {
    private var headers: [KafkaHeader]

    /// Headers in order.
    public init(_ headers: some Sequence<KafkaHeader>) {
        self.headers = Array(headers)
    }

    /// No headers.
    public init() {
        headers = []
    }

    /// The value of the last header of that name, as Java's `lastHeader` gives it.
    ///
    /// Nil if there is none, and if its value is nil: `values(for:)` tells the two apart.
    public subscript(name: String) -> KafkaBytes? {
        headers.last { $0.name == name }?.value
    }

    /// The values of all headers of that name, in order.
    public func values(for name: String) -> [KafkaBytes?] {
        headers.filter { $0.name == name }.map(\.value)
    }

    /// Adds a header behind the others.
    public mutating func append(_ header: KafkaHeader) {
        headers.append(header)
    }
}

extension KafkaHeaders: RandomAccessCollection {
    /// 0.
    public var startIndex: Int { 0 }

    /// The number of headers.
    public var endIndex: Int { headers.count }

    /// The header at an index.
    public subscript(index: Int) -> KafkaHeader { headers[index] }
}

extension KafkaHeaders: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral {
    /// Headers as names and values; names may repeat.
    public init(dictionaryLiteral elements: (String, KafkaBytes?)...) {
        headers = elements.map { KafkaHeader($0, $1) }
    }

    /// Headers in order.
    public init(arrayLiteral elements: KafkaHeader...) {
        headers = elements
    }
}

extension KafkaHeaders: CustomStringConvertible, CustomReflectable {
    /// The names, never the values.
    public var description: String { "\(headers.map(\.name))" }

    /// Shows no values either.
    public var customMirror: Mirror { Mirror(self, children: ["names": headers.map(\.name)]) }
}
