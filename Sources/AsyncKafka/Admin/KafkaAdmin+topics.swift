import RdKafka

extension KafkaAdmin {
    // MARK: Create

    /// Makes topics.
    ///
    /// Suspends until the controller has answered. Brokers hear of the topics a little later.
    ///
    /// - Parameters:
    ///   - topics: what to make; each name once.
    ///   - validateOnly: whether they are only checked: nothing is made.
    ///   - timeout: how long it may take; nil is the configuration's `requestTimeout`.
    /// - Returns: for each topic whether it was made. Failures: `topicAlreadyExists`, `invalidTopic`, `invalidPartitions`,
    ///   `invalidReplicationFactor`, `invalidReplicaAssignment`, `invalidConfig`, `policyViolation`, `invalidArgument`,
    ///   `topicAuthorizationFailed`; `requestTimedOut` for one that is still being made.
    /// - Throws: `invalidArgument` if a name stands there twice; `timedOut`, `authentication`, `cancelled`, `clientClosed`.
    public func createTopics(
        _ topics: [KafkaNewTopic],
        validateOnly: Bool = false,
        timeout: Duration? = nil
    ) async throws(KafkaError) -> [String: Result<Void, KafkaError>] {
        try requireUnique(topics.map(\.name))
        return try await performForEach(
            topics,
            named: \.name,
            until: core.deadline(timeout),
            check: { topic throws(KafkaError) in try topic.engineTopic() },
            request: { .createTopics($0, validateOnly: validateOnly) }
        )
    }

    /// Makes one topic.
    ///
    /// - Throws: what ``createTopics(_:validateOnly:timeout:)`` returns or throws.
    public func createTopic(
        _ topic: KafkaNewTopic,
        validateOnly: Bool = false,
        timeout: Duration? = nil
    ) async throws(KafkaError) {
        try await createTopics([topic], validateOnly: validateOnly, timeout: timeout).single(topic.name)
    }

    // MARK: Delete

    /// Deletes topics and all their records.
    ///
    /// Suspends until the controller has answered. Brokers remove the records a little later.
    ///
    /// - Parameters:
    ///   - names: the topics.
    ///   - timeout: how long it may take; nil is the configuration's `requestTimeout`.
    /// - Returns: for each topic whether it is gone. Failures: `unknownTopicOrPartition`, `topicDeletionDisabled`,
    ///   `topicAuthorizationFailed`, `invalidArgument`.
    /// - Throws: `timedOut`, `authentication`, `cancelled`, `clientClosed`.
    public func deleteTopics(
        _ names: [String],
        timeout: Duration? = nil
    ) async throws(KafkaError) -> [String: Result<Void, KafkaError>] {
        try await performForEach(
            names.unique,
            named: \.self,
            until: core.deadline(timeout),
            check: { name throws(KafkaError) in
                try checkName(name, "a topic")
                return name
            },
            request: { .deleteTopics($0) }
        )
    }

    /// Deletes one topic and all its records.
    ///
    /// - Throws: what ``deleteTopics(_:timeout:)`` returns or throws.
    public func deleteTopic(_ name: String, timeout: Duration? = nil) async throws(KafkaError) {
        try await deleteTopics([name], timeout: timeout).single(name)
    }

    // MARK: Partitions

    /// Gives topics more partitions. There is no way back, and records with a key may go to another partition than before.
    ///
    /// Suspends until the controller has answered.
    ///
    /// - Parameters:
    ///   - partitions: how many each topic has afterwards; each topic once.
    ///   - validateOnly: whether that is only checked: nothing changes.
    ///   - timeout: how long it may take; nil is the configuration's `requestTimeout`.
    /// - Returns: for each topic whether it has them. Failures: `invalidPartitions` if that were fewer, or as many, as there
    ///   are; `unknownTopicOrPartition`, `invalidReplicaAssignment`, `topicAuthorizationFailed`, `invalidArgument`.
    /// - Throws: `invalidArgument` if a topic stands there twice; `timedOut`, `authentication`, `cancelled`, `clientClosed`.
    public func addPartitions(
        _ partitions: [KafkaNewPartitions],
        validateOnly: Bool = false,
        timeout: Duration? = nil
    ) async throws(KafkaError) -> [String: Result<Void, KafkaError>] {
        try requireUnique(partitions.map(\.topic))
        return try await performForEach(
            partitions,
            named: \.topic,
            until: core.deadline(timeout),
            check: { more throws(KafkaError) in try more.enginePartitions() },
            request: { .createPartitions($0, validateOnly: validateOnly) }
        )
    }

    /// Gives one topic more partitions, up to a total.
    ///
    /// - Throws: what ``addPartitions(_:validateOnly:timeout:)`` returns or throws.
    public func addPartitions(
        to topic: String,
        total: Int,
        validateOnly: Bool = false,
        timeout: Duration? = nil
    ) async throws(KafkaError) {
        let more = KafkaNewPartitions(topic: topic, total: total)
        try await addPartitions([more], validateOnly: validateOnly, timeout: timeout).single(topic)
    }

