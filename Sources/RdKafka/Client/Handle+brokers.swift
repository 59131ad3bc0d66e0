import CRdKafka

extension Handle {
    /// Has librdkafka begin anew with its bootstrap servers if it has come to know no broker. Does not wait for one.
    ///
    /// From 2.10 on, brokers that an answer does not name are forgotten (rdkafka_metadata.c,
    /// `rd_kafka_metadata_decommission_unavailable_brokers`), and an answer with topics may name none: so says a node while all brokers are
    /// fenced. librdkafka would begin anew by itself, but stops the timer for that as it has read this answer, if it is late, and then does
    /// nothing for ever, without a word (confluentinc/librdkafka#5301; 2.16 too).
    ///
    /// - Returns: whether it had to.
    package func findBrokersAgain() -> Bool {
        guard brokers.takeLoss(), let servers = value(of: "bootstrap.servers"), !servers.isEmpty else { return false }
        rd_kafka_brokers_add(pointer, servers)
        return true
    }
}
