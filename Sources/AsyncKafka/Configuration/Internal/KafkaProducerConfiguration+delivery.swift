import RdKafka

/// Retries, requests, topics and partitioning: set and held against the rest.
extension KafkaProducerConfiguration {
    func setDeliverySettings(
        _ builder: borrowing ConfigurationBuilder,
        _ standard: KafkaProducerConfiguration
    ) throws(KafkaError) {
        try setRetry(builder, standard.retry)
        try setRequestTimeout(builder, standard)
        try builder.set(
            Setting(
                "maxRequestsInFlight",
                "max.in.flight.requests.per.connection",
                maxRequestsInFlight,
                default: standard.maxRequestsInFlight
            )
        )
        // librdkafka warns of it as soon as it is set at all.
        if isGapless { try builder.set(Setting("isGapless", "enable.gapless.guarantee", "true", isDefault: false)) }
        try builder.set(
            Setting(
                "unknownTopicTimeout",
                "topic.metadata.propagation.max.ms",
                unknownTopicTimeout,
                default: standard.unknownTopicTimeout
            )
        )
        try builder.set(
            Setting(
                "isTopicCreationAllowed",
                "allow.auto.create.topics",
                isTopicCreationAllowed,
                default: standard.isTopicCreationAllowed
            )
        )
        try builder.set(
            Setting(
                "queue.backpressureThreshold",
                "queue.buffering.backpressure.threshold",
                queue.backpressureThreshold,
                default: standard.queue.backpressureThreshold
            )
        )
        try setStickyPartitioning(builder)
    }

    private func setRetry(_ builder: borrowing ConfigurationBuilder, _ standard: Retry) throws(KafkaError) {
        try builder.set(
            Setting(
                "retry.maxRetries",
                "message.send.max.retries",
                retry.maxRetries,
                default: standard.maxRetries
            )
        )
        try builder.set(
            Setting("retry.backoff", "retry.backoff.ms", retry.backoff, default: standard.backoff)
        )
        let isDefault = retry.maxBackoff == standard.maxBackoff
        let backoff = builder.engine.milliseconds("retry.backoff.ms") ?? .zero
        let maxBackoff = isDefault ? max(retry.maxBackoff, backoff) : retry.maxBackoff
        var setting = try Setting("retry.maxBackoff", "retry.backoff.max.ms", maxBackoff, default: maxBackoff)
        setting.isDefault = isDefault
        try builder.set(setting)
        if let first = builder.integer("retry.backoff.ms"), let longest = builder.integer("retry.backoff.max.ms"),
            first > longest
        {
            throw .invalid(
                """
                `retry.backoff` (retry.backoff.ms) is \(first) ms and `retry.maxBackoff` (retry.backoff.max.ms) \(longest) ms: \
                raise the second or lower the first
                """
            )
        }
    }

    /// After the delivery timeout, from which the default derives.
    private func setRequestTimeout(
        _ builder: borrowing ConfigurationBuilder,
        _ standard: KafkaProducerConfiguration
    ) throws(KafkaError) {
        let isDefault = requestTimeout == standard.requestTimeout
        let delivery = builder.integer("delivery.timeout.ms") ?? 0
        let linger = builder.engine.value(of: "linger.ms").flatMap { Double($0) } ?? 0
        var timeout = requestTimeout
        if isDefault, delivery > 0 {
            timeout = min(timeout, .milliseconds(max(1, delivery - Int(linger.rounded(.up)))))
        }
        var setting = try Setting("requestTimeout", "request.timeout.ms", timeout, default: timeout)
        setting.isDefault = isDefault
        try builder.set(setting)
        // The Java client's rule. The delivery timeout counts from the call, what the broker waits from when the batch leaves, and a
        // record that fails meanwhile may be in the log or not.
        if delivery > 0, !isDefault || builder.isNamed("request.timeout.ms"),
            let request = builder.integer("request.timeout.ms"), linger + Double(request) > Double(delivery)
        {
            throw .invalid(
                """
                `requestTimeout` (request.timeout.ms) is \(request) ms, `linger` (linger.ms) \(linger) ms and `deliveryTimeout` \
                (delivery.timeout.ms) \(delivery) ms: the broker would still wait for replicas when the record has failed, so lower \
                one of the first two or raise the last to their sum
                """
            )
        }
    }