    // MARK: Describe

    /// The names of the topics that the account may see; sorted.
    ///
    /// - Parameters:
    ///   - includingInternal: whether Kafka's own are among them.
    ///   - timeout: how long it may take; nil is the configuration's `requestTimeout`.
    /// - Throws: `timedOut`, `transport`, `authentication`, `cancelled`, `clientClosed`.
    public func listTopics(
        includingInternal: Bool = false,
        timeout: Duration? = nil
    ) async throws(KafkaError) -> [String] {
        let topics = try await describeTopics(timeout: timeout).keys.sorted()
        return includingInternal ? topics : topics.filter { !KafkaTopicDescription.internalNames.contains($0) }
    }

    /// What the cluster knows of topics: partitions, leaders, replicas.
    ///
    /// Asks brokers, and makes no topic, whatever they are configured to. (The mock cluster of librdkafka before 2.1 makes what it is
    /// asked for by name.)
    ///
    /// - Parameters:
    ///   - names: the topics, a request each; nil, the default, is all that the account may see, Kafka's own among them.
    ///   - timeout: how long it may take; nil is the configuration's `requestTimeout`.
    /// - Returns: the descriptions. Failures: `unknownTopicOrPartition`, also for a topic that was made a moment ago;
    ///   `topicAuthorizationFailed`, `leaderNotAvailable`, `invalidTopic`; `timedOut` for those that the time did not suffice for.
    /// - Throws: `timedOut`, `transport`, `authentication`, `cancelled`, `clientClosed`.
    public func describeTopics(
        _ names: [String]? = nil,
        timeout: Duration? = nil
    ) async throws(KafkaError) -> [String: Result<KafkaTopicDescription, KafkaError>] {
        let deadline = try core.deadline(timeout)
        return try await describeTopics(names, until: deadline)
    }

    func describeTopics(
        _ names: [String]?,
        until deadline: ContinuousClock.Instant
    ) async throws(KafkaError) -> [String: Result<KafkaTopicDescription, KafkaError>] {
        try await core.block("describe topics", until: deadline) { handle, time in
            var topics: [String: Result<KafkaTopicDescription, KafkaError>] = [:]
            guard let names else {
                return time.ask { handle.allTopics(timeout: $0) }.map { all in
                    for topic in all { topics[topic.name] = .describing(topic) }
                    return topics
                }
            }
            for name in names.unique {
                if name.isEmpty || name.utf8.contains(0) {
                    topics[name] = .failure(.invalidArgument("a topic needs a name, without NUL characters"))
                    continue
                }
                topics[name] = time.ask { handle.topic(name, timeout: $0) }.mapError { $0.about(name) }
                    .flatMap { .describing($0) }
            }
            return .success(topics)
        }
    }

    /// What the cluster knows of one topic.
    ///
    /// - Throws: what ``describeTopics(_:timeout:)`` returns or throws.
    public func describeTopic(
        _ name: String,
        timeout: Duration? = nil
    ) async throws(KafkaError) -> KafkaTopicDescription {
        try await describeTopics([name], timeout: timeout).single(name)
    }

    /// The cluster's id, its brokers, and which takes changes.
    ///
    /// - Parameter timeout: how long it may take; nil is the configuration's `requestTimeout`.
    /// - Throws: `timedOut`, `transport`, `authentication`, `cancelled`, `clientClosed`.
    public func describeCluster(timeout: Duration? = nil) async throws(KafkaError) -> KafkaClusterDescription {
        let deadline = try core.deadline(timeout)
        return try await core.block("describe the cluster", until: deadline) { handle, time in
            time.ask { handle.cluster(timeout: $0) }.map { KafkaClusterDescription($0) }
        }
    }

    // MARK: Parts

    private func requireUnique(_ names: [String]) throws(KafkaError) {
        var seen: Set<String> = []
        if let name = names.first(where: { !seen.insert($0).inserted }) {
            throw .invalidArgument("\(name) stands there twice")
        }
    }

    /// Sends what passes a check; what does not has its failure in the results, and the others do not suffer for it.
    func performForEach<Thing, EngineThing>(
        _ things: [Thing],
        named name: (Thing) -> String,
        until deadline: ContinuousClock.Instant,
        check: (Thing) throws(KafkaError) -> EngineThing,
        request: ([EngineThing]) -> AdminRequest<[AdminItem]>
    ) async throws(KafkaError) -> [String: Result<Void, KafkaError>] {
        var results: [String: Result<Void, KafkaError>] = [:]
        var checked: [EngineThing] = []
        var names: [String] = []
        for thing in things {
            do throws(KafkaError) {
                checked.append(try check(thing))
                names.append(name(thing))
            } catch {
                results[name(thing)] = .failure(error)
            }
        }
        guard !checked.isEmpty else { return results }
        let items = try await core.perform(request(checked), until: deadline)
        return results.merging(items.results(for: names)) { $1 }
    }
}
