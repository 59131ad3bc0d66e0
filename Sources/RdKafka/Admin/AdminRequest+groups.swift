import CRdKafka

/// One group of a list.
package struct GroupListing: Sendable {
    package var name: String
    /// As librdkafka names it: `Stable`.
    package var state: String
    /// Whether it only commits offsets, and has no members that a coordinator knows.
    package var isSimple: Bool
}

/// The groups of all brokers that have answered.
package struct GroupListings: Sendable {
    package var groups: [GroupListing]
    /// One for each broker whose groups are missing.
    package var errors: [EngineError]
}

/// What the coordinator knows of a group.
package struct GroupDescription: Sendable {
    package struct Member: Sendable {
        package var id: String
        package var clientID: String
        package var host: String
        package var instanceID: String?
        package var assignment: [PartitionOffset]
    }

    package var name: String
    package var error: EngineError?
    package var state: String
    package var isSimple: Bool
    package var assignor: String
    package var coordinator: BrokerMetadata?
    package var members: [Member]
}

/// A group's offsets.
package struct GroupOffsets: Sendable {
    package var error: EngineError?
    package var rows: [PartitionOffset]

    package init(error: EngineError?, rows: [PartitionOffset]) {
        self.error = error
        self.rows = rows
    }
}

extension AdminRequest<GroupListings> {
    package static func listGroups() -> AdminRequest {
        AdminRequest("list groups", RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS) { client, options, queue in
            rd_kafka_ListConsumerGroups(client, options, queue)
        } read: { event in
            let result = rd_kafka_event_ListConsumerGroups_result(event)
            return GroupListings(
                groups: rows({ rd_kafka_ListConsumerGroups_result_valid(result, $0) }) { group in
                    GroupListing(
                        name: string(rd_kafka_ConsumerGroupListing_group_id(group)),
                        state: stateName(rd_kafka_ConsumerGroupListing_state(group)),
                        isSimple: rd_kafka_ConsumerGroupListing_is_simple_consumer_group(group) != 0
                    )
                },
                errors: rows({ rd_kafka_ListConsumerGroups_result_errors(result, $0) }) { EngineError($0) }
                    .compactMap { $0 }
            )
        }
    }
}

extension AdminRequest<[GroupDescription]> {
    package static func describeGroups(_ names: [String]) -> AdminRequest {
        AdminRequest("describe groups", RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS) { client, options, queue in
            withCStrings(names) { rd_kafka_DescribeConsumerGroups(client, $0, $1, options, queue) }
        } read: { event in
            let result = rd_kafka_event_DescribeConsumerGroups_result(event)
            return rows({ rd_kafka_DescribeConsumerGroups_result_groups(result, $0) }) { group in
                let count = rd_kafka_ConsumerGroupDescription_member_count(group)
                return GroupDescription(
                    name: string(rd_kafka_ConsumerGroupDescription_group_id(group)),
                    error: EngineError(rd_kafka_ConsumerGroupDescription_error(group)),
                    state: stateName(rd_kafka_ConsumerGroupDescription_state(group)),
                    isSimple: rd_kafka_ConsumerGroupDescription_is_simple_consumer_group(group) != 0,
                    assignor: string(rd_kafka_ConsumerGroupDescription_partition_assignor(group)),
                    coordinator: rd_kafka_ConsumerGroupDescription_coordinator(group).map { node in
                        BrokerMetadata(
                            id: rd_kafka_Node_id(node),
                            host: string(rd_kafka_Node_host(node)),
                            port: Int(rd_kafka_Node_port(node))
                        )
                    },
                    members: (0..<count).compactMap { index in
                        rd_kafka_ConsumerGroupDescription_member(group, index).map { member($0) }
                    }
                )
            }
        }
    }

    private static func member(_ member: OpaquePointer) -> GroupDescription.Member {
        let assignment = rd_kafka_MemberDescription_assignment(member)
        return GroupDescription.Member(
            id: string(rd_kafka_MemberDescription_consumer_id(member)),
            clientID: string(rd_kafka_MemberDescription_client_id(member)),
            host: string(rd_kafka_MemberDescription_host(member)),
            instanceID: rd_kafka_MemberDescription_group_instance_id(member).map { String(cString: $0) },
            assignment: assignment.map { PartitionOffset.rows(of: rd_kafka_MemberAssignment_partitions($0)) } ?? []
        )
    }
}

