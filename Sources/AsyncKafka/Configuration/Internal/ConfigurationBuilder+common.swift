import RdKafka

/// What all clients have in common.
extension ConfigurationBuilder {
    func setBootstrapServers(_ servers: [String]) throws(KafkaError) {
        let given = givenName(of: "bootstrap.servers")
        guard !servers.isEmpty || given != nil else {
            throw .invalid("`bootstrapServers` is empty: name at least one broker, as `host:port`")
        }
        for server in servers { try checkServer(server, in: "bootstrapServers") }
        if let given {
            for server in serversInForce { try checkServer(server, in: PropertyNames.printable(given)) }
        }
        try set(
            Setting(
                "bootstrapServers",
                "bootstrap.servers",
                servers.joined(separator: ","),
                isDefault: servers.isEmpty
            )
        )
    }

    func setStatistics(_ interval: Duration?) throws(KafkaError) {
        if let interval { try Setting.check("statisticsInterval", interval, in: .milliseconds(100) ... .longest) }
        try set(Setting("statisticsInterval", "statistics.interval.ms", interval ?? .zero, default: .zero))
    }

    /// librdkafka allows for spaces in front of an entry.
    private var serversInForce: [String] {
        (engine.value(of: "bootstrap.servers") ?? "").split(separator: ",")
            .map { String($0.drop { $0 == " " }) }.filter { !$0.isEmpty }
    }

    /// librdkafka drops an entry whose scheme is not its security protocol, and all that follow it (rdkafka_broker.c,
    /// `rd_kafka_broker_name_parse`).
    func checkSchemes() throws(KafkaError) {
        let setting = PropertyNames.printable(givenName(of: "bootstrap.servers") ?? "bootstrapServers")
        let inForce = (engine.value(of: "security.protocol") ?? "plaintext").lowercased()
        for server in serversInForce {
            guard let end = server.firstRange(of: "://")?.lowerBound else { continue }
            let scheme = server[..<end].lowercased()
            guard scheme != inForce else { continue }
            let shown = PropertyNames.printable(server)
            guard ["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"].contains(scheme) else {
                throw .invalid(
                    "`\(setting)` contains \"\(shown)\", whose scheme is none of Kafka's: leave it out, as in `host:port`"
                )
            }
            throw .invalid(
                """
                `\(setting)` contains \"\(shown)\", whose scheme is \(scheme), and `security.protocol` is \(inForce), which follows from \
                `security`: change `security`, or leave the scheme out
                """
            )
        }
    }

    /// librdkafka passes over entries that it cannot read.
    private func checkServer(_ server: String, in setting: String) throws(KafkaError) {
        let shown = PropertyNames.printable(server)
        guard !server.isEmpty else {
            throw .invalid("`\(setting)` contains an empty entry")
        }
        guard server.unicodeScalars.allSatisfy({ $0 > " " && $0 != "," && $0 != "\u{7f}" }) else {
            throw .invalid(
                "`\(setting)` contains \"\(shown)\": each entry is one `host:port`, without spaces and commas"
            )
        }
        var address = server[...]
        if let scheme = address.firstRange(of: "://") { address = address[scheme.upperBound...] }
        var port: Substring?
        if address.hasPrefix("["), let end = address.lastIndex(of: "]") {
            let rest = address[address.index(after: end)...]
            port = rest.isEmpty ? nil : rest.dropFirst()
            address = address[...end]
        } else if let colon = address.firstIndex(of: ":"), colon == address.lastIndex(of: ":") {
            port = address[address.index(after: colon)...]
            address = address[..<colon]
        }
        guard !address.isEmpty else {
            throw .invalid("`\(setting)` contains \"\(shown)\", which names no host")
        }
        guard let port else { return }
        guard let number = Int(port), 1...65_535 ~= number else {
            throw .invalid("`\(setting)` contains \"\(shown)\", whose port is not a number from 1 to 65535")
        }
    }

    func setConnection(_ connection: KafkaConnectionConfiguration, isTransactional: Bool = false) throws(KafkaError) {
        let standard = KafkaConnectionConfiguration()
        // rd_kafka_new derives the time-out of transactional producers, unless it was set at all.
        if !isTransactional || connection.socketTimeout != standard.socketTimeout {
            try set(
                Setting(
                    "connection.socketTimeout",
                    "socket.timeout.ms",
                    connection.socketTimeout,
                    default: standard.socketTimeout
                )
            )
        }
        try set(
            Setting(
                "connection.setupTimeout",
                "socket.connection.setup.timeout.ms",
                connection.setupTimeout,
                default: standard.setupTimeout
            )
        )
        try set(
            Setting(
                "connection.reconnectBackoff",
                "reconnect.backoff.ms",
                connection.reconnectBackoff,
                default: standard.reconnectBackoff
            )
        )
        try set(
            Setting(
                "connection.maxReconnectBackoff",
                "reconnect.backoff.max.ms",
                connection.maxReconnectBackoff,
                default: standard.maxReconnectBackoff
            )
        )
        try set(
            Setting(
                "connection.metadataMaxAge",
                "metadata.max.age.ms",
                connection.metadataMaxAge,
                default: standard.metadataMaxAge
            )
        )
        try set(
            Setting(
                "connection.isKeepaliveEnabled",
                "socket.keepalive.enable",
                connection.isKeepaliveEnabled,
                default: standard.isKeepaliveEnabled
            )
        )
        if let limit = connection.refusal.limit {
            try Setting.check("connection.refusal", limit, in: .zero ... .longest)
        }
        try setSocket(connection, standard)
        try setMetadataRefresh(connection, standard)
        if let first = integer("reconnect.backoff.ms"), let longest = integer("reconnect.backoff.max.ms"),
            first > longest
        {
            throw .invalid(
                """
                `connection.reconnectBackoff` (reconnect.backoff.ms) is \(first) ms and `connection.maxReconnectBackoff` \
                (reconnect.backoff.max.ms) \(longest) ms: raise the second or lower the first
                """
            )
        }
    }

    /// Log lines come through the log queue, at the level of the log that takes them.
    func setLog(_ log: KafkaLog) throws(KafkaError) {
        let level = "\(log.engineLevel)"
        if let name = givenName(of: "log_level"), engine.value(of: "log_level") != level {
            throw .invalid("`\(name)` cannot be set: the level belongs to `log`, as in `log = .standardError(.info)`")
        }
        try require("log_level", level)
        try require("log.queue", "true")
    }

    /// What brokers see of the program that connects (KIP-511).
    func setSoftwareName() throws(KafkaError) {
        try prefer("client.software.name", "async-kafka")
    }
}
