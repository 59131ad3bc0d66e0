import RdKafka

extension KafkaAdmin {
    /// The settings of topics and brokers, by name.
    ///
    /// - Parameters:
    ///   - resources: whose. Each broker is asked itself; the topics together.
    ///   - timeout: how long it may take; nil is the configuration's `requestTimeout`.
    /// - Returns: the settings. Failures: `unknownTopicOrPartition`, `topicAuthorizationFailed`, `clusterAuthorizationFailed`,
    ///   `invalidArgument`; for a broker that does not answer `timedOut`.
    /// - Throws: what fails as a whole: `timedOut`, `authentication`, `cancelled`, `clientClosed`.
    public func describeConfigs(
        _ resources: [KafkaConfigResource],
        timeout: Duration? = nil
    ) async throws(KafkaError) -> [KafkaConfigResource: Result<[String: KafkaConfigEntry], KafkaError>] {
        let deadline = try core.deadline(timeout)
        let answers = try await askForConfigs(resources, until: deadline) { resources in
            .describeConfigs(resources.map(\.resource))
        }
        return answers.mapValues { result in
            result.map { entries in
                Dictionary(entries.map { ($0.name, KafkaConfigEntry($0)) }) { first, _ in first }
            }
        }
    }

    /// The settings of one topic or broker, by name.
    ///
    /// - Throws: what ``describeConfigs(_:timeout:)`` returns or throws.
    public func describeConfig(
        of resource: KafkaConfigResource,
        timeout: Duration? = nil
    ) async throws(KafkaError) -> [String: KafkaConfigEntry] {
        try await describeConfigs([resource], timeout: timeout).single(resource)
    }

    /// Changes single settings of topics and brokers; the others stay as they are.
    ///
    /// librdkafka does that from 2.2 on (KIP-339). Before, it can only replace everything that is set; whether that is done, with what
    /// it may undo, is for `fallback` to say.
    ///
    /// Suspends until the controller, and each broker of which something is to change, has answered.
    ///
    /// - Parameters:
    ///   - changes: what to change, by setting.
    ///   - validateOnly: whether it is only checked: nothing changes.
    ///   - fallback: what to do with a librdkafka before 2.2. It refuses by default.
    ///   - timeout: how long it may take; nil is the configuration's `requestTimeout`.
    /// - Returns: for each topic and broker whether all of its changes were made; none was otherwise. Failures: `invalidConfig`,
    ///   `unknownTopicOrPartition`, `policyViolation`, `topicAuthorizationFailed`, `clusterAuthorizationFailed`,
    ///   `invalidArgument`; `unsupportedFeature` where a fallback would lose a secret.
    /// - Throws: `unsupportedFeature` with a librdkafka before 2.2 and no fallback; what fails as a whole: `timedOut`,
    ///   `authentication`, `cancelled`, `clientClosed`.
    public func alterConfigs(
        _ changes: [KafkaConfigResource: [String: KafkaConfigChange]],
        validateOnly: Bool = false,
        fallback: KafkaConfigFallback = .refuse,
        timeout: Duration? = nil
    ) async throws(KafkaError) -> [KafkaConfigResource: Result<Void, KafkaError>] {
        let deadline = try core.deadline(timeout)
        for (resource, settings) in changes {
            for (name, change) in settings {
                try checkName(name, "a setting of \(resource)")
                try checkText(change.value ?? "", "the setting \(name) of \(resource)")
            }
        }
        guard AdminRequest<[ConfigAnswer]>.changeConfigs([:], validateOnly: true) == nil else {
            return try await askForConfigs(Array(changes.keys), until: deadline) { resources in
                let changes = resources.map { resource in
                    (resource.resource, (changes[resource] ?? [:]).map { ConfigChange($0, $1) })
                }
                return .changeConfigs(Dictionary(changes) { first, _ in first }, validateOnly: validateOnly)
            }
            .mapValues { $0.map { _ in } }
        }
        guard fallback.readsAndReplaces else {
            throw .needs("2.2", "change single settings; `fallback` can have all of them read and replaced")
        }
        return try await replaceConfigs(changes, validateOnly: validateOnly, until: deadline)
    }

