import CRdKafka

// Membership of the group.
extension Handle {
    /// Has the consumer give everything back and leave the group. Waits for librdkafka's main thread alone.
    package func unsubscribe() -> Int32 {
        rd_kafka_unsubscribe(pointer).rawValue
    }

    /// The member's name; empty if it has none. Waits for librdkafka's main thread alone.
    package var memberID: String? {
        guard let name = rd_kafka_memberid(pointer) else { return nil }
        defer { rd_kafka_mem_free(pointer, name) }
        return String(cString: name)
    }
}

extension GroupMetadata {
    private typealias Generation = @convention(c) (OpaquePointer?) -> Int32

    /// librdkafka has it from 2.8 on: it is looked up in the library that this process runs with.
    private static let generationOf = EngineSymbol.find(
        "rd_kafka_consumer_group_metadata_generation_id",
        as: Generation.self
    )

    /// The generation, or the member's epoch; nil where librdkafka does not tell.
    package var generation: Int32? { Self.generationOf.map { $0(pointer) } }
}
