extension PropertyNames {
    /// What Confluent's clients for other languages take beside librdkafka's properties, and librdkafka's callbacks, with what takes
    /// their place.
    ///
    /// https://docs.confluent.io/platform/current/clients/confluent-kafka-python/html/index.html
    static let confluent: [String: String] = [
        "on_delivery": deliveries,
        "dr_cb": deliveries,
        "dr_msg_cb": deliveries,
        "error_cb": "errors are thrown, come as a consumer's `events`, and stand in the log",
        "stats_cb": statistics,
        "throttle_cb": "a consumer's `events` tell of quotas that hold it back",
        "log_cb": log,
        "logger": log,
        "oauth_cb": tokens,
        "oauthbearer_token_refresh_cb": tokens,
        "rebalance_cb": hooks,
        "on_assign": hooks,
        "on_revoke": hooks,
        "on_lost": hooks,
        "offset_commit_cb": commits,
        "on_commit": commits,
        "consume_cb": "messages are read in a loop over `messages`",
        "event_cb": "what is to be known comes as a consumer's `events`",
        "partitioner_cb": "give `partitioner` a function, as in `.custom { key, count in … }`",
        "default.topic.config": topicProperties,
        "default_topic_conf": topicProperties,
        "topic.config": topicProperties,
        "schema.registry.url": registry,
        "basic.auth.user.info": registry,
        "basic.auth.credentials.source": registry,
        "auto.register.schemas": registry,
        "use.latest.version": registry,
    ]

    private static let deliveries =
        "`send` returns once its record is acknowledged, and `deliveryReports` has the outcome of each"
    private static let statistics = "read the client's `statistics`, with a `statisticsInterval`"
    private static let log = "the setting `log` takes a handler, as in `.handler(level: .info) { entry in … }`"
    private static let tokens = "give `security` a token provider, as in `.sasl(.oauthBearer(provider))`"
    private static let hooks = "set `rebalanceHooks`"
    private static let commits = "`commit` returns once the broker has acknowledged it"
    private static let topicProperties = "give the properties of topics by their names, beside the others"
    private static let registry = "there is no client for a schema registry here: serialise before sending"

    /// The settings of one client alone begin with its name.
    private static let clients = ["go.": "Go", "dotnet.": "C#", "js.": "JavaScript"]

    /// What takes the place of a name that only other clients of librdkafka have.
    static func counterpart(ofConfluent name: String) -> String? {
        if let hint = confluent[name] { return hint }
        for (prefix, language) in clients where name.hasPrefix(prefix) {
            return "it belongs to Confluent's client for \(language)"
        }
        return nil
    }
}
