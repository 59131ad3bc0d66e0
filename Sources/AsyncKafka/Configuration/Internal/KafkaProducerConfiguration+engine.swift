import RdKafka

extension KafkaProducerConfiguration {
    /// Checks all settings and builds librdkafka's configuration from them.
    func engineConfiguration() throws(KafkaError) -> RdKafka.Configuration {
        let standard = KafkaProducerConfiguration(bootstrapServers: [])
        let builder = try ConfigurationBuilder.make(.producer, additionalProperties)
        try setTransactions(builder, standard)
        let isTransactional = !(builder.engine.value(of: "transactional.id") ?? "").isEmpty

        try builder.setBootstrapServers(bootstrapServers)
        try builder.set(Setting("clientID", "client.id", clientID, isDefault: clientID == standard.clientID))
        try builder.set(
            Setting(
                "acknowledgements",
                "acks",
                acknowledgements.value,
                isDefault: acknowledgements == standard.acknowledgements
            )
        )
        try builder.set(
            Setting("isIdempotent", "enable.idempotence", isIdempotent, default: standard.isIdempotent)
        )
        try setLinger(builder, standard)
        try setDeliveryTimeout(builder, standard, isTransactional: isTransactional)
        try builder.set(
            Setting("batch.maxBytes", "batch.size", batch.maxBytes, default: standard.batch.maxBytes)
        )
        try builder.set(
            Setting("batch.maxRecords", "batch.num.messages", batch.maxRecords, default: standard.batch.maxRecords)
        )
        try setCompression(builder)
        try builder.set(
            Setting(
                "partitioner",
                "partitioner",
                partitioner.engineName,
                isDefault: partitioner == standard.partitioner
            )
        )
        try builder.set(
            Setting("maxMessageBytes", "message.max.bytes", maxMessageBytes, default: standard.maxMessageBytes)
        )
        try setDeliverySettings(builder, standard)
        try builder.setConnection(connection, isTransactional: isTransactional)
        try builder.setSecurity(security)
        try builder.setStatistics(statisticsInterval)
        try builder.setLog(log)
        try builder.setSoftwareName()
        try Setting.check("closeTimeout", closeTimeout, in: .zero ... .longest)
        try Setting.check("deliveryReportLimit", deliveryReportLimit, in: 1...Int.max, unit: "")

        try checkQueue(builder, standard)
        try checkIdempotence(builder, isTransactional: isTransactional)
        try checkTimes(builder, isTransactional: isTransactional)
        try checkDeliverySettings(builder, standard)
        try checkRequestTimeout(builder, standard)

        try builder.require("delivery.report.only.error", "false")
        // librdkafka's own limits stand above the credits: its QUEUE_FULL is never the signal.
        try builder.require("queue.buffering.max.messages", "0")
        try builder.require("queue.buffering.max.kbytes", "2147483647")
        return builder.finish()
    }

    // MARK: Typed settings that are more than one property

    private func setTransactions(
        _ builder: borrowing ConfigurationBuilder,
        _ standard: KafkaProducerConfiguration
    ) throws(KafkaError) {
        if let transactionalID {
            guard !transactionalID.isEmpty else {
                throw .invalid(
                    "`transactionalID` is empty: give this producer a name of its own, or nil for no transactions"
                )
            }
            try builder.set(Setting("transactionalID", "transactional.id", transactionalID, isDefault: false))
        }
        try Setting.check("transactionTimeout", transactionTimeout, in: .seconds(1) ... .milliseconds(Setting.largest))
        try builder.set(
            Setting(
                "transactionTimeout",
                "transaction.timeout.ms",
                transactionTimeout,
                default: standard.transactionTimeout
            )
        )
    }

    private func setLinger(
        _ builder: borrowing ConfigurationBuilder,
        _ standard: KafkaProducerConfiguration
    ) throws(KafkaError) {
        try Setting.check("linger", linger, in: .zero ... .longest)
        try builder.set(
            Setting("linger", "linger.ms", linger.fractionalMilliseconds, isDefault: linger == standard.linger)
        )
    }

