// One call for the configurations of all kinds of clients, as it is for those that no broker takes.

extension KafkaProducerConfiguration {
    /// Finds out why a producer with this configuration does not work, or that it does.
    ///
    /// Makes no producer: it works where none can connect. Each broker of `bootstrapServers`, and each that the cluster names, has its
    /// name looked up and is connected to, with TLS and the login; then topics are looked at, with what the account may do, as far as
    /// it may see that. A client that reaches the bootstrap servers and then hangs has brokers that it is told of and cannot reach:
    /// those fail here, by name.
    ///
    /// ```swift
    /// print(await configuration.diagnose(topics: ["orders"]))
    /// ```
    ///
    /// Nothing is written, no topic made, no record sent, no group joined. For the time of the call each broker has a connection; nothing
    /// is logged. A token provider is asked for a token for each broker.
    ///
    /// Suspends until all checks are made, for `timeout` at most; what is left then is `unknown`. That nothing answers is a failure only
    /// where there was time for an answer: 5 s for a name, 3 s for an address, 10 s for what comes behind, 5 s for the cluster. Nothing
    /// throws: what fails is in the report, an invalid configuration too.
    ///
    /// ## Cancellation
    /// Ends it at once, with what is known by then; `isComplete` is false.
    ///
    /// - Parameters:
    ///   - topics: topics to look at; none by default.
    ///   - timeout: how long it may take; half of it may go by before the cluster has been reached. 30 s by default, an hour at most.
    /// - Returns: the report. Its text says what was seen, and what to do.
    public func diagnose(topics: [String] = [], timeout: Duration = .seconds(30)) async -> KafkaDiagnosis {
        await Diagnosis.make(timeout: timeout, redaction: redaction) { () throws(KafkaError) in
            try diagnosisPlan(topics)
        }
    }
}

extension KafkaConsumerConfiguration {
    /// Finds out why a consumer with this configuration does not work, or that it does.
    ///
    /// As ``KafkaProducerConfiguration/diagnose(topics:timeout:)``; besides, whether the account may see the group.
    ///
    /// - Parameters:
    ///   - topics: topics to look at; none by default.
    ///   - timeout: how long it may take; half of it may go by before the cluster has been reached. 30 s by default, an hour at most.
    /// - Returns: the report. Its text says what was seen, and what to do.
    public func diagnose(topics: [String] = [], timeout: Duration = .seconds(30)) async -> KafkaDiagnosis {
        await Diagnosis.make(timeout: timeout, redaction: redaction) { () throws(KafkaError) in
            try diagnosisPlan(topics)
        }
    }
}

extension KafkaAdminConfiguration {
    /// Finds out why an admin client with this configuration does not work, or that it does.
    ///
    /// As ``KafkaProducerConfiguration/diagnose(topics:timeout:)``.
    ///
    /// - Parameters:
    ///   - topics: topics to look at; none by default.
    ///   - timeout: how long it may take; half of it may go by before the cluster has been reached. 30 s by default, an hour at most.
    /// - Returns: the report. Its text says what was seen, and what to do.
    public func diagnose(topics: [String] = [], timeout: Duration = .seconds(30)) async -> KafkaDiagnosis {
        await Diagnosis.make(timeout: timeout, redaction: redaction) { () throws(KafkaError) in
            try diagnosisPlan(topics)
        }
    }
}
