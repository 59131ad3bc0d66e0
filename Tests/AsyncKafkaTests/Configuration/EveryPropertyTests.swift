import RdKafka
import Testing

@testable import AsyncKafka

/// Every property of the linked librdkafka can be set, but for a short list.
@Suite struct EveryPropertyTests {
    /// What is refused, by canonical name, and a piece of the reason. DESIGN.md, "Configuration and log", has the same list.
    static let refused: [String: String] = [
        // Each outcome, event and line has its receiver.
        "enabled_events": "the client relies on the events",
        "auto.commit.interval.ms": "`offsetPolicy`",
        // Each of them has the one value that the client relies on.
        "delivery.report.only.error": "can only be false",
        "log.queue": "can only be true",
        "log_level": "`log`",
        "enable.auto.commit": "can only be false",
        "auto.commit.enable": "can only be false",
        "enable.auto.offset.store": "can only be false",
        "offset.store.method": "can only be broker",
    ]

    /// What the client relies on, where librdkafka's default is another value.
    static let used: [String: String] = [
        "delivery.report.only.error": "false", "log.queue": "true", "log_level": "4", "enable.auto.commit": "false",
        "auto.commit.enable": "false", "enable.auto.offset.store": "false", "offset.store.method": "broker",
    ]

    /// Other values, for what has no default or one that does not fit this library's others.
    static let valid: [String: String] = [
        "max.in.flight.requests.per.connection": "5", "max.in.flight": "5", "acks": "all",
        "request.required.acks": "all",
        "plugin.library.paths": "", "partition.assignment.strategy": "range",
        "bootstrap.servers": "a:9092", "metadata.broker.list": "a:9092", "auto.offset.reset": "latest",
        "topic.blacklist": "^x", "debug": "generic", "compression.level": "1", "partitioner": "random",
        "delivery.timeout.ms": "60000", "message.timeout.ms": "60000", "request.timeout.ms": "1000",
        "produce.offset.report": "false", "queuing.strategy": "fifo", "consume.callback.max.messages": "1",
        "offset.store.sync.interval.ms": "-1", "offset.store.method": "file", "auto.commit.enable": "true",
        "offset.store.path": ".",
        "sasl.oauthbearer.extensions": "a=b", "sasl.mechanism": "PLAIN", "sasl.mechanisms": "PLAIN",
        "enable.sasl.oauthbearer.unsecure.jwt": "true", "ssl.ca.pem": Certificates.certificate, "client.rack": "r",
        "group.id": "g",
    ]

    /// Certificates and keys come in pairs, and in files that are looked at: `TLSConfigurationTests` set them.
    private static func isOfFile(_ name: String) -> Bool {
        ["ssl.certificate.", "ssl.key.", "ssl.keystore."].contains { name.hasPrefix($0) }
            || ["ssl.ca.location", "ssl.crl.location", "sasl.kerberos.keytab"].contains(name)
    }

    /// A property of security with those without which it would be ignored.
    private static func completed(_ name: String, _ value: String) -> [String: String] {
        var others: [String: String] = [:]
        if TLSProperties.contains(name) {
            others = ["security.protocol": "ssl", "ssl.ca.pem": Certificates.certificate]
        } else if SASLProperties.contains(name) {
            others = ["security.protocol": "sasl_plaintext", "sasl.mechanisms": "PLAIN"]
            if SASLProperties.isOfKerberos(name) {
                others["sasl.mechanisms"] = "GSSAPI"
                others["sasl.kerberos.kinit.cmd"] = "true"
            } else if SASLProperties.isOfTokens(name) {
                others["sasl.mechanisms"] = "OAUTHBEARER"
                others["enable.sasl.oauthbearer.unsecure.jwt"] = "true"
            } else {
                others["sasl.username"] = "alice"
                others["sasl.password"] = "secret"
            }
        }
        others[PropertyNames.canonical(name)] = nil
        others[name] = value
        return others
    }

