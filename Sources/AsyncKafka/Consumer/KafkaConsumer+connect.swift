extension KafkaConsumer {
    /// Waits until a broker has taken this client: its name is resolved, it answers, TLS and the login have succeeded, and it has
    /// answered a request behind them.
    ///
    /// Returns at once if a broker serves the client already. A client need not be told to connect, it does so from its start; this is for
    /// programs that want to know before they begin.
    ///
    /// Suspends for `timeout` at most. Once all brokers that were tried have refused the client it throws, without waiting for
    /// `connection.refusal`; the client goes on trying, and so the call may be made again. A broker that is not there is waited for.
    ///
    /// ```swift
    /// try await consumer.connect(timeout: .seconds(5))
    /// ```
    ///
    /// ## Cancellation
    /// Ends the wait, with code `cancelled`.
    ///
    /// - Parameter timeout: how long to wait at most.
    /// - Throws: why no broker has taken the client, with what to check: `authentication`, `unsupportedMechanism`, `saslExpected`,
    ///   `saslUnexpected`, `tlsExpected`, `tlsUnexpected`, `certificateUntrusted`, `certificateExpired`, `certificateHostMismatch`,
    ///   `certificateRefused`, `clientCertificateMissing`, `clientCertificateRefused`, `ssl`; after `timeout` also `resolve`, `transport`,
    ///   and `timedOut` where nothing is known; `cancelled`, `clientClosed`.
    public func connect(timeout: Duration = .seconds(10)) async throws(KafkaError) {
        try await core.connect(until: .after(timeout))
    }
}