    /// Changes single settings of one topic or broker; the others stay as they are.
    ///
    /// - Throws: what ``alterConfigs(_:validateOnly:fallback:timeout:)`` returns or throws.
    public func alterConfig(
        of resource: KafkaConfigResource,
        _ changes: [String: KafkaConfigChange],
        validateOnly: Bool = false,
        fallback: KafkaConfigFallback = .refuse,
        timeout: Duration? = nil
    ) async throws(KafkaError) {
        try await alterConfigs([resource: changes], validateOnly: validateOnly, fallback: fallback, timeout: timeout)
            .single(resource)
    }

    private func replaceConfigs(
        _ changes: [KafkaConfigResource: [String: KafkaConfigChange]],
        validateOnly: Bool,
        until deadline: ContinuousClock.Instant
    ) async throws(KafkaError) -> [KafkaConfigResource: Result<Void, KafkaError>] {
        let current = try await askForConfigs(Array(changes.keys), until: deadline) { resources in
            .describeConfigs(resources.map(\.resource))
        }
        var results: [KafkaConfigResource: Result<Void, KafkaError>] = [:]
        var merged: [KafkaConfigResource: [String: String]] = [:]
        for (resource, entries) in current {
            do throws(KafkaError) {
                merged[resource] = try ConfigMerge.merged(
                    entries.get().map { KafkaConfigEntry($0) },
                    of: resource,
                    with: changes[resource] ?? [:]
                )
            } catch {
                results[resource] = .failure(error)
            }
        }
        let replaced = try await askForConfigs(Array(merged.keys), until: deadline) { [merged] resources in
            let settings = resources.map { ($0.resource, merged[$0] ?? [:]) }
            return .replaceConfigs(Dictionary(settings) { first, _ in first }, validateOnly: validateOnly)
        }
        return results.merging(replaced.mapValues { $0.map { _ in } }) { $1 }
    }

    /// Each broker gets a request of its own, as it answers for itself; the rest goes in one.
    private func askForConfigs(
        _ resources: [KafkaConfigResource],
        until deadline: ContinuousClock.Instant,
        _ request: ([KafkaConfigResource]) -> AdminRequest<[ConfigAnswer]>?
    ) async throws(KafkaError) -> [KafkaConfigResource: Result<[ConfigEntry], KafkaError>] {
        var results: [KafkaConfigResource: Result<[ConfigEntry], KafkaError>] = [:]
        var valid: [KafkaConfigResource] = []
        for resource in Set(resources) {
            do throws(KafkaError) {
                try resource.check()
                valid.append(resource)
            } catch {
                results[resource] = .failure(error)
            }
        }
        let topics = valid.filter { !$0.isBroker }
        let groups = (topics.isEmpty ? [] : [topics]) + valid.filter(\.isBroker).map { [$0] }
        for (group, result) in await perform(groups.map { ($0, request($0)) }, until: deadline) {
            for resource in group { results[resource] = .failure(.noAnswer("\(resource)")) }
            do throws(KafkaError) {
                for answer in try result.get() {
                    guard let kind = answer.kind else { continue }
                    let resource = KafkaConfigResource(resource: ConfigResource(kind: kind, name: answer.name))
                    results[resource] =
                        answer.error.map { .failure(KafkaError($0).about("\(resource)")) } ?? .success(answer.entries)
                }
            } catch {
                // Nothing was asked of the others, or their answers are still of use.
                if groups.count == 1 || error.code == .cancelled || error.code == .clientClosed { throw error }
                for resource in group { results[resource] = .failure(error.about("\(resource)")) }
            }
        }
        return results
    }

    /// Beside each other: a broker that does not answer takes no time of the others.
    private func perform(
        _ requests: [([KafkaConfigResource], AdminRequest<[ConfigAnswer]>?)],
        until deadline: ContinuousClock.Instant
    ) async -> [([KafkaConfigResource], Result<[ConfigAnswer], KafkaError>)] {
        await withTaskGroup(of: ([KafkaConfigResource], Result<[ConfigAnswer], KafkaError>).self) { [core] tasks in
            for case (let group, let request?) in requests {
                tasks.addTask {
                    do throws(KafkaError) {
                        return (group, .success(try await core.perform(request, until: deadline)))
                    } catch {
                        return (group, .failure(error))
                    }
                }
            }
            var answers: [([KafkaConfigResource], Result<[ConfigAnswer], KafkaError>)] = []
            for await answer in tasks { answers.append(answer) }
            return answers
        }
    }
}

extension ConfigChange {
    fileprivate init(_ name: String, _ change: KafkaConfigChange) {
        self.init(name: name, operation: change.operation, value: change.value)
    }
}