extension AdminRequest<[AdminItem]> {
    package static func deleteGroups(_ names: [String]) -> AdminRequest {
        AdminRequest("delete groups", RD_KAFKA_ADMIN_OP_DELETEGROUPS) { (client, options, queue) throws(EngineError) in
            var list = RequestObjects { rd_kafka_DeleteGroup_destroy($0) }
            for name in names { _ = try list.add { _, _ in rd_kafka_DeleteGroup_new(name) } }
            list.lend { rd_kafka_DeleteGroups(client, $0, $1, options, queue) }
        } read: { event in
            let result = rd_kafka_event_DeleteGroups_result(event)
            return rows({ rd_kafka_DeleteGroups_result_groups(result, $0) }) { group in
                AdminItem(
                    name: string(rd_kafka_group_result_name(group)),
                    error: EngineError(rd_kafka_group_result_error(group))
                )
            }
        }
    }
}

extension AdminRequest<GroupOffsets> {
    /// What a group has committed.
    ///
    /// - Parameter partitions: nil is all of which anything is committed.
    package static func listOffsets(of group: String, in partitions: [PartitionOffset]?) -> AdminRequest {
        var request = AdminRequest("list a group's offsets", RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS) {
            (client, options, queue) throws(EngineError) in
            var list = RequestObjects { rd_kafka_ListConsumerGroupOffsets_destroy($0) }
            _ = try list.add { _, _ in
                guard let partitions else { return rd_kafka_ListConsumerGroupOffsets_new(group, nil) }
                return PartitionOffset.withList(partitions) { rd_kafka_ListConsumerGroupOffsets_new(group, $0) }
            }
            list.lend { rd_kafka_ListConsumerGroupOffsets(client, $0, $1, options, queue) }
        } read: { event in
            let result = rd_kafka_event_ListConsumerGroupOffsets_result(event)
            return offsets { rd_kafka_ListConsumerGroupOffsets_result_groups(result, $0) }
        }
        request.requiresStableOffsets = true
        return request
    }

    package static func alterOffsets(of group: String, _ offsets: [PartitionOffset]) -> AdminRequest {
        AdminRequest("alter a group's offsets", RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS) {
            (client, options, queue) throws(EngineError) in
            var list = RequestObjects { rd_kafka_AlterConsumerGroupOffsets_destroy($0) }
            _ = try list.add { _, _ in
                PartitionOffset.withList(offsets) { rd_kafka_AlterConsumerGroupOffsets_new(group, $0) }
            }
            list.lend { rd_kafka_AlterConsumerGroupOffsets(client, $0, $1, options, queue) }
        } read: { event in
            let result = rd_kafka_event_AlterConsumerGroupOffsets_result(event)
            return Self.offsets { rd_kafka_AlterConsumerGroupOffsets_result_groups(result, $0) }
        }
    }

    package static func deleteOffsets(of group: String, _ partitions: [PartitionOffset]) -> AdminRequest {
        AdminRequest("delete a group's offsets", RD_KAFKA_ADMIN_OP_DELETECONSUMERGROUPOFFSETS) {
            (client, options, queue) throws(EngineError) in
            var list = RequestObjects { rd_kafka_DeleteConsumerGroupOffsets_destroy($0) }
            _ = try list.add { _, _ in
                PartitionOffset.withList(partitions) { rd_kafka_DeleteConsumerGroupOffsets_new(group, $0) }
            }
            list.lend { rd_kafka_DeleteConsumerGroupOffsets(client, $0, $1, options, queue) }
        } read: { event in
            let result = rd_kafka_event_DeleteConsumerGroupOffsets_result(event)
            return offsets { rd_kafka_DeleteConsumerGroupOffsets_result_groups(result, $0) }
        }
    }

    /// Each of these calls is about one group.
    private static func offsets(
        _ get: (UnsafeMutablePointer<Int>) -> UnsafeMutablePointer<OpaquePointer?>?
    ) -> GroupOffsets {
        let groups = rows(get) { group in
            GroupOffsets(
                error: EngineError(rd_kafka_group_result_error(group)),
                rows: PartitionOffset.rows(of: rd_kafka_group_result_partitions(group))
            )
        }
        return groups.first ?? GroupOffsets(error: nil, rows: [])
    }
}

private func stateName(_ state: rd_kafka_consumer_group_state_t) -> String {
    string(rd_kafka_consumer_group_state_name(state))
}

/// Lends texts to C as an array.
func withCStrings(_ texts: [String], _ body: (UnsafeMutablePointer<UnsafePointer<CChar>?>?, Int) -> Void) {
    let copies = texts.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    var pointers = copies.map { UnsafePointer($0) }
    body(&pointers, pointers.count)
}

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif
