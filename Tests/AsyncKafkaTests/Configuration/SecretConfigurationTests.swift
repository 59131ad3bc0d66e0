import Testing

@testable import AsyncKafka

@Suite struct SecretConfigurationTests {
    static let secrets = [
        "sasl.password", "ssl.key.password", "ssl.keystore.password", "ssl.key.pem", "sasl.oauthbearer.config",
        "sasl.oauthbearer.client.secret", "sasl.pasword", "sasl.jaas.config", "SASL.PASSWORD", "some.token", "ssl_key",
        "sasl.oauthbearer.assertion.private.key.pem", "unheard.of",
    ]

    @Test(arguments: secrets)
    func noDescriptionShowsASecret(_ name: String) {
        let properties = [name: "hunter2", "client.rack": "rack-7"]
        let producer = producerConfiguration(properties)
        let consumer = consumerConfiguration(properties)
        var dumps = ["", "", ""]
        dump(producer, to: &dumps[0])
        dump(consumer, to: &dumps[1])
        dump(["nested": (producer, consumer)], to: &dumps[2])
        let texts =
            dumps + [
                "\(producer)", "\(consumer)", String(reflecting: producer), String(reflecting: consumer),
                "\([producer])", "\(Optional(consumer) as Any)",
            ]
        for text in texts {
            #expect(!text.contains("hunter2"))
            #expect(text.contains("<redacted>"))
            #expect(text.contains("rack-7"))
            #expect(text.contains(name))
        }
    }

    @Test(arguments: secrets)
    func noMirrorShowsASecret(_ name: String) {
        #expect(!reachable(producerConfiguration([name: "hunter2"]), depth: 0).contains("hunter2"))
        #expect(!reachable(consumerConfiguration([name: "hunter2"]), depth: 0).contains("hunter2"))
    }

    /// All that a walk over mirrors finds.
    private func reachable(_ value: Any, depth: Int) -> [String] {
        guard depth < 8 else { return [] }
        return ["\(value)"]
            + Mirror(reflecting: value).children.flatMap { reachable($0.value, depth: depth + 1) }
    }

    @Test(arguments: secrets)
    func noErrorRepeatsASecret(_ name: String) throws {
        for value in ["hunter2", "hunter2\0"] {
            for refusal in [
                try producerConfiguration([name: value]).refusal(), try consumerConfiguration([name: value]).refusal(),
            ] {
                #expect(refusal?.contains("hunter2") != true)
            }
        }
    }

    @Test func settingsAreShown() {
        var configuration = producerConfiguration()
        configuration.compression = .zstd(level: 3)
        let text = "\(configuration)"
        #expect(text.hasPrefix("KafkaProducerConfiguration(bootstrapServers: [\"localhost:9092\"]"))
        #expect(text.contains("compression: zstd(level: 3)"))
        #expect(text.contains("acknowledgements: all"))
        #expect(text.contains("log: standardError(warning)"))
        #expect(text.hasSuffix("additionalProperties: [:])"))
    }
}
