import Foundation
import RdKafka
import Testing

@testable import AsyncKafka

func producerConfiguration(_ properties: [String: String] = [:]) -> KafkaProducerConfiguration {
    var configuration = KafkaProducerConfiguration(bootstrapServers: ["localhost:9092"])
    configuration.additionalProperties = properties
    return configuration
}

func consumerConfiguration(_ properties: [String: String] = [:]) -> KafkaConsumerConfiguration {
    var configuration = KafkaConsumerConfiguration(bootstrapServers: ["localhost:9092"], groupID: "group")
    configuration.additionalProperties = properties
    return configuration
}

extension KafkaProducerConfiguration {
    /// What is in force, by name.
    func values(_ names: String...) throws -> [String?] {
        let engine = try engineConfiguration()
        return names.map { engine.value(of: $0) }
    }

    /// The sentence with which the configuration is refused, nil if it is accepted.
    func refusal() throws -> String? {
        do {
            _ = try engineConfiguration()
            return nil
        } catch {
            try #require(error.code == .invalidConfiguration)
            return error.message
        }
    }
}

extension KafkaConsumerConfiguration {
    /// What is in force, by name.
    func values(_ names: String...) throws -> [String?] {
        let engine = try engineConfiguration()
        return names.map { engine.value(of: $0) }
    }

    /// The sentence with which the configuration is refused, nil if it is accepted.
    func refusal() throws -> String? {
        do {
            _ = try engineConfiguration()
            return nil
        } catch {
            try #require(error.code == .invalidConfiguration)
            return error.message
        }
    }
}

/// The sentence with which something is refused, nil if it is not.
func refusal<Value: ~Copyable>(_ body: () throws(KafkaError) -> Value) throws -> String? {
    do throws(KafkaError) {
        _ = try body()
        return nil
    } catch {
        try #require(error.code == .invalidConfiguration)
        return error.message
    }
}

/// Lends a file with that text, whose name ends in `.properties`.
func withTemporaryFile<Value>(
    _ text: String,
    _ body: (String) throws(KafkaError) -> Value
) throws -> Value {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).properties")
    try Data(text.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    return try body(file.path)
}

/// Expects a refusal that contains all of `parts`.
func expect(
    _ refusal: String?,
    says parts: String...,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let refusal = try #require(refusal, sourceLocation: sourceLocation)
    for part in parts {
        #expect(refusal.contains(part), sourceLocation: sourceLocation)
    }
}