    private func setDeliveryTimeout(
        _ builder: borrowing ConfigurationBuilder,
        _ standard: KafkaProducerConfiguration,
        isTransactional: Bool
    ) throws(KafkaError) {
        let isDefault = deliveryTimeout == standard.deliveryTimeout
        guard var deliveryTimeout else {
            try builder.set(Setting("deliveryTimeout", "delivery.timeout.ms", "0", isDefault: false))
            return
        }
        guard deliveryTimeout > .zero else {
            throw .invalid("`deliveryTimeout` is \(deliveryTimeout): give a time above zero, or nil for no limit")
        }
        if isTransactional, isDefault, let limit = builder.engine.milliseconds("transaction.timeout.ms") {
            deliveryTimeout = min(deliveryTimeout, limit)
        }
        var setting = try Setting(
            "deliveryTimeout",
            "delivery.timeout.ms",
            deliveryTimeout,
            default: deliveryTimeout
        )
        setting.isDefault = isDefault
        try builder.set(setting)
    }

    private func setCompression(_ builder: borrowing ConfigurationBuilder) throws(KafkaError) {
        try builder.set(
            Setting("compression", "compression.codec", compression.codec, isDefault: compression == .none)
        )
        guard let level = compression.level else { return }
        guard compression.levels.contains(level) else {
            throw .invalid(
                "`compression` is \(compression), but \(compression.codec) has levels from \(compression.levels.lowerBound) to \(compression.levels.upperBound)"
            )
        }
        try builder.set(Setting("compression", "compression.level", "\(level)", isDefault: false))
    }

    // MARK: Checks

    private func checkQueue(
        _ builder: borrowing ConfigurationBuilder,
        _ standard: KafkaProducerConfiguration
    ) throws(KafkaError) {
        try Setting.check("queue.maxRecords", queue.maxRecords, in: 1...Int.max, unit: "")
        if let bytes = queue.maxBytes { try Setting.check("queue.maxBytes", bytes, in: 1...Int.max, unit: " bytes") }
        if let limit = queue.waitLimit { try Setting.check("queue.waitLimit", limit, in: .zero ... .longest) }
        if let name = builder.givenName(of: "queue.buffering.max.messages"),
            queue.maxRecords != standard.queue.maxRecords
        {
            throw .invalid("`queue.maxRecords` and the property `\(name)` are both set: keep one of them")
        }
        if let name = builder.givenName(of: "queue.buffering.max.kbytes"), queue.maxBytes != nil {
            throw .invalid("`queue.maxBytes` and the property `\(name)` are both set: keep one of them")
        }
        let largest = builder.integer("message.max.bytes") ?? maxMessageBytes
        let bytes = queueLimits(largest: largest).bytes
        guard bytes >= largest else {
            throw .invalid(
                """
                `queue.maxBytes` (queue.buffering.max.kbytes) is \(bytes) bytes and `maxMessageBytes` (message.max.bytes) \
                \(largest) bytes: a record of that size would never fit, so raise the first or lower the second
                """
            )
        }
    }

    private func checkIdempotence(
        _ builder: borrowing ConfigurationBuilder,
        isTransactional: Bool
    ) throws(KafkaError) {
        guard builder.engine.value(of: "enable.idempotence") == "true" else {
            guard !isTransactional else {
                throw .invalid(
                    "`isIdempotent` (enable.idempotence) is false, but `transactionalID` (transactional.id) is set: transactions need it"
                )
            }
            return
        }
        if let acks = builder.engine.value(of: "acks"), acks != "-1" {
            throw .invalid(
                """
                `isIdempotent` (enable.idempotence) is true and `acknowledgements` (acks) is \(acks): set `isIdempotent` to \
                false, or `acknowledgements` to `.all`
                """
            )
        }
    }

