/// What the Java clients call otherwise, or write otherwise.
///
/// https://kafka.apache.org/documentation/#configuration
extension PropertyReader {
    /// Of these properties, producers alone have the one kind and consumers alone the other.
    static let javaNamesOfProducers: Set<String> = [
        "max.request.size", "buffer.memory", "max.block.ms", "compression.gzip.level", "compression.lz4.level",
        "compression.zstd.level", "key.serializer", "value.serializer", "partitioner.class", "partitioner.ignore.keys",
        "partitioner.adaptive.partitioning.enable", "partitioner.availability.timeout.ms",
        "transaction.two.phase.commit.enable",
    ]
    static let javaNamesOfConsumers: Set<String> = [
        "fetch.max.wait.ms", "key.deserializer", "value.deserializer", "max.poll.records", "exclude.internal.topics",
        "internal.leave.group.on.close", "share.acknowledgement.mode", "share.acquire.mode",
    ]

    mutating func translate() throws(KafkaError) {
        switch kind {
        case .producer:
            try replace("max.request.size", by: "message.max.bytes")
            try translateQueue()
            try translateCompression()
            try translatePartitioner()
            try dropBytes("key.serializer", "value.serializer")
        case .consumer:
            try replace("fetch.max.wait.ms", by: "fetch.wait.max.ms")
            try replace("request.timeout.ms", by: "socket.timeout.ms")
            try translateReset()
            try translateAssignors()
            try dropBytes("key.deserializer", "value.deserializer")
        case .admin:
            try replace("request.timeout.ms", by: "socket.timeout.ms")
            if let property = given("default.api.timeout.ms") {
                callTimeout = .milliseconds(try integer(property, in: 1...3_600_000))
                try replace(property.name, by: nil)
            }
        }
        for name in ["send.buffer.bytes", "receive.buffer.bytes"] {
            // The system's own size is -1 there.
            let value = given(name)?.value
            try replace(name, by: "socket.\(name)", value: value == "-1" ? "0" : value)
        }
        if let property = given("ssl.endpoint.identification.algorithm"), property.value.isEmpty {
            properties[PropertyNames.canonical(property.name)]?.value = "none"
        }
        try translateTrustStore()
        try translateKeyStore()
        try translateLogin()
    }

    // MARK: Producers

    private mutating func translateQueue() throws(KafkaError) {
        if let property = given("buffer.memory") {
            if let other = given("queue.buffering.max.kbytes") { throw Self.twice(other, property) }
            maxQueuedBytes = try integer(property, in: 1...Int.max)
            try replace(property.name, by: nil)
        }
        if let property = given("max.block.ms") {
            let limit = try integer(property, in: 0...Int.max)
            // Java's way to wait for ever is a very large number.
            queueWaitLimit = .some(limit > 86_400_000 ? nil : .milliseconds(limit))
            try replace(property.name, by: nil)
        }
    }

    private mutating func translateCompression() throws(KafkaError) {
        for codec in ["gzip", "lz4", "zstd"] {
            guard let property = given("compression.\(codec).level") else { continue }
            guard given("compression.type")?.value.lowercased() == codec else {
                throw property.place.refusal(
                    "`\(property.name)` has no effect unless `compression.type` is \(codec): remove it, or set that"
                )
            }
            try replace(property.name, by: "compression.level")
        }
    }

    private mutating func translatePartitioner() throws(KafkaError) {
        guard let property = given("partitioner.class") else { return }
        // It places records as `murmur2_random` does, the default.
        let name = "org.apache.kafka.clients.producer.internals.DefaultPartitioner"
        if property.value == name || property.value.isEmpty { try replace(property.name, by: nil) }
    }