    /// After the connection's settings.
    func checkRequestTimeout(
        _ builder: borrowing ConfigurationBuilder,
        _ standard: KafkaProducerConfiguration
    ) throws(KafkaError) {
        let isGiven = requestTimeout != standard.requestTimeout || builder.isNamed("request.timeout.ms")
        let isSocketGiven =
            connection.socketTimeout != standard.connection.socketTimeout || builder.isNamed("socket.timeout.ms")
        guard isGiven, isSocketGiven, let request = builder.integer("request.timeout.ms"),
            let socket = builder.integer("socket.timeout.ms"), request > socket
        else { return }
        throw .invalid(
            """
            `requestTimeout` (request.timeout.ms) is \(request) ms and `connection.socketTimeout` (socket.timeout.ms) \(socket) ms: \
            the client would give up the connection while the broker still waits for replicas, so lower the first or raise the second
            """
        )
    }

    private func setStickyPartitioning(_ builder: borrowing ConfigurationBuilder) throws(KafkaError) {
        let path = "stickyPartitioningLinger"
        let property = "sticky.partitioning.linger.ms"
        if let stickyPartitioningLinger {
            var setting = try Setting(path, property, stickyPartitioningLinger, default: stickyPartitioningLinger)
            setting.isDefault = false
            try builder.set(setting)
        } else if case .custom = partitioner.kind {
            // librdkafka would place records without a key itself, and not ask.
            try builder.prefer(property, "0")
        }
    }

    // MARK: Checks

    /// What librdkafka would refuse on its start, or what has no effect, in words that name the settings.
    func checkDeliverySettings(
        _ builder: borrowing ConfigurationBuilder,
        _ standard: KafkaProducerConfiguration
    ) throws(KafkaError) {
        if builder.engine.value(of: "enable.idempotence") == "true" {
            try checkIdempotentDelivery(builder)
        } else if builder.engine.value(of: "enable.gapless.guarantee") == "true" {
            throw .invalid(
                """
                `isGapless` (enable.gapless.guarantee) is true and `isIdempotent` (enable.idempotence) false: set `isIdempotent` \
                to true, or `isGapless` to false
                """
            )
        }
        // Smaller records than batches is what lowering `maxMessageBytes` alone asks for.
        let isGiven = batch.maxBytes != standard.batch.maxBytes || builder.isNamed("batch.size")
        if isGiven, let batch = builder.integer("batch.size"), let request = builder.integer("message.max.bytes"),
            batch > request
        {
            throw .invalid(
                """
                `batch.maxBytes` (batch.size) is \(batch) bytes and `maxMessageBytes` (message.max.bytes), which bounds every \
                request, \(request): lower the first or raise the second, and the topic's max.message.bytes with it
                """
            )
        }
    }

    private func checkIdempotentDelivery(_ builder: borrowing ConfigurationBuilder) throws(KafkaError) {
        if let count = builder.integer("max.in.flight.requests.per.connection"), count > 5 {
            throw notIdempotent(builder, "maxRequestsInFlight", "max.in.flight.requests.per.connection", "at most 5")
        }
        if builder.integer("message.send.max.retries") == 0 {
            throw notIdempotent(builder, "retry.maxRetries", "message.send.max.retries", "at least 1")
        }
        if let threshold = builder.integer("queue.buffering.backpressure.threshold"), threshold > 1 {
            throw notIdempotent(
                builder,
                "queue.backpressureThreshold",
                "queue.buffering.backpressure.threshold",
                "1"
            )
        }
        if builder.engine.value(of: "queuing.strategy") == "lifo" {
            throw notIdempotent(builder, "queuing.strategy", "queuing.strategy", "fifo")
        }
    }

    private func notIdempotent(
        _ builder: borrowing ConfigurationBuilder,
        _ path: String,
        _ property: String,
        _ remedy: String
    ) -> KafkaError {
        let subject = builder.givenName(of: property).map { "`\($0)`" } ?? "`\(path)` (\(property))"
        return .invalid(
            """
            `isIdempotent` (enable.idempotence) is true and \(subject) is \(builder.engine.value(of: property) ?? ""): set \
            `isIdempotent` to false, or the other to \(remedy)
            """
        )
    }
}
