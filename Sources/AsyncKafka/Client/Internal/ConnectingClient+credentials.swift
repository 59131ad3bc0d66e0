import RdKafka

/// What a client logs in with.
extension ConnectingClient {
    /// Returns when there is something to do about tokens next.
    func proceedTokens(now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        guard let turn = tokens?.proceed(now: now) else { return nil }
        for failure in turn.failures {
            connection.tokenFailed(failure, now: now)
            tokenFailed(failure, now: now)
        }
        if turn.isRenewed {
            connection.tokenCame(now: now)
            loginChanged()
        }
        return turn.deadline
    }

    func setCredentials(username: String, password: KafkaSecret) throws(KafkaError) {
        guard isOpen else { throw .clientClosed }
        log.hide(password)
        try credentials.set(username: username, password: password)
        log.adopt(password)
        connection.renewed()
        loginChanged()
    }

    func loginChanged() {}
}
