// What brokers say about logins and permissions.
extension KafkaError.Code {
    /// No permission for the topic. Grant this client READ, WRITE, DESCRIBE or CREATE on it, as the call needs.
    public static let topicAuthorizationFailed = KafkaError.Code(rawValue: 29)
    /// No permission for the group. Grant this client READ on it.
    public static let groupAuthorizationFailed = KafkaError.Code(rawValue: 30)
    /// No permission for the cluster. Grant this client the operation on it; IDEMPOTENT_WRITE with brokers before 2.8.
    public static let clusterAuthorizationFailed = KafkaError.Code(rawValue: 31)
    /// The broker's listener does not offer the mechanism. Check `sasl.mechanisms` and the port.
    public static let unsupportedSASLMechanism = KafkaError.Code(rawValue: 33)
    /// The broker expected another step of the login. Check that the port wants SASL.
    public static let illegalSASLState = KafkaError.Code(rawValue: 34)
    /// No permission for the transactional id. Grant this client WRITE and DESCRIBE on it.
    public static let transactionalIDAuthorizationFailed = KafkaError.Code(rawValue: 53)
    /// The cluster has no authorizer: there are no access rules. Set `authorizer.class.name` on the brokers.
    public static let securityDisabled = KafkaError.Code(rawValue: 54)
    /// The broker refused the login. Check the mechanism, the user name and the password, or the token.
    public static let saslAuthenticationFailed = KafkaError.Code(rawValue: 58)
    /// The brokers have no delegation tokens. Set `delegation.token.secret.key` on them.
    public static let delegationTokenAuthenticationDisabled = KafkaError.Code(rawValue: 61)
    /// The brokers do not know the delegation token. Get a new one.
    public static let delegationTokenNotFound = KafkaError.Code(rawValue: 62)
    /// The delegation token belongs to somebody else.
    public static let delegationTokenOwnerMismatch = KafkaError.Code(rawValue: 63)
    /// Delegation tokens are not given over this connection. Use SASL, or TLS with a client certificate.
    public static let delegationTokenRequestNotAllowed = KafkaError.Code(rawValue: 64)
    /// No permission for the delegation token. Grant this client DESCRIBE on it.
    public static let delegationTokenAuthorizationFailed = KafkaError.Code(rawValue: 65)
    /// The delegation token has expired. Get a new one.
    public static let delegationTokenExpired = KafkaError.Code(rawValue: 66)
    /// The kind of principal is not supported. Write it as `User:name`.
    public static let invalidPrincipalType = KafkaError.Code(rawValue: 67)
    /// The broker does not take the credential: its iterations, for example.
    public static let unacceptableCredential = KafkaError.Code(rawValue: 93)
    /// A broker could not read who asked, in a request that another forwarded. Look at the brokers' settings.
    public static let principalDeserializationFailure = KafkaError.Code(rawValue: 97)
}
