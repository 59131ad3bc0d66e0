import CRdKafka

/// Whose configuration: `rd_kafka_ResourceType_t` and a name, which is a number for brokers.
package struct ConfigResource: Sendable, Hashable {
    package enum Kind: UInt32, Sendable {
        case topic = 2
        case broker = 4
    }

    package var kind: Kind
    package var name: String

    package init(kind: Kind, name: String) {
        self.kind = kind
        self.name = name
    }

    fileprivate func make(in list: inout RequestObjects) throws(EngineError) -> OpaquePointer {
        try list.add { _, _ in rd_kafka_ConfigResource_new(rd_kafka_ResourceType_t(kind.rawValue), name) }
    }
}

/// One setting, as a broker tells it.
package struct ConfigEntry: Sendable {
    package var name: String
    /// Nil for a secret, and for what has no value.
    package var value: String?
    /// `rd_kafka_ConfigSource_t`.
    package var source: Int
    package var isReadOnly: Bool
    package var isSecret: Bool
}

/// What became of one resource, and what it has.
package struct ConfigAnswer: Sendable {
    package var kind: ConfigResource.Kind?
    package var name: String
    package var error: EngineError?
    package var entries: [ConfigEntry]
}

/// A change of one setting: `rd_kafka_AlterConfigOpType_t`.
package struct ConfigChange: Sendable {
    package enum Operation: Int32, Sendable {
        case set, delete, append, subtract
    }

    package var name: String
    package var operation: Operation
    package var value: String?

    package init(name: String, operation: Operation, value: String?) {
        self.name = name
        self.operation = operation
        self.value = value
    }
}

extension AdminRequest<[ConfigAnswer]> {
    /// At most one of the resources may be a broker: the request goes there.
    package static func describeConfigs(_ resources: [ConfigResource]) -> AdminRequest {
        AdminRequest("describe configurations", RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS) {
            (client, options, queue) throws(EngineError) in
            var list = RequestObjects { rd_kafka_ConfigResource_destroy($0) }
            for resource in resources { _ = try resource.make(in: &list) }
            list.lend { rd_kafka_DescribeConfigs(client, $0, $1, options, queue) }
        } read: { event in
            answers { rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), $0) }
        }
    }

    /// Replaces everything that a resource has set. At most one may be a broker.
    package static func replaceConfigs(
        _ configurations: [ConfigResource: [String: String]],
        validateOnly: Bool
    ) -> AdminRequest {
        var request = AdminRequest("alter configurations", RD_KAFKA_ADMIN_OP_ALTERCONFIGS) {
            (client, options, queue) throws(EngineError) in
            var list = RequestObjects { rd_kafka_ConfigResource_destroy($0) }
            for (resource, settings) in configurations {
                let new = try resource.make(in: &list)
                for (name, value) in settings {
                    try EngineError.check { _, _ in rd_kafka_ConfigResource_set_config(new, name, value) }
                }
            }
            list.lend { rd_kafka_AlterConfigs(client, $0, $1, options, queue) }
        } read: { event in
            answers { rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(event), $0) }
        }
        request.isValidatedOnly = validateOnly
        return request
    }

    /// Changes single settings, and leaves the others alone. At most one of the resources may be a broker.
    ///
    /// - Returns: nil before librdkafka 2.2.
    package static func changeConfigs(
        _ changes: [ConfigResource: [ConfigChange]],
        validateOnly: Bool
    ) -> AdminRequest? {
        guard let calls = IncrementalCalls.shared else { return nil }
        var request = AdminRequest("alter configurations", IncrementalCalls.operation) {
            (client, options, queue) throws(EngineError) in
            var list = RequestObjects { rd_kafka_ConfigResource_destroy($0) }
            for (resource, changes) in changes {
                let new = try resource.make(in: &list)
                for change in changes {
                    let error = calls.add(new, change.name, change.operation.rawValue, change.value)
                    if let error = EngineError(consuming: error) { throw error }
                }
            }
            list.lend { calls.alter(client, $0, $1, options, queue) }
        } read: { event in
            answers { calls.resources(calls.result(event), $0) }
        }
        request.isValidatedOnly = validateOnly
        return request
    }

    private static func answers(
        _ get: (UnsafeMutablePointer<Int>) -> UnsafeMutablePointer<OpaquePointer?>?
    ) -> [ConfigAnswer] {
        rows(get) { resource in
            let code = rd_kafka_ConfigResource_error(resource)
            var error: EngineError?
            if code != RD_KAFKA_RESP_ERR_NO_ERROR {
                let reason = rd_kafka_ConfigResource_error_string(resource).map { String(cString: $0) }
                error = EngineError(code: code.rawValue, message: reason)
            }
            return ConfigAnswer(
                kind: ConfigResource.Kind(rawValue: UInt32(rd_kafka_ConfigResource_type(resource).rawValue)),
                name: string(rd_kafka_ConfigResource_name(resource)),
                error: error,
                entries: rows({ rd_kafka_ConfigResource_configs(resource, $0) }, entry)
            )
        }
    }

    private static func entry(_ entry: OpaquePointer) -> ConfigEntry {
        ConfigEntry(
            name: string(rd_kafka_ConfigEntry_name(entry)),
            value: rd_kafka_ConfigEntry_value(entry).map { String(cString: $0) },
            source: Int(rd_kafka_ConfigEntry_source(entry).rawValue),
            isReadOnly: rd_kafka_ConfigEntry_is_read_only(entry) == 1,
            isSecret: rd_kafka_ConfigEntry_is_sensitive(entry) == 1
        )
    }
}

/// IncrementalAlterConfigs (KIP-339), from librdkafka 2.2 on.
private struct IncrementalCalls: Sendable {
    typealias Add =
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, Int32, UnsafePointer<CChar>?) -> OpaquePointer?
    typealias Alter =
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<OpaquePointer?>?, Int, OpaquePointer?, OpaquePointer?) ->
        Void
    typealias Result = @convention(c) (OpaquePointer?) -> OpaquePointer?
    typealias Resources =
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<Int>?) -> UnsafeMutablePointer<OpaquePointer?>?

    /// `RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS`.
    static let operation = rd_kafka_admin_op_t(16)

    let add: Add
    let alter: Alter
    let result: Result
    let resources: Resources

    static let shared: IncrementalCalls? = {
        guard
            let add = EngineSymbol.find("rd_kafka_ConfigResource_add_incremental_config", as: Add.self),
            let alter = EngineSymbol.find("rd_kafka_IncrementalAlterConfigs", as: Alter.self),
            let result = EngineSymbol.find("rd_kafka_event_IncrementalAlterConfigs_result", as: Result.self),
            let resources = EngineSymbol.find("rd_kafka_IncrementalAlterConfigs_result_resources", as: Resources.self)
        else { return nil }
        return IncrementalCalls(add: add, alter: alter, result: result, resources: resources)
    }()
}
