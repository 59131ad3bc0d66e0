import RdKafka

/// What the consumer logs in with.
extension ConsumerCore {
    /// Returns when there is something to do about tokens next.
    func proceedTokens(now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        guard let turn = tokens?.proceed(now: now) else { return nil }
        for failure in turn.failures {
            connection.tokenFailed(failure, now: now)
            // The log has each of them.
            if !failure.isRepeated { problem(failure.error) }
        }
        if turn.isRenewed { connection.renewed() }
        return turn.deadline
    }

    func setCredentials(username: String, password: KafkaSecret) throws(KafkaError) {
        guard case .open = phase else { throw .clientClosed }
        try credentials.set(username: username, password: password)
        connection.renewed()
    }
}
