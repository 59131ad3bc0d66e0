import RdKafka
import Testing

@testable import AsyncKafka

struct FetchConfigurationTests {
    @Test func typedSettingsReachTheEngine() throws {
        var configuration = consumerConfiguration()
        configuration.fetch.maxBytes = 2_000_000
        configuration.fetch.maxPartitionBytes = 300_000
        configuration.fetch.checksCRCs = true
        configuration.clientRack = "eu-1a"
        let names = ["fetch.max.bytes", "max.partition.fetch.bytes", "check.crcs", "client.rack"]
        let engine = try configuration.engineConfiguration()
        #expect(names.map { engine.value(of: $0) } == ["2000000", "300000", "true", "eu-1a"])
        try Handle(.consumer, engine).destroy()
    }

    @Test func theSizeOfAPartitionDerivesFromThatOfAnAnswer() throws {
        var configuration = consumerConfiguration(["message.max.bytes": "100000"])
        configuration.fetch.maxBytes = 200_000
        #expect(try configuration.values("max.partition.fetch.bytes") == ["200000"])
        configuration.fetch.maxBytes = nil
        configuration.fetch.prefetchBytes = 600_064
        #expect(try configuration.values("fetch.max.bytes", "max.partition.fetch.bytes") == ["150016", "150016"])
    }

    typealias Change = @Sendable (inout KafkaConsumerConfiguration) -> Void

    static let contradictions: [(said: [String], change: Change)] = [
        (["`fetch.maxBytes`", "is 999999 bytes", "`message.max.bytes` 1000000"], { $0.fetch.maxBytes = 999_999 }),
        (
            ["`fetch.maxBytes`", "is 5000000 bytes", "`fetch.prefetchBytes`", "4194304"],
            {
                $0.fetch.maxBytes = 5_000_000
                $0.fetch.prefetchBytes = 4 * 1024 * 1024
            }
        ),
        (
            ["`fetch.maxBytes`", "is 2000000 bytes", "`receive.message.max.bytes` 2000511"],
            {
                $0.fetch.maxBytes = 2_000_000
                $0.additionalProperties["receive.message.max.bytes"] = "2000511"
            }
        ),
        (
            ["`fetch.maxPartitionBytes`", "is 2000001 bytes", "`fetch.maxBytes`", "2000000"],
            {
                $0.fetch.maxBytes = 2_000_000
                $0.fetch.maxPartitionBytes = 2_000_001
            }
        ),
        (
            ["`fetch.maxPartitionBytes`", "is 16777217 bytes", "16777216", "`fetch.prefetchBytes`"],
            { $0.fetch.maxPartitionBytes = 16 * 1024 * 1024 + 1 }
        ),
        (["`fetch.minBytes`", "is 16777217 bytes", "16777216"], { $0.fetch.minBytes = 16 * 1024 * 1024 + 1 }),
        (
            ["`fetch.maxWait`", "is 60000 ms", "(socket.timeout.ms) 60000"],
            {
                $0.fetch.maxWait = .seconds(60)
                $0.additionalProperties["socket.timeout.ms"] = "60000"
            }
        ),
    ]

    @Test(arguments: contradictions.indices)
    func contradictionsAreRefusedWithBothValues(_ index: Int) throws {
        let (said, change) = Self.contradictions[index]
        var configuration = consumerConfiguration()
        change(&configuration)
        let refusal = try #require(try configuration.refusal())
        for words in said { #expect(refusal.contains(words), "\(refusal)") }
    }

    @Test func whatJustFitsIsAccepted() throws {
        var configuration = consumerConfiguration(["socket.timeout.ms": "60000"])
        configuration.fetch.maxBytes = 4 * 1024 * 1024
        configuration.fetch.prefetchBytes = 4 * 1024 * 1024
        configuration.fetch.maxPartitionBytes = 4 * 1024 * 1024
        configuration.fetch.minBytes = 4 * 1024 * 1024
        configuration.fetch.maxWait = .milliseconds(59_999)
        #expect(try configuration.refusal() == nil)
    }
}
