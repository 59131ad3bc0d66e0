import RdKafka
import Testing

@testable import AsyncKafka

@Suite struct PropertyReaderTests {
    @Test func aProducerComesFromADictionary() throws {
        let configuration = try KafkaProducerConfiguration(properties: [
            "bootstrap.servers": "a:9092, b:9092,", "client.id": "shop", "transactional.id": "tx", "linger.ms": "7",
            "client.rack": "r",
        ])
        #expect(configuration.bootstrapServers == ["a:9092", "b:9092"])
        #expect(configuration.clientID == "shop")
        #expect(configuration.transactionalID == "tx")
        #expect(configuration.additionalProperties == ["queue.buffering.max.ms": "7", "client.rack": "r"])
        #expect(try configuration.values("linger.ms", "bootstrap.servers") == ["7", "a:9092,b:9092"])
    }

    @Test func aConsumerComesFromADictionary() throws {
        let configuration = try KafkaConsumerConfiguration(properties: [
            "metadata.broker.list": "a:9092", "client.id": "shop", "group.id": "g", "group.instance.id": "i",
            "client.rack": "r", "session.timeout.ms": "10000",
        ])
        #expect(configuration.bootstrapServers == ["a:9092"])
        #expect(configuration.clientID == "shop")
        #expect(configuration.groupID == "g")
        #expect(configuration.group.instanceID == "i")
        #expect(configuration.clientRack == "r")
        #expect(configuration.additionalProperties == ["session.timeout.ms": "10000"])
        #expect(try configuration.refusal() == nil)
    }

    @Test func anAdminClientComesFromADictionary() throws {
        let configuration = try KafkaAdminConfiguration(properties: [
            "bootstrap.servers": "a:9092", "client.id": "ops", "default.api.timeout.ms": "5000",
            "request.timeout.ms": "4000",
        ])
        #expect(configuration.bootstrapServers == ["a:9092"])
        #expect(configuration.clientID == "ops")
        #expect(configuration.requestTimeout == .seconds(5))
        #expect(configuration.additionalProperties == ["socket.timeout.ms": "4000"])
        #expect(try configuration.engineConfiguration().value(of: "socket.timeout.ms") == "4000")
    }

    @Test func anEmptyDictionaryNamesNoBroker() throws {
        try expect(try KafkaProducerConfiguration(properties: [:]).refusal(), says: "`bootstrapServers` is empty")
        #expect(try KafkaConsumerConfiguration(properties: [:]).groupID == nil)
    }

    @Test func aTypedSettingBesideItsPropertyIsRefused() throws {
        var configuration = try KafkaProducerConfiguration(properties: ["bootstrap.servers": "a", "linger.ms": "7"])
        configuration.linger = .milliseconds(8)
        try expect(configuration.refusal(), says: "`linger`", "are both set")
        configuration = try KafkaProducerConfiguration(properties: ["bootstrap.servers": "a", "client.id": "b"])
        configuration.clientID = "c"
        #expect(try configuration.values("client.id") == ["c"])
    }

    // MARK: Java

    static let ofProducers: [([String: String], [String: String])] = [
        (["max.request.size": "2000000"], ["message.max.bytes": "2000000"]),
        (
            ["send.buffer.bytes": "131072", "receive.buffer.bytes": "-1"],
            [
                "socket.send.buffer.bytes": "131072", "socket.receive.buffer.bytes": "0",
            ]
        ),
        (
            ["compression.type": "zstd", "compression.zstd.level": "5"],
            [
                "compression.codec": "zstd", "compression.level": "5",
            ]
        ),
        (
            ["acks": "all", "retries": "5", "enable.idempotence": "true"],
            [
                "request.required.acks": "all", "message.send.max.retries": "5", "enable.idempotence": "true",
            ]
        ),
        (["partitioner.class": "org.apache.kafka.clients.producer.internals.DefaultPartitioner"], [:]),
        (
            [
                "key.serializer": "org.apache.kafka.common.serialization.StringSerializer",
                "value.serializer": "org.apache.kafka.common.serialization.ByteArraySerializer",
            ], [:]
        ),
        (["ssl.endpoint.identification.algorithm": ""], ["ssl.endpoint.identification.algorithm": "none"]),
        (
            [
                "security.protocol": "SSL", "ssl.truststore.type": "PEM", "ssl.truststore.location": "/ca.pem",
                "ssl.keystore.type": "PEM", "ssl.keystore.location": "/client.pem", "ssl.key.password": "hunter2",
            ],
            [
                "security.protocol": "SSL", "ssl.ca.location": "/ca.pem", "ssl.certificate.location": "/client.pem",
                "ssl.key.location": "/client.pem", "ssl.key.password": "hunter2",
            ]
        ),
        (
            [
                "ssl.truststore.certificates": "ca", "ssl.keystore.certificate.chain": "chain",
                "ssl.keystore.key": "key",
                "ssl.keystore.type": "PEM",
            ], ["ssl.ca.pem": "ca", "ssl.certificate.pem": "chain", "ssl.key.pem": "key"]
        ),
        (
            ["ssl.keystore.type": "PKCS12", "ssl.keystore.location": "/c.p12", "ssl.keystore.password": "hunter2"],
            [
                "ssl.keystore.location": "/c.p12", "ssl.keystore.password": "hunter2",
            ]
        ),
    ]

