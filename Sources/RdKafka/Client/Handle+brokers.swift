import CRdKafka

extension Handle {
    /// Has librdkafka know its bootstrap servers again. Does not wait for one.
    ///
    /// - Returns: whether it has any.
    package func addBootstrapServers() -> Bool {
        guard let servers = value(of: "bootstrap.servers"), !servers.isEmpty else { return false }
        return rd_kafka_brokers_add(pointer, servers) > 0
    }
}
