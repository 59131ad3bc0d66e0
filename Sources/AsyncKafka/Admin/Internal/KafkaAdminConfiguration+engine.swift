import RdKafka

extension KafkaAdminConfiguration {
    /// The longest that librdkafka waits for an answer.
    static let longestTimeout = Duration.seconds(3600)

    /// Checks all settings and builds librdkafka's configuration from them.
    func engineConfiguration() throws(KafkaError) -> RdKafka.Configuration {
        let standard = KafkaAdminConfiguration(bootstrapServers: [])
        let builder = try ConfigurationBuilder.make(.admin, additionalProperties)
        try builder.setBootstrapServers(bootstrapServers)
        try builder.set(Setting("clientID", "client.id", clientID, isDefault: clientID == standard.clientID))
        try builder.setConnection(connection)
        try builder.setSecurity(security)
        try builder.setLog(log)
        try builder.setSoftwareName()
        try Setting.check("requestTimeout", requestTimeout, in: .milliseconds(1)...Self.longestTimeout)
        if let operationTimeout {
            try Setting.check("operationTimeout", operationTimeout, in: .zero...Self.longestTimeout)
        }
        try Setting.check("closeTimeout", closeTimeout, in: .zero ... .longest)
        let creation = "allow.auto.create.topics"
        if builder.isNamed(creation), builder.engine.value(of: creation) == "true" {
            throw .invalid("`\(creation)` can only be false: an admin client makes the topics that it is told to")
        }
        try builder.require(creation, "false")
        return builder.finish()
    }
}