    @Test(arguments: ofProducers.indices)
    func whatJavaCallsOtherwiseIsTranslated(_ index: Int) throws {
        let (given, expected) = Self.ofProducers[index]
        #expect(try KafkaProducerConfiguration(properties: given).additionalProperties == expected)
    }

    static let ofConsumers: [([String: String], [String: String])] = [
        (["fetch.max.wait.ms": "100"], ["fetch.wait.max.ms": "100"]),
        (["request.timeout.ms": "30000"], ["socket.timeout.ms": "30000"]),
        (["auto.offset.reset": "none"], ["auto.offset.reset": "error"]),
        (["auto.offset.reset": "latest"], ["auto.offset.reset": "latest"]),
        (["max.partition.fetch.bytes": "9"], ["fetch.message.max.bytes": "9"]),
        (
            ["partition.assignment.strategy": "org.apache.kafka.clients.consumer.CooperativeStickyAssignor"],
            [
                "partition.assignment.strategy": "cooperative-sticky"
            ]
        ),
        (
            [
                "partition.assignment.strategy":
                    "org.apache.kafka.clients.consumer.RangeAssignor, org.apache.kafka.clients.consumer.RoundRobinAssignor"
            ], ["partition.assignment.strategy": "range,roundrobin"]
        ),
        (["value.deserializer": "org.apache.kafka.common.serialization.StringDeserializer"], [:]),
        (["enable.auto.commit": "false"], ["enable.auto.commit": "false"]),
    ]

    @Test(arguments: ofConsumers.indices)
    func whatJavasConsumersCallOtherwiseIsTranslated(_ index: Int) throws {
        let (given, expected) = Self.ofConsumers[index]
        #expect(try KafkaConsumerConfiguration(properties: given).additionalProperties == expected)
    }

    @Test func javasBufferIsTheQueue() throws {
        let configuration = try KafkaProducerConfiguration(properties: [
            "bootstrap.servers": "a", "buffer.memory": "33554432", "max.block.ms": "60000",
        ])
        #expect(configuration.queue.maxBytes == 33_554_432)
        #expect(configuration.queue.waitLimit == .seconds(60))
        #expect(configuration.additionalProperties.isEmpty)
        #expect(try configuration.effective(configuration.engineConfiguration()).maxQueuedBytes == 33_554_432)
        let endless = try KafkaProducerConfiguration(properties: ["max.block.ms": "9223372036854775807"])
        #expect(endless.queue.waitLimit == nil)
    }