    private func checkTimes(_ builder: borrowing ConfigurationBuilder, isTransactional: Bool) throws(KafkaError) {
        guard let timeout = builder.integer("delivery.timeout.ms") else { return }
        let linger = builder.engine.value(of: "linger.ms").flatMap { Double($0) } ?? 0
        if timeout > 0, Double(timeout) <= linger {
            throw .invalid(
                """
                `deliveryTimeout` (delivery.timeout.ms) is \(timeout) ms and `linger` (linger.ms) \(linger) ms: records would \
                fail before they are sent, so raise the first or lower the second
                """
            )
        }
        guard isTransactional, let transaction = builder.integer("transaction.timeout.ms") else { return }
        if timeout == 0 || timeout > transaction {
            throw .invalid(
                """
                `deliveryTimeout` (delivery.timeout.ms) is \(timeout == 0 ? "unlimited" : "\(timeout) ms") and \
                `transactionTimeout` (transaction.timeout.ms) \(transaction) ms: lower the first or raise the second
                """
            )
        }
        // rd_kafka_conf_finalize. Left alone, the socket's time follows the transaction's.
        if connection.socketTimeout != KafkaConnectionConfiguration().socketTimeout
            || builder.isNamed("socket.timeout.ms"),
            let socket = builder.integer("socket.timeout.ms"), socket > transaction + 100
        {
            throw .invalid(
                """
                `connection.socketTimeout` (socket.timeout.ms) is \(socket) ms and `transactionTimeout` (transaction.timeout.ms) \
                \(transaction) ms: a request could outlast its transaction, so lower the first or raise the second
                """
            )
        }
    }

    // MARK: In force

    /// The credits, from the typed setting or the properties by name. For a configuration that passed
    /// `engineConfiguration()`.
    ///
    /// - Parameter largest: the largest record that may be sent, which has to fit.
    func queueLimits(largest: Int) -> (records: Int, bytes: Int) {
        var records = queue.maxRecords
        var bytes = queue.maxBytes
        for (name, value) in additionalProperties {
            switch PropertyNames.canonical(name) {
            case "queue.buffering.max.messages":
                // 0 is librdkafka's "no limit".
                records = Int(value).map { $0 == 0 ? Int.max : $0 } ?? records
            case "queue.buffering.max.kbytes":
                // At most 2^31 - 1 by then.
                bytes = Int(value).map { $0.multipliedReportingOverflow(by: 1024).partialValue } ?? bytes
            default: break
            }
        }
        return (records, bytes ?? max(32 * 1024 * 1024, largest))
    }

    /// What the client itself goes by, wherever it was set.
    struct Effective: Sendable, Equatable {
        var clientID: String
        var maxQueuedRecords: Int
        var maxQueuedBytes: Int
        /// nil: no limit.
        var deliveryTimeout: Duration?
        var linger: Duration
        var maxMessageBytes: Int
        var isIdempotent: Bool
        /// False with `acks=0`: deliveries have no offset then.
        var isAcknowledged: Bool
        var transactionalID: String?
        var transactionTimeout: Duration
        var maxReconnectBackoff: Duration
        var hasStatistics: Bool
    }

    /// Reads what is in force out of the configuration that `engineConfiguration()` has built.
    func effective(_ engine: borrowing RdKafka.Configuration) -> Effective {
        let timeout = engine.milliseconds("delivery.timeout.ms") ?? .zero
        let linger = engine.value(of: "linger.ms").flatMap { Double($0) } ?? 0
        let transactionalID = engine.value(of: "transactional.id") ?? ""
        let largest = engine.integer("message.max.bytes") ?? maxMessageBytes
        let limits = queueLimits(largest: largest)
        return Effective(
            clientID: engine.value(of: "client.id") ?? clientID,
            maxQueuedRecords: limits.records,
            maxQueuedBytes: limits.bytes,
            deliveryTimeout: timeout == .zero ? nil : timeout,
            linger: .microseconds(Int64((linger * 1000).rounded())),
            maxMessageBytes: largest,
            isIdempotent: engine.value(of: "enable.idempotence") == "true",
            isAcknowledged: engine.value(of: "acks") != "0",
            transactionalID: transactionalID.isEmpty ? nil : transactionalID,
            transactionTimeout: engine.milliseconds("transaction.timeout.ms") ?? .seconds(60),
            maxReconnectBackoff: engine.milliseconds("reconnect.backoff.max.ms") ?? connection.maxReconnectBackoff,
            hasStatistics: engine.integer("statistics.interval.ms") ?? 0 > 0
        )
    }
}
