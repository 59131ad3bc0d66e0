import RdKafka

/// What all clients have in common.
extension ConfigurationBuilder {
    func setBootstrapServers(_ servers: [String]) throws(KafkaError) {
        let isGiven = isNamed("bootstrap.servers")
        guard !servers.isEmpty || isGiven else {
            throw .invalid("`bootstrapServers` is empty: name at least one broker, as `host:port`")
        }
        for server in servers { try checkServer(server) }
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

    /// librdkafka passes over entries that it cannot read.
    private func checkServer(_ server: String) throws(KafkaError) {
        let shown = PropertyNames.printable(server)
        guard !server.isEmpty else {
            throw .invalid("`bootstrapServers` contains an empty entry")
        }
        guard server.unicodeScalars.allSatisfy({ $0 > " " && $0 != "," && $0 != "\u{7f}" }) else {
            throw .invalid(
                "`bootstrapServers` contains \"\(shown)\": each entry is one `host:port`, without spaces and commas"
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
            throw .invalid("`bootstrapServers` contains \"\(shown)\", which names no host")
        }
        guard let port else { return }
        guard let number = Int(port), 1...65_535 ~= number else {
            throw .invalid("`bootstrapServers` contains \"\(shown)\", whose port is not a number from 1 to 65535")
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
