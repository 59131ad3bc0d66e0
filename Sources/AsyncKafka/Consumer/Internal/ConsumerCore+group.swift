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
        subscription = Subscription(topics: topics, missing: subscription.missing.only(topics))
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

    /// Looks for topics that the cluster did not have, and has librdkafka look at the subscription again once one is there.
    func lookForMissingTopics(now: ContinuousClock.Instant) {
        guard subscription.isActive, !isClosed else { return }
        let topics = subscription.missing.begin(now: now)
        guard !topics.isEmpty else { return }
        let handle = handle
        let timeout = Self.startLimit.clampedMilliseconds
        blockingCalls += 1
        ownCalls.submit { [self] in
            let isOneThere = topics.contains { topic in
                guard case .success(let metadata) = handle.topic(topic, timeout: timeout) else { return false }
                return metadata.error == nil
            }
            // Only an answer about all topics changes what a group subscribes to (rdkafka_metadata.c).
            let all = isOneThere ? (try? handle.allTopics(timeout: timeout).get()) ?? [] : []
            let found = Set(all.filter { $0.error == nil }.map(\.name))
            thread.submit {
                self.assumeIsolated { core in
                    core.blockingCalls -= 1
                    core.subscription.missing.end(found: found, now: .now)
                }
            }
        }
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
