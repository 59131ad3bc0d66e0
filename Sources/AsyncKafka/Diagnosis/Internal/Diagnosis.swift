import RdKafka

/// Makes the checks of a diagnosis.
///
/// Belongs to the task that asked for it. Each address has an admin client of its own, which knows no other broker, so that what it is
/// refused with is that broker's word; the same client's threads look up the name and connect beside it, and its own thread keeps the
/// time and hears of a cancellation. All of them are closed at the end; nobody waits for a resolver that is stuck.
struct Diagnosis: Sendable {
    typealias Instant = ContinuousClock.Instant

    private let plan: DiagnosisPlan
    private let timeout: Duration
    private let deadline: Instant
    /// How much later than its limit a call may end.
    private var grace: Duration { Self.grace(within: timeout) }

    static func make(
        timeout: Duration,
        redaction: Redaction,
        plan makePlan: () throws(KafkaError) -> DiagnosisPlan
    ) async -> KafkaDiagnosis {
        let start = ContinuousClock.now
        let timeout = min(max(timeout, .zero), KafkaAdminConfiguration.longestTimeout)
        let plan: DiagnosisPlan
        let first: KafkaAdmin
        do throws(KafkaError) {
            plan = try makePlan()
            // librdkafka itself reads certificates and keys as it starts.
            first = try KafkaAdmin(plan.configuration(for: plan.servers[0]), grace: grace(within: timeout))
        } catch {
            let check = KafkaDiagnosis.Check(.configuration, "", .failed, error.message, error: error)
            return KafkaDiagnosis(checks: [check.redacted(redaction)], duration: .now - start, isComplete: true)
        }
        let diagnosis = Diagnosis(plan: plan, timeout: timeout, deadline: start + timeout)
        var checks = [
            KafkaDiagnosis.Check(.configuration, "", .passed, "the settings are valid", duration: .now - start)
        ]
        let isComplete = await diagnosis.run(first, since: start, &checks)
        return KafkaDiagnosis(
            checks: checks.map { $0.redacted(redaction) },
            duration: .now - start,
            isComplete: isComplete
        )
    }

    /// - Parameter first: the client for the first server.
    /// - Returns: whether all checks were made.
    private func run(_ first: KafkaAdmin, since start: Instant, _ checks: inout [KafkaDiagnosis.Check]) async -> Bool {
        let limit = start + timeout / 2
        let trials = await concurrently(plan.servers) { address in
            let given = address == plan.servers[0] ? (admin: first, since: start) : nil
            return await attempt(address, .configuration, by: given, until: limit)
        }
        checks += trials.flatMap(\.findings.checks)
        var isComplete = !trials.contains(where: \.findings.isUnfinished)
        let admins = trials.compactMap(\.admin)
        let cluster: DiagnosisStep<KafkaClusterDescription>
        if let admin = admins.first {
            cluster = await ask { timeout throws(KafkaError) in try await admin.describeCluster(timeout: timeout) }
        } else {
            cluster = trials.lazy.compactMap(\.findings.whyUnfinished).first.map { .unfinished($0) } ?? .pointless
        }
        checks.append(Self.check(cluster))
        if !(await lookAround(cluster, admins.first, &checks)) || cluster.isUnfinished { isComplete = false }
        for admin in admins { await admin.close(timeout: .zero) }
        return isComplete
    }

    // MARK: Brokers

    private struct Trial: Sendable {
        var findings: EndpointFindings
        /// Open, if a broker has taken it.
        var admin: KafkaAdmin?
    }

    private func attempt(
        _ address: BrokerAddress,
        _ source: EndpointFindings.Source,
        by given: (admin: KafkaAdmin, since: Instant)? = nil,
        until deadline: Instant
    ) async -> Trial {
        let start = given?.since ?? .now
        var findings = EndpointFindings(address, source, plan.endpoint)
        let admin: KafkaAdmin
        do throws(KafkaError) {
            if let given {
                admin = given.admin
            } else {
                admin = try KafkaAdmin(plan.configuration(for: address), grace: grace)
            }
        } catch {
            findings.connection = .failed(error, .now - start)
            return Trial(findings: findings, admin: nil)
        }
        let addresses = await lookUp(address, admin, &findings, until: deadline)
        if !addresses.isEmpty {
            findings.tcp = await connect(to: addresses, admin, until: deadline)
        }
        guard findings.tcp.value?.isTaken == true else {
            await admin.close(timeout: .zero)
            return Trial(findings: findings, admin: nil)
        }
        findings.connection = await .trying(until: deadline, patience: DiagnosisPatience.connection) {
            () throws(KafkaError) in
            // It has been trying since it was made, and librdkafka does not repeat itself.
            try await admin.core.connect(until: deadline, since: start)
        }
        findings.progress = admin.core.handle.brokers.progress(to: "\(address)")
        if case .done = findings.connection { return Trial(findings: findings, admin: admin) }
        if case .failed(let error, _) = findings.connection { findings.connection = .failed(error, .now - start) }
        findings.failure = await admin.core.connectionFailure
        await admin.close(timeout: .zero)
        return Trial(findings: findings, admin: nil)
    }

