import CRdKafka

/// What the account may do with a topic, as a broker tells.
package struct TopicOperations: Sendable {
    package var name: String
    package var error: EngineError?
    /// `rd_kafka_AclOperation_t`; nil if the broker does not tell.
    package var operations: Set<UInt32>?
}

extension AdminRequest<[TopicOperations]> {
    /// Nil before librdkafka 2.3.
    package static func describeOperations(ofTopics names: [String]) -> AdminRequest? {
        guard let calls = OperationCalls.shared else { return nil }
        var request = AdminRequest("describe topics", OperationCalls.operation) { client, options, queue in
            withCStrings(names) { names, count in
                guard let topics = calls.collection(names, count) else { return }
                calls.describe(client, topics, options, queue)
                calls.free(topics)
            }
        } read: { event in
            let result = calls.result(event)
            return rows({ calls.topics(result, $0) }) { topic in
                var count = 0
                let operations = calls.operations(topic, &count)
                return TopicOperations(
                    name: string(calls.name(topic)),
                    error: EngineError(calls.error(topic)).flatMap { $0.code == 0 ? nil : $0 },
                    operations: operations.map { Set(UnsafeBufferPointer(start: $0, count: count)) }
                )
            }
        }
        request.setOptions = { options in
            if let error = calls.include(options, 1) { rd_kafka_error_destroy(error) }
        }
        return request
    }
}

/// DescribeTopics with authorized operations (KIP-430), from librdkafka 2.3 on.
private struct OperationCalls: Sendable {
    typealias Collection = @convention(c) (UnsafeMutablePointer<UnsafePointer<CChar>?>?, Int) -> OpaquePointer?
    typealias Free = @convention(c) (OpaquePointer?) -> Void
    typealias Describe =
        @convention(c) (OpaquePointer?, OpaquePointer?, OpaquePointer?, OpaquePointer?) -> Void
    typealias Include = @convention(c) (OpaquePointer?, Int32) -> OpaquePointer?
    typealias Part = @convention(c) (OpaquePointer?) -> OpaquePointer?
    typealias Rows =
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<Int>?) -> UnsafeMutablePointer<OpaquePointer?>?
    typealias Text = @convention(c) (OpaquePointer?) -> UnsafePointer<CChar>?
    typealias Operations = @convention(c) (OpaquePointer?, UnsafeMutablePointer<Int>?) -> UnsafePointer<UInt32>?

    /// `RD_KAFKA_ADMIN_OP_DESCRIBETOPICS`.
    static let operation = rd_kafka_admin_op_t(19)

    let collection: Collection
    let free: Free
    let describe: Describe
    let include: Include
    let result: Part
    let topics: Rows
    let name: Text
    let error: Part
    let operations: Operations

    static let shared = OperationCalls()

    private init?() {
        let description = "rd_kafka_TopicDescription_"
        guard
            let collection = EngineSymbol.find("rd_kafka_TopicCollection_of_topic_names", as: Collection.self),
            let free = EngineSymbol.find("rd_kafka_TopicCollection_destroy", as: Free.self),
            let describe = EngineSymbol.find("rd_kafka_DescribeTopics", as: Describe.self),
            let include = EngineSymbol.find(
                "rd_kafka_AdminOptions_set_include_authorized_operations",
                as: Include.self
            ),
            let result = EngineSymbol.find("rd_kafka_event_DescribeTopics_result", as: Part.self),
            let topics = EngineSymbol.find("rd_kafka_DescribeTopics_result_topics", as: Rows.self),
            let name = EngineSymbol.find("\(description)name", as: Text.self),
            let error = EngineSymbol.find("\(description)error", as: Part.self),
            let operations = EngineSymbol.find("\(description)authorized_operations", as: Operations.self)
        else { return nil }
        self.collection = collection
        self.free = free
        self.describe = describe
        self.include = include
        self.result = result
        self.topics = topics
        self.name = name
        self.error = error
        self.operations = operations
    }
}
