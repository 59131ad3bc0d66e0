public import AsyncKafka
import Foundation

/// An order, as JSON in a record's value.
public struct Order: Codable, Sendable, Hashable {
    /// Its number.
    public var number: Int
    /// Who ordered: the record's key, so that a customer's orders stay in order.
    public var customer: String
    /// What was ordered.
    public var item: String
    /// The price.
    public var cents: Int

    /// An order.
    public init(number: Int, customer: String, item: String = "umbrella", cents: Int = 1999) {
        self.number = number
        self.customer = customer
        self.item = item
        self.cents = cents
    }

    /// Decodes a record's value; throws if it holds no order.
    public init(_ value: KafkaBytes) throws {
        self = try Self.decoder.decode(Order.self, from: Data(value))
    }

    /// The record's value.
    public func encoded() throws -> KafkaBytes {
        KafkaBytes(try Self.encoder.encode(self))
    }

    private static let encoder = JSONEncoder()
    private static let decoder = JSONDecoder()
}