    private func lookUp(
        _ address: BrokerAddress,
        _ admin: KafkaAdmin,
        _ findings: inout EndpointFindings,
        until deadline: Instant
    ) async -> [NetworkProbe.Address] {
        let (host, port, family) = (address.host, address.port, plan.family)
        let limit = Self.half(until: deadline)
        let step = await DiagnosisStep<Result<[NetworkProbe.Address], NetworkProbe.Fault>>.trying(
            until: limit,
            patience: DiagnosisPatience.name
        ) { () throws(KafkaError) in
            try await admin.core.block("look up a name", until: limit, grace: .zero, isFromBroker: { _ in false }) {
                _,
                _ in
                .success(
                    Result { () throws(NetworkProbe.Fault) in try NetworkProbe.resolve(host, port: port, family) }
                )
            }
        }
        switch step {
        case .done(let result, let duration):
            findings.names = .done(result.map { $0.map(\.text) }, duration)
            return (try? result.get()) ?? []
        case .failed(let error, let duration): findings.names = .failed(error, duration)
        case .unfinished(let why): findings.names = .unfinished(why)
        case .pointless: break
        }
        return []
    }

    private func connect(
        to addresses: [NetworkProbe.Address],
        _ admin: KafkaAdmin,
        until deadline: Instant
    ) async -> DiagnosisStep<EndpointFindings.Connections> {
        let limit = Self.half(until: deadline)
        let step = await DiagnosisStep<EndpointFindings.Connections>.trying(
            until: limit,
            patience: DiagnosisPatience.tcp
        ) { () throws(KafkaError) in
            try await admin.core.block(
                "connect",
                until: limit,
                grace: deadline - limit,
                isFromBroker: { _ in false }
            ) { _, time in
                var connections = EndpointFindings.Connections()
                for (index, address) in addresses.enumerated() {
                    // One that does not answer leaves time for the others.
                    let share = min((time.deadline - .now) / (addresses.count - index), .seconds(5))
                    let fault = NetworkProbe.connect(to: address, until: .now + share) { !time.abandoned.isRaised }
                    connections.add(address.text, fault, of: share)
                }
                return .success(connections)
            }
        }
        guard case .done(let connections, let duration) = step else { return step }
        return connections.step(after: duration)
    }

    private static func half(until deadline: Instant) -> Instant {
        let now = ContinuousClock.now
        return now + max(deadline - now, .zero) / 2
    }

    // MARK: The cluster

    private static func grace(within timeout: Duration) -> Duration {
        min(AdminCore.standardGrace, timeout / 10)
    }

    /// For how long the cluster may be asked for something.
    ///
    /// - Parameter left: what is left of the whole time.
    static func limit(left: Duration, of timeout: Duration) -> Duration {
        // A call may be a little late.
        min(left * 2 / 3, timeout / 3, left - grace(within: timeout))
    }

    /// Asks the cluster for something, for as long as it may take.
    private func ask<Answer: Sendable>(
        _ body: (Duration) async throws(KafkaError) -> Answer
    ) async -> DiagnosisStep<Answer> {
        let left = deadline - .now
        let limit = Self.limit(left: left, of: timeout)
        guard limit >= .milliseconds(1) else {
            return .unfinished(Task.isCancelled ? DiagnosisStep<Answer>.cancelled : DiagnosisStep<Answer>.late)
        }
        // A broker has taken the client: another that cannot be reached yet is no answer.
        return await .trying(
            until: .now + limit,
            patience: DiagnosisPatience.answer,
            silence: [.timedOut, .transport, .allBrokersDown]
        ) { () throws(KafkaError) in try await body(limit) }
    }

