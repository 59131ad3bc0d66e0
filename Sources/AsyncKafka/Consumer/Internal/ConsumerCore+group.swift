import RdKafka

// What the consumer reads as a member of its group, and who it is there.
extension ConsumerCore {
    func subscribe(_ topics: [String]) throws(KafkaError) {
        if isClosed { throw .clientClosed }
        try requireGroup("there is nobody to share partitions with")
        guard isSubscribed || assigned.isEmpty else {
            throw KafkaError(.invalidState, "partitions are assigned by hand: `unassign()` them first")
        }
        guard !topics.isEmpty, topics.allSatisfy({ !$0.isEmpty && !$0.utf8.contains(0) }) else {
            throw KafkaError(
                .invalidArgument,
                "a subscription needs at least one topic, and no name may be empty or contain a NUL character"
            )
        }
        let code = handle.subscribe(topics)
        guard code == 0 else { throw KafkaError(EngineError(code: code)) }
        subscription = Subscription(topics: topics)
        isManual = false
    }

    /// Whether the group decides on the partitions, or has given those that there are.
    var isSubscribed: Bool { !subscription.topics.isEmpty || (!assigned.isEmpty && !isManual) }

    func unsubscribe() throws(KafkaError) {
        if isClosed { throw .clientClosed }
        let code = handle.unsubscribe()
        guard code == 0 else { throw KafkaError(EngineError(code: code)) }
        subscription = Subscription()
    }

    /// Who this consumer is in its group now.
    func membership() async throws(KafkaError) -> KafkaGroupMetadata {
        if isLeaving { throw .clientClosed }
        let handle = handle
        try requireGroup("it is nobody there")
        let settings = settings
        let (memberID, generation) = await blocking { () -> (String?, Int32?) in
            (handle.memberID, handle.groupMetadata()?.generation)
        }
        return KafkaGroupMetadata(
            groupID: settings.groupID,
            instanceID: settings.instanceID,
            memberID: memberID.flatMap { $0.isEmpty ? nil : $0 },
            generation: generation.flatMap { $0 < 0 ? nil : Int($0) }
        )
    }
}
