/// A certificate that a broker has shown, for a check of your own (``KafkaTLS/certificateCheck``).
public struct KafkaCertificate: Sendable, Hashable {
    /// The broker's address, `localhost:9092`.
    public var broker: String
    /// Zero is the broker's own certificate; those of authorities follow.
    public var depth: Int
    /// The certificate in DER format.
    public var bytes: [UInt8]

    /// A certificate, for tests of a check.
    public init(broker: String, depth: Int, bytes: [UInt8]) {
        self.broker = broker
        self.depth = depth
        self.bytes = bytes
    }
}
