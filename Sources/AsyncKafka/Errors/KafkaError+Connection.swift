// Why brokers do not take a client. Besides them: `authentication`, `resolve`, `transport`, `ssl`.
extension KafkaError.Code {
    /// The brokers do not know the SASL mechanism: the error's message has those that they know.
    public static let unsupportedMechanism = KafkaError.Code(rawValue: -10_101)
    /// The broker wants a login (SASL), and the client has none.
    public static let saslExpected = KafkaError.Code(rawValue: -10_102)
    /// The client wants to log in (SASL) at a port that knows no logins.
    public static let saslUnexpected = KafkaError.Code(rawValue: -10_103)
    /// The client speaks without TLS, most likely to a port that wants it.
    public static let tlsExpected = KafkaError.Code(rawValue: -10_104)
    /// The client speaks TLS, most likely to a port without it.
    public static let tlsUnexpected = KafkaError.Code(rawValue: -10_105)
    /// The broker's certificate is of no authority that the client trusts.
    public static let certificateUntrusted = KafkaError.Code(rawValue: -10_106)
    /// The broker's certificate, or that of an authority, has expired or is not valid yet.
    public static let certificateExpired = KafkaError.Code(rawValue: -10_107)
    /// The broker's certificate is for another host.
    public static let certificateHostMismatch = KafkaError.Code(rawValue: -10_108)
    /// The broker's certificate is refused for another reason, such as a revocation, or by the application's check.
    public static let certificateRefused = KafkaError.Code(rawValue: -10_109)
    /// The broker wants a certificate of the client's, which has none.
    public static let clientCertificateMissing = KafkaError.Code(rawValue: -10_110)
    /// The broker refuses the client's certificate: it may have expired, or be of an authority that the broker does not trust.
    public static let clientCertificateRefused = KafkaError.Code(rawValue: -10_111)

    static let namesOfConnection: [KafkaError.Code: String] = [
        .unsupportedMechanism: "unsupportedMechanism",
        .saslExpected: "saslExpected",
        .saslUnexpected: "saslUnexpected",
        .tlsExpected: "tlsExpected",
        .tlsUnexpected: "tlsUnexpected",
        .certificateUntrusted: "certificateUntrusted",
        .certificateExpired: "certificateExpired",
        .certificateHostMismatch: "certificateHostMismatch",
        .certificateRefused: "certificateRefused",
        .clientCertificateMissing: "clientCertificateMissing",
        .clientCertificateRefused: "clientCertificateRefused",
    ]
}

extension KafkaError {
    /// Whether brokers and this client do not take each other: for a password, a mechanism, a certificate, or because one of them wants
    /// TLS or a login and the other does not. Something has to be put right first (`connection.refusal`).
    public var isConnectionRefused: Bool {
        Code.namesOfConnection[code] != nil || code == .authentication || code == .ssl
    }
}