    static let refused: [([String: String], [String])] = [
        (["key.serializer": "io.confluent.kafka.serializers.KafkaAvroSerializer"], ["`key.serializer`", "serialise"]),
        (["buffer.memory": "many"], ["`buffer.memory`", "whole number"]),
        (["buffer.memory": "1", "queue.buffering.max.kbytes": "1"], ["same property"]),
        (["max.block.ms": "-1"], ["`max.block.ms`"]),
        (
            ["max.request.size": "1000", "message.max.bytes": "1000"],
            ["`max.request.size`", "`message.max.bytes`", "same"]
        ),
        (["compression.type": "gzip", "compression.zstd.level": "5"], ["`compression.zstd.level`", "is zstd"]),
        (["partitioner.class": "com.example.Own"], ["`partitioner.class`", "`partitioner`"]),
        (["ssl.truststore.location": "/x.jks"], ["`ssl.truststore.location`", "`ssl.ca.location`"]),
        (["ssl.keystore.type": "JKS", "ssl.keystore.location": "/x.jks"], ["`ssl.keystore.type`", "keytool"]),
        (["interceptor.classes": ""], ["`interceptor.classes`"]),
        (["linger.ms": "5", "queue.buffering.max.ms": "5"], ["`linger.ms` and `queue.buffering.max.ms`", "same"]),
        (["group.id": "g"], ["`group.id`", "consumers"]),
        (["linger.ms": "5ms"], ["`linger.ms`", "without a unit"]),
        (["delivery.report.only.error": "true"], ["can only be false"]),
        (["sesion.timeout.ms": "1"], ["`sesion.timeout.ms`"]),
    ]

    @Test(arguments: refused.indices)
    func whatHasNoCounterpartIsRefusedAtOnce(_ index: Int) throws {
        let (given, parts) = Self.refused[index]
        let refusal = try #require(
            try refusal { () throws(KafkaError) in try KafkaProducerConfiguration(properties: given) }
        )
        for part in parts { #expect(refusal.contains(part), "\(refusal)") }
    }

    @Test(arguments: [
        ("auto.offset.reset", "by_duration:PT1H", ".timestamp"),
        ("partition.assignment.strategy", "org.apache.kafka.clients.consumer.StickyAssignor", "cooperative-sticky"),
        ("enable.auto.commit", "true", "offsetPolicy"), ("max.poll.records", "500", "`fetch.prefetchBytes`"),
    ])
    func whatJavasConsumersHaveAloneIsRefused(_ name: String, _ value: String, _ part: String) throws {
        let refusal = try refusal { () throws(KafkaError) in try KafkaConsumerConfiguration(properties: [name: value]) }
        try expect(refusal, says: "`\(name)`", part)
    }

    // MARK: JAAS

