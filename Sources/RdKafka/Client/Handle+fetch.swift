import CRdKafka

extension Handle {
    /// The pace of a queue from which nothing has been drained yet; nil where librdkafka's broker threads need no waking.
    ///
    /// `fetch.queue.backoff.ms`, from librdkafka 2.2 on, says when they look again by themselves. For clients with SASL see
    /// `wakeFetchers`.
    func newFetchPace() -> FetchPace? {
        guard saslMechanism == nil, value(of: "fetch.queue.backoff.ms") == nil,
            let count = value(of: "queued.min.messages").flatMap({ Int($0) }),
            let kilobytes = value(of: "queued.max.messages.kbytes").flatMap({ Int($0) })
        else { return nil }
        return FetchPace(count: count, bytes: kilobytes * 1024)
    }

    /// Has all broker threads look at once whether to fetch. What they decide by stays as it is.
    ///
    /// Of what is public, only a change of the user's name and password wakes those of a consumer and does nothing else
    /// (rdkafka_sasl.c, `rd_kafka_sasl_set_credentials`). Without SASL nobody reads these. With it they are what the next login shows,
    /// which may begin at any time.
    func wakeFetchers() {
        guard fetchPace != nil else { return }
        _ = EngineError(consuming: rd_kafka_sasl_set_credentials(pointer, "", ""))
    }
}