    private func refusal(_ kind: ClientKind, _ name: String, _ value: String) throws -> String? {
        let properties = Self.completed(name, value)
        switch kind {
        case .producer:
            var configuration = producerConfiguration(properties)
            if isServers(name) { configuration.bootstrapServers = [] }
            return try configuration.refusal()
        case .consumer:
            var configuration = consumerConfiguration(properties)
            if isServers(name) { configuration.bootstrapServers = [] }
            if name == "group.id" { configuration.groupID = nil }
            return try configuration.refusal()
        case .admin:
            var configuration = KafkaAdminConfiguration(bootstrapServers: isServers(name) ? [] : ["a"])
            configuration.additionalProperties = properties
            return try AsyncKafkaTests.refusal { () throws(KafkaError) in try configuration.engineConfiguration() }
        }
    }

    private func isServers(_ name: String) -> Bool {
        PropertyNames.canonical(name) == PropertyNames.canonical("bootstrap.servers")
    }

    @Test(arguments: [ClientKind.producer, .consumer, .admin])
    func eachPropertyIsSetOrRefusedForAReasonOnTheList(_ kind: ClientKind) throws {
        let defaults = Configuration()
        #expect(Configuration.properties.count > 150)
        for (name, property) in Configuration.properties.sorted(by: { $0.key < $1.key }) {
            let value = Self.valid[name] ?? defaults.value(of: name) ?? "x"
            let refusal = try refusal(kind, name, value)
            if PropertyNames.ofShareConsumers.contains(name) {
                #expect(refusal?.contains("has no property") == true, "\(name)")
            } else if !PropertyNames.scope(property.scope, fits: kind) {
                #expect(refusal?.contains("is a property of") == true, "\(name)")
            } else if property.kind == .dedicated {
                #expect(refusal?.contains("a function or a pointer of C") == true, "\(name)")
            } else if let reason = Self.refused[property.canonicalName] {
                if Self.used[name] != value { #expect(refusal?.contains(reason) == true, "\(name): \(refusal ?? "")") }
                if let used = Self.used[name] { #expect(try self.refusal(kind, name, used) == nil, "\(name)") }
            } else if let refusal, SASLProperties.isOfKerberos(name), Engine.isWithoutKerberos(refusal) {
                continue
            } else if Self.isOfFile(name) {
                #expect(refusal?.contains("`\(name)`") != false, "\(name): \(refusal ?? "")")
            } else if refusal?.contains("not supported in this build") == true
                || refusal?.contains("was built without OpenID Connect") == true
            {
                // How librdkafka was built decides on these: without libcurl, not for Windows, without OpenSSL's engines.
                #expect(
                    ["sasl.oauthbearer.", "ssl.ca.certificate.stores", "ssl.engine."].contains { name.hasPrefix($0) }
                )
            } else {
                #expect(refusal == nil, "\(name)=\(value): \(refusal ?? "")")
            }
        }
    }

    /// librdkafka hides it in its list.
    static let hidden = "test.mock.num.brokers"

    @Test(arguments: [ClientKind.producer, .consumer, .admin])
    func nothingTakesThePlaceOfTheBrokers(_ kind: ClientKind) throws {
        let refusal = try refusal(kind, Self.hidden, "1")
        #expect(refusal?.contains("`test.mock.num.brokers` can only be 0") == true, "\(refusal ?? "taken")")
        #expect(refusal?.contains("KafkaMockCluster") == true)
        #expect(try self.refusal(kind, Self.hidden, "0") == nil)
    }

    @Test func theListHasNothingElse() {
        let names = Self.refused.keys.sorted()
        #expect(Set(PropertyNames.refusals.keys) == Set(names + [Self.hidden]).subtracting(["log_level"]))
        for name in names { #expect(Configuration.propertyNames.contains(name), "\(name)") }
        #expect(!Configuration.propertyNames.contains(Self.hidden))
    }
}