    private static func check(_ cluster: DiagnosisStep<KafkaClusterDescription>) -> KafkaDiagnosis.Check {
        switch cluster {
        case .done(let cluster, let duration):
            let brokers = cluster.brokers.map { "\($0.id) at \(BrokerAddress(host: $0.host, port: $0.port))" }
            let shown = brokers.prefix(20).joined(separator: ", ") + (brokers.count > 20 ? ", …" : "")
            let id = cluster.id.map { "cluster \($0), " } ?? ""
            let seen = "\(id)brokers: \(shown)"
            guard cluster.controller != nil else {
                return KafkaDiagnosis.Check(
                    .cluster,
                    "",
                    .warning,
                    "\(seen); no controller",
                    advice: "look after the controllers: without one nothing is made or changed, and no leader chosen",
                    duration: duration
                )
            }
            return KafkaDiagnosis.Check(.cluster, "", .passed, seen, duration: duration)
        case .failed(let error, let duration):
            return KafkaDiagnosis.Check(
                .cluster,
                "",
                .failed,
                error.message,
                advice:
                    "see to the brokers below that fail: clients are sent to them; else look at the brokers' logs and load",
                duration: duration,
                error: error
            )
        case .unfinished(let why): return KafkaDiagnosis.Check(.cluster, "", .unknown, why)
        case .pointless:
            return KafkaDiagnosis.Check(.cluster, "", .skipped, "none of the bootstrap servers takes the client")
        }
    }

    private enum Part: Sendable {
        case brokers([EndpointFindings])
        case topics([(TopicFindings, AccessFindings)])
        case access([AccessFindings])
    }

    /// The brokers that the cluster names, topics and permissions, beside each other.
    ///
    /// - Returns: whether all checks were made.
    private func lookAround(
        _ cluster: DiagnosisStep<KafkaClusterDescription>,
        _ admin: KafkaAdmin?,
        _ checks: inout [KafkaDiagnosis.Check]
    ) async -> Bool {
        let brokers: [(BrokerAddress, Int?)] =
            if let cluster = cluster.value {
                cluster.brokers.map { (BrokerAddress(host: $0.host, port: $0.port), $0.id) }
            } else {
                // Newer librdkafkas ask none but those that the cluster names: if none of them can be reached, what was tried is all that
                // is known of them.
                (admin?.core.handle.brokers.addresses ?? []).map { (BrokerAddress(entry: $0), nil) }
            }
        let others = brokers.filter { !plan.servers.contains($0.0) }
        let parts = await withTaskGroup(of: Part.self) { tasks in
            tasks.addTask {
                .brokers(
                    await concurrently(others) { address, id in
                        let trial = await attempt(address, .cluster(id), until: deadline)
                        await trial.admin?.close(timeout: .zero)
                        return trial.findings
                    }
                )
            }
            tasks.addTask {
                .topics(
                    await concurrently(plan.topics) {
                        await lookAt($0, admin, cluster)
                    }
                )
            }
            tasks.addTask { .access(await lookAtOwnNames(admin, unless: cluster.whyUnfinished)) }
            var parts: [Part] = []
            for await part in tasks { parts.append(part) }
            return parts
        }
        var (ofBrokers, ofTopics, ofNames): ([EndpointFindings], [(TopicFindings, AccessFindings)], [AccessFindings]) =
            ([], [], [])
        for part in parts {
            switch part {
            case .brokers(let findings): ofBrokers = findings
            case .topics(let findings): ofTopics = findings
            case .access(let findings): ofNames = findings
            }
        }
        checks += ofBrokers.flatMap(\.checks)
        for (topic, access) in ofTopics { checks += topic.checks + [access.check] }
        checks += ofNames.map(\.check)
        return !ofBrokers.contains(where: \.isUnfinished) && !ofTopics.contains { $0.isUnfinished || $1.isUnfinished }
            && !ofNames.contains(where: \.isUnfinished)
    }

    // MARK: Topics

    private enum TopicPart: Sendable {
        case description(DiagnosisStep<KafkaTopicDescription>)
        case minimum(DiagnosisStep<Int?>)
        case operations(DiagnosisStep<Set<UInt32>?>)
        case rules(DiagnosisStep<[KafkaACL]>)
    }

