#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A part of the statistics that is read from one JSON object.
protocol StatisticsObject: Sendable {
    init(_ fields: StatisticsFields)
}

/// The fields of one JSON object, as far as they are what they should be.
///
/// A field that is missing, or of another type, is nil, and a number out of range is clamped: an engine that is older, newer or
/// odd costs a figure, never the whole.
struct StatisticsFields {
    private struct Name: CodingKey {
        let stringValue: String
        let intValue: Int? = nil

        init(stringValue: String) { self.stringValue = stringValue }

        init?(intValue: Int) { return nil }
    }

    /// A value that is read with the help of its fields.
    private struct Object<Value: StatisticsObject>: Decodable {
        let value: Value

        init(from decoder: any Decoder) throws {
            value = Value(try StatisticsFields(decoder))
        }
    }

    private static let sourceKey = CodingUserInfoKey(rawValue: "source")

    private let container: KeyedDecodingContainer<Name>
    /// The whole text.
    let source: String

    private init(_ decoder: any Decoder) throws {
        container = try decoder.container(keyedBy: Name.self)
        source = Self.sourceKey.flatMap { decoder.userInfo[$0] as? String } ?? ""
    }

    /// Nil if the text is no JSON object.
    static func decode<Value: StatisticsObject>(_ json: [UInt8]) -> Value? {
        let decoder = JSONDecoder()
        if let key = sourceKey { decoder.userInfo[key] = String(decoding: json, as: UTF8.self) }
        return try? decoder.decode(Object<Value>.self, from: Data(json)).value
    }

    // MARK: Values

    func text(_ name: String) -> String? { read(name) }

    func flag(_ name: String) -> Bool? { read(name) }

    func integer(_ name: String) -> Int? {
        if let number: Int = read(name) { return number }
        // Beyond 64 bits, or with a fraction.
        guard let number: Double = read(name), !number.isNaN else { return nil }
        if let exact = Int(exactly: number.rounded(.towardZero)) { return exact }
        return number < 0 ? .min : .max
    }

    /// For numbers below which librdkafka says "none".
    func natural(_ name: String) -> Int? {
        integer(name).flatMap { $0 < 0 ? nil : $0 }
    }

    func offset(_ name: String) -> Int64? {
        natural(name).map { Int64($0) }
    }

    func microseconds(_ name: String) -> Duration? { natural(name).map { .microseconds($0) } }

    func milliseconds(_ name: String) -> Duration? { natural(name).map { .milliseconds($0) } }

    // MARK: Objects

    func object<Value: StatisticsObject>(_ name: String) -> Value? {
        let object: Object<Value>? = read(name)
        return object?.value
    }

    /// The members of an object whose keys are names.
    func objects<Value: StatisticsObject>(_ name: String) -> [Value] {
        guard let members = members(name) else { return [] }
        return members.container.allKeys.compactMap { members.object($0.stringValue) }
    }

    func integers(_ name: String) -> [String: Int] {
        guard let members = members(name) else { return [:] }
        let pairs = members.container.allKeys.compactMap { key in
            members.integer(key.stringValue).map { (key.stringValue, $0) }
        }
        return Dictionary(pairs) { first, _ in first }
    }

    enum Unit {
        case microseconds
        case milliseconds
    }

    func window(_ name: String, _ unit: Unit) -> KafkaStatistics.Window<Duration>? {
        members(name).map { fields in
            KafkaStatistics.Window(fields) { unit == .microseconds ? .microseconds($0) : .milliseconds($0) }
        }
    }

    func window(_ name: String) -> KafkaStatistics.Window<Int>? {
        members(name).map { KafkaStatistics.Window($0) { $0 } }
    }

    private func members(_ name: String) -> StatisticsFields? {
        let members: Members? = read(name)
        return members?.fields
    }

    private struct Members: Decodable {
        let fields: StatisticsFields

        init(from decoder: any Decoder) throws {
            fields = try StatisticsFields(decoder)
        }
    }

    private func read<Value: Decodable>(_ name: String) -> Value? {
        try? container.decode(Value.self, forKey: Name(stringValue: name))
    }
}
