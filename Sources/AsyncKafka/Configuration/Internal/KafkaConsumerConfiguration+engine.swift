import RdKafka

extension KafkaConsumerConfiguration {
    /// Checks all settings and builds librdkafka's configuration from them.
    func engineConfiguration() throws(KafkaError) -> RdKafka.Configuration {
        let standard = KafkaConsumerConfiguration(bootstrapServers: [])
        let builder = try ConfigurationBuilder.make(.consumer, additionalProperties)

        try builder.setBootstrapServers(bootstrapServers)
        if let groupID {
            guard !groupID.isEmpty || !(builder.engine.value(of: "group.id") ?? "").isEmpty else {
                throw .invalid(
                    "`groupID` is empty: name the group whose members share the partitions, or give nil for none"
                )
            }
            try builder.set(Setting("groupID", "group.id", groupID, isDefault: groupID.isEmpty))
        }
        try builder.set(Setting("clientID", "client.id", clientID, isDefault: clientID == standard.clientID))
        try builder.set(
            Setting(
                "autoOffsetReset",
                "auto.offset.reset",
                autoOffsetReset.name,
                isDefault: autoOffsetReset == standard.autoOffsetReset
            )
        )
        try setGroup(builder, standard.group)
        try setFetch(builder, standard.fetch)
        if let clientRack {
            guard !clientRack.isEmpty else { throw .invalid("`clientRack` is empty: name the rack, or nil for none") }
            try builder.set(Setting("clientRack", "client.rack", clientRack, isDefault: false))
        }
        try builder.set(
            Setting(
                "isolationLevel",
                "isolation.level",
                isolationLevel.name,
                isDefault: isolationLevel == standard.isolationLevel
            )
        )
        try builder.set(
            Setting(
                "emitsPartitionEnd",
                "enable.partition.eof",
                emitsPartitionEnd,
                default: standard.emitsPartitionEnd
            )
        )
        try builder.setStatistics(statisticsInterval)
        try builder.setConnection(connection)
        try builder.setSecurity(security)
        try checkFetch(builder)
        try builder.setLog(log)
        try builder.setSoftwareName()

        try Setting.check("revokeTimeout", revokeTimeout, in: .zero ... .longest)
        try Setting.check("commitTimeout", commitTimeout, in: .zero ... .longest)
        try Setting.check("closeTimeout", closeTimeout, in: .zero ... .longest)
        switch offsetPolicy.mode {
        case .afterProcessing(let interval):
            try Setting.check("offsetPolicy.interval", interval, in: .milliseconds(1) ... .longest)
        case .onDelivery(let maxCount):
            try Setting.check("offsetPolicy.maxCount", maxCount, in: 1...1000, unit: " messages")
        case .manual:
            break
        }
        try checkGroup(builder)

        try builder.require("enable.auto.commit", "false")
        try builder.require("enable.auto.offset.store", "false")
        return builder.finish()
    }

    // MARK: Group

    private func setGroup(_ builder: borrowing ConfigurationBuilder, _ standard: Group) throws(KafkaError) {
        try setProtocol(builder)
        let sessionTimeout = try Setting(
            "group.sessionTimeout",
            "session.timeout.ms",
            group.sessionTimeout,
            default: standard.sessionTimeout
        )
        let heartbeatInterval = try Setting(
            "group.heartbeatInterval",
            "heartbeat.interval.ms",
            group.heartbeatInterval,
            default: standard.heartbeatInterval
        )
        guard !group.assignmentStrategies.isEmpty || builder.isNamed("partition.assignment.strategy") else {
            throw .invalid("`group.assignmentStrategies` is empty: name at least one")
        }
        let strategies = Setting(
            "group.assignmentStrategies",
            "partition.assignment.strategy",
            group.assignmentStrategies.map(\.name).joined(separator: ","),
            isDefault: group.assignmentStrategies == standard.assignmentStrategies
        )
        // The coordinator decides on these in the newer protocol, and librdkafka refuses them if they are set at all.
        let isClassic = !usesConsumerProtocol(builder)
        for setting in [sessionTimeout, heartbeatInterval, strategies] {
            if isClassic {
                try builder.set(setting)
            } else if !setting.isDefault {
                throw .invalid(
                    "`\(setting.path)` is set and `group.protocol` is consumer, under which brokers decide on it: remove one of them"
                )
            }
        }
        try builder.set(
            Setting(
                "group.maxPollInterval",
                "max.poll.interval.ms",
                group.maxPollInterval,
                default: standard.maxPollInterval
            )
        )
        if let instanceID = group.instanceID {
            guard !instanceID.isEmpty else {
                throw .invalid("`group.instanceID` is empty: give a name, or nil for none")
            }
            try builder.set(Setting("group.instanceID", "group.instance.id", instanceID, isDefault: false))
        }
    }

