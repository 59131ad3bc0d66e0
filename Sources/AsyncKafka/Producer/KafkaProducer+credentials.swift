extension KafkaProducer {
    /// Logs in with another user name and password from now on: PLAIN and SCRAM.
    ///
    /// Connections that begin later use them, those that are there stay as they are: a broker asks again when it ends them, or, if it
    /// has `connections.max.reauth.ms`, when that has passed. So set the new password here once brokers take it, and end the old one
    /// when all clients have it. Suspends for the producer's thread alone, not for a broker: whether brokers take them shows when
    /// they are used.
    ///
    /// What is queued or in flight is not touched: a connection that ends takes its records to the next one.
    ///
    /// The certificate of TLS cannot be changed: it needs a new client.
    ///
    /// - Throws: `invalidState` for a producer without SASL, and with GSSAPI and OAUTHBEARER; `invalidArgument` for an empty name;
    ///   `clientClosed`.
    public func setCredentials(username: String, password: KafkaSecret) async throws(KafkaError) {
        try await core.setCredentials(username: username, password: password)
    }
}