    private func lookAt(
        _ name: String,
        _ admin: KafkaAdmin?,
        _ cluster: DiagnosisStep<KafkaClusterDescription>
    ) async -> (TopicFindings, AccessFindings) {
        var topic = TopicFindings(name, plan.purpose, brokerCount: cluster.value?.brokers.count)
        var access = AccessFindings("topic \(name)", needs: plan.purpose.neededForTopics, principal: plan.principal)
        guard let admin else {
            if let why = cluster.whyUnfinished {
                topic.leave(why)
                access.leave(why)
            }
            return (topic, access)
        }
        await withTaskGroup(of: TopicPart.self) { tasks in
            tasks.addTask {
                .description(
                    await ask { timeout throws(KafkaError) in try await admin.describeTopic(name, timeout: timeout) }
                )
            }
            tasks.addTask {
                .minimum(
                    await ask { timeout throws(KafkaError) in
                        let entries = try await admin.describeConfig(of: .topic(name), timeout: timeout)
                        return entries["min.insync.replicas"]?.value.flatMap { Int($0) }
                    }
                )
            }
            tasks.addTask { .operations(await operations(with: name, admin)) }
            tasks.addTask { .rules(await rules(about: .topic, name, admin)) }
            for await part in tasks {
                switch part {
                case .description(let step): topic.description = step
                case .minimum(let step): topic.minimum = step
                case .operations(let step): access.operations = step
                case .rules(let step): access.rules = step
                }
            }
        }
        switch topic.description {
        case .done(_, let duration): access.described = .done((), duration)
        case .failed(let error, let duration): access.described = .failed(error, duration)
        case .unfinished(let why): access.described = .unfinished(why)
        case .pointless: break
        }
        return (topic, access)
    }

    private func operations(with topic: String, _ admin: KafkaAdmin) async -> DiagnosisStep<Set<UInt32>?> {
        guard let request = AdminRequest<[TopicOperations]>.describeOperations(ofTopics: [topic]) else {
            return .pointless
        }
        return await ask { timeout throws(KafkaError) in
            let answer = try await admin.core.perform(request, until: .now + timeout).first
            if let error = answer?.error { throw KafkaError(error) }
            return answer?.operations
        }
    }

    private func rules(
        about kind: KafkaACL.ResourceKind,
        _ name: String,
        _ admin: KafkaAdmin
    ) async -> DiagnosisStep<[KafkaACL]> {
        await ask { timeout throws(KafkaError) in
            let filter = KafkaACLFilter(resourceKind: kind, resourceName: name, pattern: .matching)
            return try await admin.describeACLs(filter, timeout: timeout)
        }
    }

    /// The group, or the transactional id.
    ///
    /// - Parameter why: why nobody was found who could be asked, if that is not known to be so.
    private func lookAtOwnNames(_ admin: KafkaAdmin?, unless why: String?) async -> [AccessFindings] {
        switch plan.purpose {
        case .consuming(group: .some(let group)):
            var access = AccessFindings("group \(group)", needs: [.read, .describe], principal: plan.principal)
            guard let admin else {
                if let why { access.leave(why) }
                return [access]
            }
            access.described = await ask { timeout throws(KafkaError) in
                _ = try await admin.groupOffsets(of: group, timeout: timeout)
            }
            access.rules = await rules(about: .group, group, admin)
            return [access]
        case .producing(_, transactionalID: .some(let id)):
            var access = AccessFindings(
                "transactional id \(id)",
                needs: [.write, .describe],
                principal: plan.principal
            )
            guard let admin else {
                if let why { access.leave(why) }
                return [access]
            }
            access.rules = await rules(about: .transactionalID, id, admin)
            return [access]
        case .consuming, .producing, .administrating: return []
        }
    }
}

/// Runs `body` for each input, four at a time; the results are in the order of the inputs.
private func concurrently<Input: Sendable, Output: Sendable>(
    _ inputs: [Input],
    _ body: @escaping @Sendable (Input) async -> Output
) async -> [Output] {
    await withTaskGroup(of: (Int, Output).self) { tasks in
        var rest = inputs.enumerated().makeIterator()
        var results: [Int: Output] = [:]
        for _ in 0..<4 {
            guard let (index, input) = rest.next() else { break }
            tasks.addTask { (index, await body(input)) }
        }
        while let (index, output) = await tasks.next() {
            results[index] = output
            if let (index, input) = rest.next() { tasks.addTask { (index, await body(input)) } }
        }
        return inputs.indices.compactMap { results[$0] }
    }
}

extension KafkaDiagnosis.Check {
    func redacted(_ redaction: Redaction) -> KafkaDiagnosis.Check {
        KafkaDiagnosis.Check(
            kind,
            subject,
            outcome,
            redaction(seen),
            advice: advice.map { redaction($0) },
            duration: duration,
            error: error.map { $0.rewritten { redaction($0) } }
        )
    }
}