    /// Java's classes that leave bytes as they are, or text in UTF-8, say nothing that is not so here.
    private mutating func dropBytes(_ names: String...) throws(KafkaError) {
        let package = "org.apache.kafka.common.serialization."
        let kinds = ["String", "ByteArray", "Bytes", "ByteBuffer"]
        let classes = kinds.flatMap { ["\(package)\($0)Serializer", "\(package)\($0)Deserializer"] }
        for name in names {
            if let property = given(name), classes.contains(property.value) { try replace(name, by: nil) }
        }
    }

    // MARK: Consumers

    private mutating func translateReset() throws(KafkaError) {
        guard let property = given("auto.offset.reset") else { return }
        if property.value.lowercased() == "none" {
            properties[PropertyNames.canonical(property.name)]?.value = "error"
        } else if property.value.lowercased().hasPrefix("by_duration:") {
            throw property.place.refusal(
                "`\(property.name)` cannot be a duration: seek to `.timestamp` in `rebalanceHooks.onAssigned`"
            )
        }
    }

    private mutating func translateAssignors() throws(KafkaError) {
        guard let property = given("partition.assignment.strategy") else { return }
        let package = "org.apache.kafka.clients.consumer."
        let known = [
            "\(package)RangeAssignor": "range", "\(package)RoundRobinAssignor": "roundrobin",
            "\(package)CooperativeStickyAssignor": "cooperative-sticky",
        ]
        var names: [String] = []
        for part in property.value.split(separator: ",") {
            let name = String(part.filter { !$0.isWhitespace })
            guard !name.contains(".") || known[name] != nil else {
                throw property.place.refusal(
                    """
                    `\(property.name)` has a class that librdkafka has nothing like: it knows range, roundrobin and \
                    cooperative-sticky
                    """
                )
            }
            names.append(known[name] ?? name)
        }
        properties[PropertyNames.canonical(property.name)]?.value = names.joined(separator: ",")
    }

    // MARK: Security

    /// Java's keystores of the types PEM and PKCS12 can be read, its own JKS cannot.
    private mutating func translateTrustStore() throws(KafkaError) {
        try replace("ssl.truststore.certificates", by: "ssl.ca.pem")
        guard let type = given("ssl.truststore.type"), type.value.uppercased() == "PEM" else { return }
        try replace("ssl.truststore.location", by: "ssl.ca.location")
        try replace(type.name, by: nil)
    }

    private mutating func translateKeyStore() throws(KafkaError) {
        try replace("ssl.keystore.certificate.chain", by: "ssl.certificate.pem")
        try replace("ssl.keystore.key", by: "ssl.key.pem")
        guard let type = given("ssl.keystore.type") else { return }
        switch type.value.uppercased() {
        case "PKCS12":
            try replace(type.name, by: nil)
        case "PEM":
            // Certificate and key are in one file there.
            if let property = given("ssl.keystore.location") {
                if let other = given("ssl.key.location") { throw Self.twice(other, property) }
                properties["ssl.key.location"] = property
                try replace(property.name, by: "ssl.certificate.location")
            }
            try replace(type.name, by: nil)
        default:
            throw type.place.refusal(
                """
                `\(type.name)` has to be PKCS12 or PEM, as OpenSSL reads no other: keytool converts with -importkeystore \
                -deststoretype PKCS12
                """
            )
        }
    }

    private mutating func translateLogin() throws(KafkaError) {
        guard let property = given("sasl.jaas.config") else { return }
        let mechanism = given("sasl.mechanism")?.value.uppercased() ?? "GSSAPI"
        let login: JAASLogin
        switch JAASLogin.read(property.value, mechanism: mechanism) {
        case .success(let read): login = read
        case .failure(let refusal): throw property.place.refusal("`\(property.name)` \(refusal.sentence)")
        }
        for (name, value) in login.properties.sorted(by: { $0.key < $1.key }) {
            let translated = GivenProperty(name: property.name, value: value, place: property.place)
            if let other = given(name) { throw Self.twice(other, translated) }
            properties[PropertyNames.canonical(name)] = translated
        }
        try replace(property.name, by: nil)
    }
}