    static let jaas: [(String, String, [String: String])] = [
        (
            "PLAIN",
            #"org.apache.kafka.common.security.plain.PlainLoginModule required username="alice" password="s e;c=r";"#,
            ["sasl.username": "alice", "sasl.password": "s e;c=r"]
        ),
        (
            "SCRAM-SHA-512",
            #"org.apache.kafka.common.security.scram.ScramLoginModule required\#n username='alice'\#n password="q\"\\q" ;"#,
            ["sasl.username": "alice", "sasl.password": #"q"\q"#]
        ),
        (
            "scram-sha-256", "ScramLoginModule required username=alice password=secret;",
            ["sasl.username": "alice", "sasl.password": "secret"]
        ),
        (
            "GSSAPI",
            #"com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true keyTab="/k" principal="a@B";"#,
            ["sasl.kerberos.keytab": "/k", "sasl.kerberos.principal": "a@B"]
        ),
    ]

    @Test(arguments: jaas.indices)
    func aLoginOfJavaIsTranslated(_ index: Int) throws {
        let (mechanism, text, expected) = Self.jaas[index]
        let given = ["sasl.mechanism": mechanism, "sasl.jaas.config": text]
        var properties = try KafkaConsumerConfiguration(properties: given).additionalProperties
        #expect(properties.removeValue(forKey: "sasl.mechanisms") == mechanism)
        #expect(properties == expected)
    }

    @Test(arguments: [
        (["sasl.jaas.config": #"a.PlainLoginModule required username="u" password="hunter2";"#], "set it to PLAIN"),
        (
            [
                "sasl.mechanism": "PLAIN",
                "sasl.jaas.config": #"a.ScramLoginModule required username="u" password="hunter2";"#,
            ],
            "`sasl.mechanism` is PLAIN"
        ),
        (
            ["sasl.mechanism": "PLAIN", "sasl.jaas.config": #"a.PlainLoginModule required password="hunter2";"#],
            "no username"
        ),
        (
            [
                "sasl.mechanism": "PLAIN",
                "sasl.jaas.config": #"a.PlainLoginModule required username="u" password="hunter2""#,
            ], "read"
        ),
        (
            ["sasl.mechanism": "PLAIN", "sasl.jaas.config": #"a.PlainLoginModule username="u" password="hunter2";"#],
            "read"
        ),
        (
            [
                "sasl.mechanism": "PLAIN",
                "sasl.jaas.config": #"a.PlainLoginModule required username="u" password="hunter2;"#,
            ], "read"
        ),
        (["sasl.mechanism": "PLAIN", "sasl.jaas.config": "hunter2"], "read"),
        (["sasl.mechanism": "PLAIN", "sasl.jaas.config": ""], "read"),
        (
            [
                "sasl.mechanism": "SCRAM-SHA-512",
                "sasl.jaas.config": #"a.ScramLoginModule required username="u" password="hunter2" tokenauth="true";"#,
            ],
            "delegation token"
        ),
        (
            [
                "sasl.mechanism": "OAUTHBEARER",
                "sasl.jaas.config": #"a.OAuthBearerLoginModule required clientSecret="hunter2";"#,
            ],
            "token provider"
        ),
        (["sasl.jaas.config": #"com.example.Hunter required password="hunter2";"#], "no counterpart"),
        (
            [
                "sasl.mechanism": "PLAIN", "sasl.username": "v",
                "sasl.jaas.config": #"a.PlainLoginModule required username="u" password="hunter2";"#,
            ],
            "same property"
        ),
        (
            [
                "sasl.mechanism": "hunter2",
                "sasl.jaas.config": #"a.PlainLoginModule required username="u" password="p";"#,
            ], "PLAIN"
        ),
    ])
    func aLoginThatDoesNotFitIsRefusedAndNotShown(_ given: [String: String], _ part: String) throws {
        let refusal = try refusal { () throws(KafkaError) in try KafkaProducerConfiguration(properties: given) }
        try expect(refusal, says: "`sasl.jaas.config`", part)
        #expect(refusal?.lowercased().contains("hunter2") == false)
    }

    // MARK: Environment

    @Test func variablesArePropertiesWithUnderscores() throws {
        let environment = [
            "ASYNCKAFKA_BOOTSTRAP_SERVERS": "a:9092", "ASYNCKAFKA_GROUP_ID": "g", "ASYNCKAFKA_LOG_LEVEL": "4",
            "ASYNCKAFKA_SESSION_TIMEOUT_MS": "10000", "ASYNCKAFKA_fetch_max_wait_ms": "100",
            "ASYNCKAFKA_SSL_CA_PEM": "",
            "ASYNCKAFKA_LINGER_MS": "5", "ASYNCKAFKA_MAX_REQUEST_SIZE": "2000000", "KAFKA_HEAP_OPTS": "-Xmx1G",
            "ASYNCKAFKA_TOPIC_AUTO_OFFSET_RESET": "latest", "ASYNCKAFKA_CLIENT_SOFTWARE_NAME": "x", "PATH": "/bin",
        ]
        let consumer = try KafkaConsumerConfiguration(environment: environment)
        #expect(consumer.bootstrapServers == ["a:9092"])
        #expect(consumer.groupID == "g")
        #expect(
            consumer.additionalProperties == [
                "log_level": "4", "session.timeout.ms": "10000", "fetch.wait.max.ms": "100",
                "auto.offset.reset": "latest", "client.software.name": "x",
            ]
        )
        let producer = try KafkaProducerConfiguration(environment: environment)
        #expect(
            producer.additionalProperties == [
                "log_level": "4", "queue.buffering.max.ms": "5", "message.max.bytes": "2000000",
                "client.software.name": "x",
            ]
        )
        let admin = try KafkaAdminConfiguration(environment: environment)
        #expect(admin.additionalProperties == ["log_level": "4", "client.software.name": "x"])
    }

    @Test func aPrefixIsOfTheUsersChoice() throws {
        let environment = ["BILLING_BOOTSTRAP_SERVERS": "b", "ASYNCKAFKA_BOOTSTRAP_SERVERS": "a"]
        #expect(try KafkaProducerConfiguration(environment: environment, prefix: "BILLING_").bootstrapServers == ["b"])
        let refusal = try refusal { () throws(KafkaError) in try KafkaAdminConfiguration(environment: [:], prefix: "") }
        try expect(refusal, says: "prefix", "empty")
    }

    @Test(arguments: [
        ("ASYNCKAFKA_SESION_TIMEOUT_MS", "hunter2", "did you mean `session.timeout.ms`?"),
        ("ASYNCKAFKA_SESSION_TIMEOUT_MS", "10s", "`session.timeout.ms` has to be a whole decimal number"),
        ("ASYNCKAFKA_ENABLE_AUTO_COMMIT", "true", "`offsetPolicy`"), ("ASYNCKAFKA_", "hunter2", "its name ends"),
        ("ASYNCKAFKA_MAX_POLL_RECORDS", "5", "`max.poll.records`"),
        ("ASYNCKAFKA_SASL_JAAS_CONFIG", "hunter2", "`sasl.jaas.config`"),
        ("ASYNCKAFKA_SASL_PASSWORD", "hunter2\0", "`sasl.password`"), ("ASYNCKAFKA_ON_COMMIT", "f", "`commit` returns"),
    ])
    func aRefusalNamesTheVariable(_ variable: String, _ value: String, _ part: String) throws {
        let refusal = try refusal { () throws(KafkaError) in
            try KafkaConsumerConfiguration(environment: [variable: value])
        }
        try expect(refusal, says: "environment variable `\(variable)`: ", part)
        #expect(refusal?.contains("hunter2") == false)
    }

    /// Else a variable could mean two properties.
    @Test func noTwoPropertiesDifferByTheirDotsAlone() {
        let names = Configuration.propertyNames.union(PropertyNames.java.keys).union(JavaNames.all.map(\.name))
        #expect(Set(names.map { PropertyNames.normalized($0) }).count == names.count)
    }

    // MARK: Files

    private func consumer(_ text: String) throws -> KafkaConsumerConfiguration {
        try withTemporaryFile(text) { path throws(KafkaError) in try KafkaConsumerConfiguration(propertiesFile: path) }
    }

    @Test func aClientComesFromAFile() throws {
        let text = """
            # The shop's consumer
            bootstrap.servers = a:9092,\\
                b:9092
            group.id : shop
            session.timeout.ms 10000\u{20}
            sasl.mechanism=SCRAM-SHA-512
            sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \\
              username="alice" \\
              password="caf\\u00e9";
            key.deserializer=org.apache.kafka.common.serialization.StringDeserializer
            """
        let configuration = try consumer(text)
        #expect(configuration.bootstrapServers == ["a:9092", "b:9092"])
        #expect(configuration.groupID == "shop")
        #expect(
            configuration.additionalProperties == [
                "session.timeout.ms": "10000", "sasl.mechanisms": "SCRAM-SHA-512", "sasl.username": "alice",
                "sasl.password": "café",
            ]
        )
    }

    @Test(arguments: [
        ("\nsesion.timeout.ms=hunter2", ":2: ", "did you mean `session.timeout.ms`?"),
        (
            "session.timeout.ms=1\n\nsession.timeout.ms=hunter2", ":3: ",
            "`session.timeout.ms` is given twice, the first at "
        ),
        ("request.required.acks=1\nacks=1", ":2: ", "same property"), ("linger.ms=1", ":1: ", "producers"),
        ("heartbeat.interval.ms=x\nsession.timeout.ms=x", ":1: ", "`heartbeat.interval.ms`"),
        ("session.timeout.ms=x\nheartbeat.interval.ms=x", ":1: ", "`session.timeout.ms`"),
        ("sasl.password=\nhunter2", ":2: ", "not shown"),
        ("ssl.key.pem=-----BEGIN\nhunter2+/AB=\n", ":2: ", "not shown"),
        ("a=\\u12", ":1: ", "hexadecimal"), ("sasl.jaas.config=hunter2", ":1: ", "`sasl.jaas.config`"),
    ])
    func aRefusalNamesFileAndLine(_ text: String, _ line: String, _ part: String) throws {
        let refusal = #expect(throws: KafkaError.self) { try consumer(text) }?.message
        try expect(refusal, says: line, part, ".properties")
        #expect(refusal?.contains("hunter2") == false)
    }

    @Test func aMissingFileIsNamed() throws {
        let path = "/does-not-exist/client.properties"
        let error = #expect(throws: KafkaError.self) { try KafkaAdminConfiguration(propertiesFile: path) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains(path) == true)
        #expect(error?.underlyingError != nil)
    }
}
