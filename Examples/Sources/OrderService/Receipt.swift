public import AsyncKafka
import Foundation

/// The answer to an order, as JSON in a record's value; its key is the order's.
public struct Receipt: Codable, Sendable, Hashable {
    /// The order's number; nil if the order could not be read.
    public var order: Int?
    /// Whether the order was accepted.
    public var isAccepted: Bool

    /// A receipt.
    public init(order: Int?, isAccepted: Bool) {
        self.order = order
        self.isAccepted = isAccepted
    }

    /// Decodes a record's value; throws if it holds no receipt.
    public init(_ value: KafkaBytes) throws {
        self = try JSONDecoder().decode(Receipt.self, from: Data(value))
    }

    /// The record's value.
    public func encoded() throws -> KafkaBytes {
        KafkaBytes(try JSONEncoder().encode(self))
    }
}
