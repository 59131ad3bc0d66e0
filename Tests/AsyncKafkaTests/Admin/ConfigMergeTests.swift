import Testing

@testable import AsyncKafka

/// Where everything has to be written back, nothing that stays is lost.
struct ConfigMergeTests {
    private let entries = [
        KafkaConfigEntry(name: "retention.ms", value: "1000", source: .topic),
        KafkaConfigEntry(name: "cleanup.policy", value: "delete", source: .standard),
        KafkaConfigEntry(name: "max.message.bytes", value: "7", source: .allBrokers),
    ]

    private func merge(
        _ changes: [String: KafkaConfigChange],
        adding: [KafkaConfigEntry] = [],
        of resource: KafkaConfigResource = .topic("a")
    ) -> Result<[String: String], KafkaError> {
        Result { () throws(KafkaError) in try ConfigMerge.merged(entries + adding, of: resource, with: changes) }
    }

    @Test
    func whatIsSetStaysAndWhatIsInheritedIsNotWrittenDown() throws {
        #expect(try merge(["segment.ms": .set("5")]).get() == ["retention.ms": "1000", "segment.ms": "5"])
        #expect(try merge(["retention.ms": .set("5")]).get() == ["retention.ms": "5"])
        #expect(try merge(["retention.ms": .reset]).get() == [:])
    }

    @Test
    func listsGrowAndShrinkFromWhatIsInForce() throws {
        #expect(try merge(["cleanup.policy": .append("compact")]).get()["cleanup.policy"] == "delete,compact")
        #expect(try merge(["cleanup.policy": .append("delete")]).get()["cleanup.policy"] == "delete")
        #expect(try merge(["cleanup.policy": .subtract("delete")]).get()["cleanup.policy"] == "")
        #expect(try merge(["new": .append("a,b")]).get()["new"] == "a,b")
    }

    @Test
    func aSecretThatWouldBeLostIsRefused() throws {
        let secret = KafkaConfigEntry(name: "ssl.key", value: nil, source: .broker, isSecret: true)
        let error = merge(["a": .set("1")], adding: [secret], of: .broker(1)).error
        #expect(error?.code == .unsupportedFeature)
        #expect(error?.message.contains("ssl.key") == true)
        #expect(error?.message.contains("2.2") == true)
        // One that is changed itself is not lost, nor one that is another's.
        #expect(try merge(["ssl.key": .set("b")], adding: [secret], of: .broker(1)).get() == ["ssl.key": "b"])
        #expect(try merge([:], adding: [secret]).get() == ["retention.ms": "1000"])
    }

    @Test(arguments: [KafkaConfigChange.append("b"), .subtract("b")])
    func aSecretIsNoList(change: KafkaConfigChange) {
        let secret = KafkaConfigEntry(name: "ssl.key", value: nil, source: .broker, isSecret: true)
        let error = merge(["ssl.key": change], adding: [secret], of: .broker(1)).error
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("ssl.key of broker 1") == true)
    }

    /// Old brokers tell of a setting only whether it is the default.
    @Test
    func aSettingFromAnUnknownSourceIsNotDropped() {
        let entry = KafkaConfigEntry(name: "segment.ms", value: "5", source: KafkaConfigEntry.Source(0))
        let error = merge(["retention.ms": .set("5")], adding: [entry]).error
        #expect(error?.code == .unsupportedFeature)
        #expect(error?.message.contains("segment.ms") == true)
    }
}
