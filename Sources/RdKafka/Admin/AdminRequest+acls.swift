import CRdKafka

/// An access rule, or a filter for some. The numbers are librdkafka's, which are Kafka's.
package struct AccessRule: Sendable, Hashable {
    /// `rd_kafka_ResourceType_t`.
    package var resource: UInt32
    /// In a filter, nil is any; so are the others.
    package var name: String?
    /// `rd_kafka_ResourcePatternType_t`.
    package var pattern: UInt32
    package var principal: String?
    package var host: String?
    /// `rd_kafka_AclOperation_t`.
    package var operation: UInt32
    /// `rd_kafka_AclPermissionType_t`.
    package var permission: UInt32

    package init(
        resource: UInt32,
        name: String?,
        pattern: UInt32,
        principal: String?,
        host: String?,
        operation: UInt32,
        permission: UInt32
    ) {
        self.resource = resource
        self.name = name
        self.pattern = pattern
        self.principal = principal
        self.host = host
        self.operation = operation
        self.permission = permission
    }

    fileprivate init(_ rule: OpaquePointer) {
        resource = UInt32(rd_kafka_AclBinding_restype(rule).rawValue)
        name = string(rd_kafka_AclBinding_name(rule))
        pattern = UInt32(rd_kafka_AclBinding_resource_pattern_type(rule).rawValue)
        principal = string(rd_kafka_AclBinding_principal(rule))
        host = string(rd_kafka_AclBinding_host(rule))
        operation = UInt32(rd_kafka_AclBinding_operation(rule).rawValue)
        permission = UInt32(rd_kafka_AclBinding_permission_type(rule).rawValue)
    }

    fileprivate typealias Make =
        @convention(c) (
            rd_kafka_ResourceType_t, UnsafePointer<CChar>?, rd_kafka_ResourcePatternType_t, UnsafePointer<CChar>?,
            UnsafePointer<CChar>?, rd_kafka_AclOperation_t, rd_kafka_AclPermissionType_t, UnsafeMutablePointer<CChar>?,
            Int
        ) -> OpaquePointer?

    fileprivate func make(_ make: Make, in list: inout RequestObjects) throws(EngineError) {
        _ = try list.add { text, size in
            make(
                rd_kafka_ResourceType_t(resource),
                name,
                rd_kafka_ResourcePatternType_t(pattern),
                principal,
                host,
                rd_kafka_AclOperation_t(operation),
                rd_kafka_AclPermissionType_t(permission),
                text,
                size
            )
        }
    }
}

/// What a filter has removed.
package struct DeletedRules: Sendable {
    package var error: EngineError?
    /// What it matched, each with the error that kept it, if any.
    package var rules: [(rule: AccessRule, error: EngineError?)]
}

extension AdminRequest<[EngineError?]> {
    /// The answer has an entry for each rule, in order.
    package static func createRules(_ rules: [AccessRule]) -> AdminRequest {
        AdminRequest("create access rules", RD_KAFKA_ADMIN_OP_CREATEACLS) {
            (client, options, queue) throws(EngineError) in
            var list = RequestObjects { rd_kafka_AclBinding_destroy($0) }
            for rule in rules { try rule.make(rd_kafka_AclBinding_new, in: &list) }
            list.lend { rd_kafka_CreateAcls(client, $0, $1, options, queue) }
        } read: { event in
            let result = rd_kafka_event_CreateAcls_result(event)
            return rows({ rd_kafka_CreateAcls_result_acls(result, $0) }) { EngineError(rd_kafka_acl_result_error($0)) }
        }
    }
}

extension AdminRequest<[AccessRule]> {
    package static func describeRules(_ filter: AccessRule) -> AdminRequest {
        AdminRequest("describe access rules", RD_KAFKA_ADMIN_OP_DESCRIBEACLS) {
            (client, options, queue) throws(EngineError) in
            var list = RequestObjects { rd_kafka_AclBinding_destroy($0) }
            try filter.make(rd_kafka_AclBindingFilter_new, in: &list)
            list.lend { filters, _ in rd_kafka_DescribeAcls(client, filters?.pointee, options, queue) }
        } read: { event in
            let result = rd_kafka_event_DescribeAcls_result(event)
            return rows({ rd_kafka_DescribeAcls_result_acls(result, $0) }) { AccessRule($0) }
        }
    }
}

extension AdminRequest<[DeletedRules]> {
    /// The answer has an entry for each filter, in order.
    package static func deleteRules(_ filters: [AccessRule]) -> AdminRequest {
        AdminRequest("delete access rules", RD_KAFKA_ADMIN_OP_DELETEACLS) {
            (client, options, queue) throws(EngineError) in
            var list = RequestObjects { rd_kafka_AclBinding_destroy($0) }
            for filter in filters { try filter.make(rd_kafka_AclBindingFilter_new, in: &list) }
            list.lend { rd_kafka_DeleteAcls(client, $0, $1, options, queue) }
        } read: { event in
            let result = rd_kafka_event_DeleteAcls_result(event)
            return rows({ rd_kafka_DeleteAcls_result_responses(result, $0) }) { response in
                DeletedRules(
                    error: EngineError(rd_kafka_DeleteAcls_result_response_error(response)),
                    rules: rows({ rd_kafka_DeleteAcls_result_response_matching_acls(response, $0) }) { rule in
                        (AccessRule(rule), EngineError(rd_kafka_AclBinding_error(rule)))
                    }
                )
            }
        }
    }
}
