import RdKafka

/// Sockets, addresses and metadata: the parts of a connection that are seldom touched.
extension ConfigurationBuilder {
    func setSocket(
        _ connection: KafkaConnectionConfiguration,
        _ standard: KafkaConnectionConfiguration
    ) throws(KafkaError) {
        try set(
            Setting(
                "connection.isNagleEnabled",
                "socket.nagle.disable",
                !connection.isNagleEnabled,
                default: !standard.isNagleEnabled
            )
        )
        try set(
            Setting(
                "connection.sendBufferBytes",
                "socket.send.buffer.bytes",
                connection.sendBufferBytes,
                default: standard.sendBufferBytes
            )
        )
        try set(
            Setting(
                "connection.receiveBufferBytes",
                "socket.receive.buffer.bytes",
                connection.receiveBufferBytes,
                default: standard.receiveBufferBytes
            )
        )
        try set(
            Setting(
                "connection.maxFailures",
                "socket.max.fails",
                connection.maxFailures,
                default: standard.maxFailures
            )
        )
        // Left alone, librdkafka has a default of its own for Azure.
        if let idleTimeout = connection.idleTimeout {
            var setting = try Setting(
                "connection.idleTimeout",
                "connections.max.idle.ms",
                idleTimeout,
                default: idleTimeout
            )
            setting.isDefault = false
            try set(setting)
        }
        try set(
            Setting(
                "connection.addressCacheTime",
                "broker.address.ttl",
                connection.addressCacheTime,
                default: standard.addressCacheTime
            )
        )
        try set(
            Setting(
                "connection.addressFamily",
                "broker.address.family",
                connection.addressFamily.name,
                isDefault: connection.addressFamily == standard.addressFamily
            )
        )
    }

    /// After `metadata.max.age.ms`, from which the default derives.
    func setMetadataRefresh(
        _ connection: KafkaConnectionConfiguration,
        _ standard: KafkaConnectionConfiguration
    ) throws(KafkaError) {
        let path = "connection.metadataRefreshInterval"
        let property = "topic.metadata.refresh.interval.ms"
        let isDefault = connection.metadataRefreshInterval == standard.metadataRefreshInterval
        let maxAge = integer("metadata.max.age.ms") ?? Int.max
        if var interval = connection.metadataRefreshInterval {
            guard interval > .zero else {
                throw .invalid("`\(path)` is \(interval): give a time above zero, or nil for never")
            }
            if isDefault { interval = min(interval, .milliseconds(max(1, maxAge / 3))) }
            var setting = try Setting(path, property, interval, default: interval)
            setting.isDefault = isDefault
            try set(setting)
        } else {
            try set(Setting(path, property, "-1", isDefault: false))
        }
        if let interval = integer(property), interval > maxAge {
            throw .invalid(
                """
                `\(path)` (\(property)) is \(interval) ms and `connection.metadataMaxAge` (metadata.max.age.ms) \(maxAge) ms: \
                topics would be forgotten before they are looked up again, so lower the first or raise the second
                """
            )
        }
    }
}
