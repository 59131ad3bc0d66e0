import RdKafka
import Testing

@testable import AsyncKafka

struct AdminConfigurationTests {
    private func refusal(
        _ properties: [String: String] = [:],
        _ change: (inout KafkaAdminConfiguration) -> Void = { _ in }
    ) -> String? {
        var configuration = KafkaAdminConfiguration(bootstrapServers: ["localhost:9092"])
        configuration.additionalProperties = properties
        change(&configuration)
        do throws(KafkaError) {
            _ = try configuration.engineConfiguration()
            return nil
        } catch {
            return error.code == .invalidConfiguration ? error.message : "\(error)"
        }
    }

    @Test
    func commonPropertiesAreTakenAndThoseOfOtherClientsRefused() {
        #expect(refusal() == nil)
        #expect(refusal(["socket.timeout.ms": "5000", "broker.address.family": "v4"]) == nil)
        #expect(refusal(["linger.ms": "5"])?.contains("property of producers") == true)
        #expect(refusal(["group.id": "a"])?.contains("no effect on an admin client") == true)
        #expect(refusal(["socket.timeout": "5"])?.contains("did you mean") == true)
    }

    @Test
    func timesAreChecked() {
        #expect(refusal { $0.requestTimeout = .zero }?.contains("requestTimeout") == true)
        #expect(refusal { $0.requestTimeout = .seconds(3601) }?.contains("requestTimeout") == true)
        #expect(refusal { $0.operationTimeout = .seconds(-1) }?.contains("operationTimeout") == true)
        #expect(refusal { $0.closeTimeout = .seconds(86_401) }?.contains("closeTimeout") == true)
    }

    @Test
    func askingMakesNoTopics() throws {
        #expect(refusal(["allow.auto.create.topics": "true"])?.contains("can only be false") == true)
        #expect(refusal(["allow.auto.create.topics": "false"]) == nil)
        let engine = try KafkaAdminConfiguration(bootstrapServers: ["a"]).engineConfiguration()
        #expect(engine.value(of: "allow.auto.create.topics") == "false")
    }

    @Test
    func secretsAreNotShown() {
        var configuration = KafkaAdminConfiguration(bootstrapServers: ["localhost:9092"])
        configuration.additionalProperties["sasl.password"] = "hush"
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in ["\(configuration)", String(reflecting: configuration), dumped] {
            #expect(!text.contains("hush"))
        }
    }
}
