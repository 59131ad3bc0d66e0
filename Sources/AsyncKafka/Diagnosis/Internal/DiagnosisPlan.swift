import RdKafka

/// What a diagnosis has to look at, taken from the configuration of a client of any kind.
struct DiagnosisPlan: Sendable {
    /// What the client is for, and so what it needs.
    enum Purpose: Sendable {
        case producing(acknowledgedByAll: Bool, transactionalID: String?)
        case consuming(group: String?)
        case administrating
    }

    let servers: [BrokerAddress]
    let topics: [String]
    let purpose: Purpose
    let endpoint: EndpointSettings
    let family: NetworkProbe.Family
    /// As brokers call the account by default; nil where they alone know.
    let principal: String?
    /// An admin client's, without the brokers.
    private let configuration: KafkaAdminConfiguration

    init(
        _ purpose: Purpose,
        topics: [String],
        engine: borrowing RdKafka.Configuration,
        clientID: String,
        connection: KafkaConnectionConfiguration,
        security: KafkaSecurity,
        properties: [String: String]
    ) throws(KafkaError) {
        let entries = (engine.value(of: "bootstrap.servers") ?? "").split(separator: ",").filter { !$0.isEmpty }
        var servers: [BrokerAddress] = []
        for entry in entries {
            let address = BrokerAddress(entry: entry.filter { $0 != " " })
            if !servers.contains(address) { servers.append(address) }
        }
        guard !servers.isEmpty else {
            throw .invalid("`bootstrapServers` is empty: name at least one broker, as `host:port`")
        }
        self.servers = servers
        self.topics = topics.unique
        self.purpose = purpose
        let reader = ConnectionFailureReader(engine)
        let username = engine.value(of: "sasl.username") ?? ""
        endpoint = EndpointSettings(
            tls: reader.usesTLS ? EndpointSettings.Verification(engine) : nil,
            mechanism: reader.mechanism,
            username: username.isEmpty ? nil : username
        )
        family =
            switch engine.value(of: "broker.address.family") {
            case "v4": .ipv4
            case "v6": .ipv6
            default: .any
            }
        principal =
            if reader.mechanism == nil {
                reader.usesTLS ? nil : "User:ANONYMOUS"
            } else {
                username.isEmpty ? nil : "User:\(username)"
            }
        var configuration = KafkaAdminConfiguration(bootstrapServers: [])
        configuration.clientID = clientID
        configuration.connection = connection
        // A diagnosis has time limits of its own.
        configuration.connection.refusal = .keepRetrying
        configuration.security = security
        configuration.log = .none
        let left = ["bootstrap.servers", "log_level"].map { PropertyNames.canonical($0) }
        configuration.additionalProperties = properties.filter { name, _ in
            let name = PropertyNames.canonical(name)
            let scope = RdKafka.Configuration.properties[name]?.scope ?? .both
            return !left.contains(name) && PropertyNames.scope(scope, fits: .admin)
        }
        self.configuration = configuration
    }

    func configuration(for server: BrokerAddress) -> KafkaAdminConfiguration {
        var configuration = configuration
        configuration.bootstrapServers = ["\(server)"]
        return configuration
    }
}

extension KafkaProducerConfiguration {
    func diagnosisPlan(_ topics: [String]) throws(KafkaError) -> DiagnosisPlan {
        let engine = try engineConfiguration()
        let transactionalID = engine.value(of: "transactional.id") ?? ""
        return try DiagnosisPlan(
            .producing(
                acknowledgedByAll: engine.value(of: "acks") == "-1",
                transactionalID: transactionalID.isEmpty ? nil : transactionalID
            ),
            topics: topics,
            engine: engine,
            clientID: clientID,
            connection: connection,
            security: security,
            properties: additionalProperties
        )
    }
}

extension KafkaConsumerConfiguration {
    func diagnosisPlan(_ topics: [String]) throws(KafkaError) -> DiagnosisPlan {
        let engine = try engineConfiguration()
        // Without a group the engine has one all the same.
        let named = additionalProperties.first { PropertyNames.canonical($0.key) == "group.id" }?.value
        let group = [groupID, named].compactMap { $0 }.first { !$0.isEmpty }
        return try DiagnosisPlan(
            .consuming(group: group),
            topics: topics,
            engine: engine,
            clientID: clientID,
            connection: connection,
            security: security,
            properties: additionalProperties
        )
    }
}

extension KafkaAdminConfiguration {
    func diagnosisPlan(_ topics: [String]) throws(KafkaError) -> DiagnosisPlan {
        let engine = try engineConfiguration()
        return try DiagnosisPlan(
            .administrating,
            topics: topics,
            engine: engine,
            clientID: clientID,
            connection: connection,
            security: security,
            properties: additionalProperties
        )
    }
}
