/// Why an authorization server has given no token. Holds neither the client's secret nor a token.
public struct KafkaOIDCError: Error, Sendable, CustomStringConvertible {
    /// The HTTP status, nil if there was no answer.
    public internal(set) var status: Int?

    /// What the server calls it, such as `invalid_client` (`error`; RFC 6749, section 5.2).
    public internal(set) var error: String?

    /// What the server says about it (`error_description`).
    public internal(set) var errorDescription: String?

    /// One sentence for people.
    public internal(set) var message: String

    init(_ message: String, status: Int? = nil, error: String? = nil, errorDescription: String? = nil) {
        self.message = message
        self.status = status
        self.error = error
        self.errorDescription = errorDescription
    }

    /// The sentence, with what the server said.
    public var description: String {
        let status = status.map { " (HTTP status \($0))" } ?? ""
        let said = [error, errorDescription].compactMap { $0 }.joined(separator: ": ")
        return said.isEmpty ? "\(message)\(status)" : "\(message)\(status): \(said)"
    }
}
