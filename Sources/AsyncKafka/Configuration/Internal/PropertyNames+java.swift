extension PropertyNames {
    /// librdkafka knows them from 2.15 on, for share consumers alone: to other clients they mean nothing.
    static let ofShareConsumers: Set<String> = ["max.poll.records", "share.acknowledgement.mode"]

    /// Properties that the Java clients have and librdkafka has not, with what takes their place.
    ///
    /// https://kafka.apache.org/documentation/#configuration
    static let java: [String: String] = [
        // Consumers
        "max.poll.records": "messages come one by one, `fetch.prefetchBytes` bounds what is held ready",
        "fetch.max.wait.ms": "it is called `fetch.wait.max.ms`, the setting `fetch.maxWait`",
        "default.api.timeout.ms": "each call that can wait takes a time limit of its own",
        "exclude.internal.topics": "internal topics are read only if they are subscribed to by name",
        "key.deserializer": deserializer,
        "value.deserializer": deserializer,
        "internal.leave.group.on.close": "closing the consumer leaves the group, unless `group.instanceID` is set",
        "internal.throw.on.fetch.stable.offset.unsupported": "it is of Kafka Streams",
        "share.acknowledgement.mode": shareGroups,
        "share.acquire.mode": shareGroups,
        // Producers
        "buffer.memory": "set `queue.maxBytes`, which bounds what waits for delivery",
        "max.block.ms":
            "`send` suspends while the queue is full; cancel the task to give up",
        "max.request.size": "it is called `message.max.bytes`, the setting `maxMessageBytes`",
        "key.serializer": serializer,
        "value.serializer": serializer,
        "partitioner.class":
            "choose one of librdkafka's by the setting `partitioner`, or give it a function, as `.custom { key, count in … }`",
        "partitioner.ignore.keys": "records without a key go to any partition, those with one by `partitioner`",
        "partitioner.adaptive.partitioning.enable": "partitions are chosen by `partitioner` alone",
        "partitioner.availability.timeout.ms": "partitions are chosen by `partitioner` alone",
        "compression.gzip.level": compressionLevel,
        "compression.lz4.level": compressionLevel,
        "compression.zstd.level": compressionLevel,
        "metadata.max.idle.ms": "see `metadata.max.age.ms`",
        "transaction.two.phase.commit.enable": "librdkafka has no two-phase commit",
        // Connections
        "send.buffer.bytes": "it is called `socket.send.buffer.bytes`, the setting `connection.sendBufferBytes`",
        "receive.buffer.bytes":
            "it is called `socket.receive.buffer.bytes`, the setting `connection.receiveBufferBytes`",
        "socket.connection.setup.timeout.max.ms":
            "the limit does not grow from attempt to attempt: set `socket.connection.setup.timeout.ms`",
        "bootstrap.controllers": "clients talk to brokers: set `bootstrap.servers`",
        // Security
        "sasl.jaas.config":
            "set `sasl.username` and `sasl.password`, or the properties that begin with `sasl.kerberos.` or `sasl.oauthbearer.`",
        "sasl.client.callback.handler.class": javaClass,
        "sasl.login.callback.handler.class": javaClass,
        "sasl.login.class": javaClass,
        "sasl.kerberos.kinit.cmd": "set `sasl.kerberos.keytab` and `sasl.kerberos.principal`",
        "sasl.kerberos.ticket.renew.jitter": kerberosRenewal,
        "sasl.kerberos.ticket.renew.window.factor": kerberosRenewal,
        "sasl.kerberos.min.time.before.relogin": "this librdkafka was built without Kerberos",
        "sasl.login.connect.timeout.ms": tokenProvider,
        "sasl.login.read.timeout.ms": tokenProvider,
        "sasl.login.retry.backoff.ms": tokenProvider,
        "sasl.login.retry.backoff.max.ms": tokenProvider,
        "sasl.login.refresh.buffer.seconds": refresh,
        "sasl.login.refresh.min.period.seconds": refresh,
        "sasl.login.refresh.window.factor": refresh,
        "sasl.login.refresh.window.jitter": refresh,
        "sasl.oauthbearer.assertion.template.file": tokenProvider,
        "sasl.oauthbearer.header.urlencode": tokenProvider,
        "sasl.oauthbearer.jwt.retriever.class": tokenProvider,
        "sasl.oauthbearer.jwt.validator.class": tokenCheck,
        "sasl.oauthbearer.clock.skew.seconds": tokenCheck,
        "sasl.oauthbearer.scope.claim.name": tokenCheck,
        "sasl.oauthbearer.jwks.endpoint.url": tokenCheck,
        "sasl.oauthbearer.jwks.endpoint.refresh.ms": tokenCheck,
        "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms": tokenCheck,
        "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms": tokenCheck,
        "sasl.oauthbearer.expected.audience": tokenCheck,
        "sasl.oauthbearer.expected.issuer": tokenCheck,
        "security.providers": javaClass,
        "ssl.truststore.location": "set `ssl.ca.location` to the CA's certificates in PEM format",
        "ssl.truststore.password": "`ssl.ca.location` takes certificates in PEM format, which have no password",
        "ssl.truststore.type": "`ssl.ca.location` takes certificates in PEM format",
        "ssl.truststore.certificates": "set `ssl.ca.pem`",
        "ssl.trustmanager.algorithm": "OpenSSL checks certificates: see `ssl.ca.location`",
        "ssl.keystore.type":
            "`ssl.keystore.location` is a PKCS#12 file; PEM files go to `ssl.certificate.location` and `ssl.key.location`",
        "ssl.keystore.certificate.chain": "set `ssl.certificate.pem`",
        "ssl.keystore.key": "set `ssl.key.pem`",
        "ssl.keymanager.algorithm": "see `ssl.certificate.location` and `ssl.key.location`",
        "ssl.enabled.protocols": tlsVersion,
        "ssl.protocol": tlsVersion,
        "ssl.provider": "see `ssl.providers`, which names OpenSSL's",
        "ssl.secure.random.implementation": "OpenSSL has its own",
        "ssl.engine.factory.class": javaClass,
        // Observation
        "interceptor.classes": javaClass,
        "metric.reporters": metrics,
        "metrics.num.samples": metrics,
        "metrics.recording.level": metrics,
        "metrics.sample.window.ms": metrics,
        "auto.include.jmx.reporter": metrics,
        "config.providers": "give the values themselves",
    ]

    private static let serializer = "records have keys and values of bytes: serialise before sending"
    private static let deserializer = "messages have keys and values of bytes: deserialise after receiving"
    private static let compressionLevel = "give the level with the codec, as in `compression = .zstd(level: 3)`"
    private static let shareGroups = "share groups are not supported"
    private static let tokenProvider = "give `security` a token provider, which asks for tokens as it likes"
    private static let refresh = "tokens are renewed by themselves before they expire"
    private static let tokenCheck = "only brokers check tokens"
    private static let javaClass = "it names a class of Java"
    private static let kerberosRenewal = "tickets are renewed by `sasl.kerberos.kinit.cmd`"
    private static let tlsVersion = "OpenSSL agrees on the newest version with the broker; see `ssl.cipher.suites`"
    private static let metrics = "librdkafka reports figures by `statistics.interval.ms`"
}