    /// The release in which librdkafka's KIP-848 is ready for production (its CHANGELOG.md).
    private static var consumerProtocolVersion: Int32 { 0x020c_0000 }

    private func setProtocol(_ builder: borrowing ConfigurationBuilder) throws(KafkaError) {
        let isDefault = group.protocol == .classic
        guard isDefault || Engine.versionNumber >= Self.consumerProtocolVersion else {
            throw .invalid(
                """
                `group.protocol` is \(group.protocol), which needs librdkafka 2.12.0 or newer: this process runs with \
                \(Engine.version)
                """
            )
        }
        try builder.set(
            Setting("group.protocol", "group.protocol", group.protocol.description, isDefault: isDefault)
        )
        guard let assignor = group.remoteAssignor else { return }
        guard usesConsumerProtocol(builder) else {
            throw .invalid(
                "`group.remoteAssignor` is set and `group.protocol` is classic, which has none: remove it, or change the protocol"
            )
        }
        try builder.set(Setting("group.remoteAssignor", "group.remote.assignor", assignor, isDefault: false))
    }

    private func usesConsumerProtocol(_ builder: borrowing ConfigurationBuilder) -> Bool {
        builder.engine.value(of: "group.protocol")?.lowercased() == "consumer"
    }

    private func checkGroup(_ builder: borrowing ConfigurationBuilder) throws(KafkaError) {
        let longest = builder.integer("max.poll.interval.ms") ?? 0
        if revokeTimeout >= .milliseconds(longest) {
            throw .invalid(
                """
                `revokeTimeout` is \(revokeTimeout) and `group.maxPollInterval` (max.poll.interval.ms) \(longest) ms: lower the \
                first or raise the second
                """
            )
        }
        guard !usesConsumerProtocol(builder) else { return }
        let session = builder.integer("session.timeout.ms") ?? 0
        let heartbeat = builder.integer("heartbeat.interval.ms") ?? 0
        if heartbeat >= session {
            throw .invalid(
                """
                `group.heartbeatInterval` (heartbeat.interval.ms) is \(heartbeat) ms and `group.sessionTimeout` \
                (session.timeout.ms) \(session) ms: lower the first, to a third of the second or less
                """
            )
        }
        if session > longest {
            throw .invalid(
                """
                `group.sessionTimeout` (session.timeout.ms) is \(session) ms and `group.maxPollInterval` (max.poll.interval.ms) \
                \(longest) ms: lower the first or raise the second
                """
            )
        }
        let strategies = (builder.engine.value(of: "partition.assignment.strategy") ?? "")
            .split(separator: ",").map { $0.filter { !$0.isWhitespace } }
        let cooperative = KafkaAssignmentStrategy.cooperativeSticky.name
        if strategies.contains(cooperative), let eager = strategies.first(where: { $0 != cooperative }) {
            throw .invalid(
                """
                `group.assignmentStrategies` (partition.assignment.strategy) has both \(cooperative) and \(eager): the one \
                revokes bit by bit, the other everything at once, so keep one kind
                """
            )
        }
    }

    // MARK: In force

    /// What the client itself goes by, wherever it was set.
    struct Effective: Sendable, Equatable {
        var clientID: String
        /// Empty if there is none.
        var groupID: String
        var instanceID: String?
        var sessionTimeout: Duration
        var maxPollInterval: Duration
        var emitsPartitionEnd: Bool
        /// Nil is nowhere.
        var autoOffsetReset: KafkaOffsetSpecification?
        var isReadCommitted: Bool
        var hasStatistics: Bool
    }

    /// By librdkafka's names and their synonyms.
    private static func place(_ name: String) -> KafkaOffsetSpecification? {
        switch name {
        case "smallest", "earliest", "beginning": .beginning
        case "largest", "latest", "end": .end
        default: nil
        }
    }

    /// Reads what is in force out of the configuration that `engineConfiguration()` has built.
    func effective(_ engine: borrowing RdKafka.Configuration) -> Effective {
        let instanceID = engine.value(of: "group.instance.id") ?? ""
        return Effective(
            clientID: engine.value(of: "client.id") ?? clientID,
            groupID: engine.value(of: "group.id") ?? groupID ?? "",
            instanceID: instanceID.isEmpty ? nil : instanceID,
            sessionTimeout: engine.milliseconds("session.timeout.ms") ?? group.sessionTimeout,
            maxPollInterval: engine.milliseconds("max.poll.interval.ms") ?? group.maxPollInterval,
            emitsPartitionEnd: engine.value(of: "enable.partition.eof") == "true",
            autoOffsetReset: Self.place(engine.value(of: "auto.offset.reset") ?? ""),
            isReadCommitted: engine.value(of: "isolation.level") == "read_committed",
            hasStatistics: engine.integer("statistics.interval.ms") ?? 0 > 0
        )
    }
}
