import RdKafka

extension KafkaAdmin {
    /// Adds access rules. One that is there already is none the worse for it.
    ///
    /// - Parameters:
    ///   - rules: what to add.
    ///   - timeout: how long it may take; nil is the configuration's `requestTimeout`.
    /// - Returns: for each rule whether it is there. Failures: `invalidArgument`, `invalidRequest`, `unsupportedFeature` for
    ///   transactional ids with a librdkafka before 2.6.
    /// - Throws: `securityDisabled` for a cluster without an authorizer (by rule with some brokers), `clusterAuthorizationFailed`,
    ///   `timedOut`, `authentication`, `cancelled`, `clientClosed`.
    public func createACLs(
        _ rules: [KafkaACL],
        timeout: Duration? = nil
    ) async throws(KafkaError) -> [KafkaACL: Result<Void, KafkaError>] {
        let deadline = try core.deadline(timeout)
        var results: [KafkaACL: Result<Void, KafkaError>] = [:]
        var valid: [(rule: KafkaACL, engine: AccessRule)] = []
        for rule in Set(rules) {
            do throws(KafkaError) {
                valid.append((rule, try rule.engineRule()))
                results[rule] = .failure(.noAnswer("\(rule)"))
            } catch {
                results[rule] = .failure(error)
            }
        }
        guard !valid.isEmpty else { return results }
        let errors = try await core.perform(.createRules(valid.map(\.engine)), until: deadline)
        for (rule, error) in zip(valid, errors) {
            results[rule.rule] = error.map { .failure(KafkaError($0).about("\(rule.rule)")) } ?? .success(())
        }
        return results
    }

    /// Adds one access rule.
    ///
    /// - Throws: what ``createACLs(_:timeout:)`` returns or throws.
    public func createACL(_ rule: KafkaACL, timeout: Duration? = nil) async throws(KafkaError) {
        try await createACLs([rule], timeout: timeout).single(rule)
    }

    /// The access rules that a filter matches.
    ///
    /// None may also mean that this client may not see them (it needs the operation DESCRIBE on the cluster), or that the cluster has no
    /// authorizer: librdkafka drops what the broker says of that (2.0 to 2.15; rdkafka_admin.c, `rd_kafka_DescribeAclsResponse_parse`).
    ///
    /// - Parameters:
    ///   - filter: which; all by default.
    ///   - timeout: how long it may take; nil is the configuration's `requestTimeout`.
    /// - Throws: `invalidArgument`, `unsupportedFeature`, `timedOut`, `authentication`, `cancelled`, `clientClosed`.
    public func describeACLs(
        _ filter: KafkaACLFilter = KafkaACLFilter(),
        timeout: Duration? = nil
    ) async throws(KafkaError) -> [KafkaACL] {
        let rules = try await core.perform(.describeRules(filter.engineRule()), until: core.deadline(timeout))
        return rules.map { KafkaACL($0) }.sorted { $0.description < $1.description }
    }

    /// Removes the access rules that filters match.
    ///
    /// - Parameters:
    ///   - filters: which. One that gives nothing matches all rules of the cluster.
    ///   - timeout: how long it may take; nil is the configuration's `requestTimeout`.
    /// - Returns: for each filter the rules that it matched, each with whether it is gone. Failures of a filter: `invalidArgument`,
    ///   `unsupportedFeature`, `securityDisabled`.
    /// - Throws: `clusterAuthorizationFailed`, `timedOut`, `authentication`, `cancelled`, `clientClosed`.
    public func deleteACLs(
        _ filters: [KafkaACLFilter],
        timeout: Duration? = nil
    ) async throws(KafkaError) -> [KafkaACLFilter: Result<[KafkaACL: Result<Void, KafkaError>], KafkaError>] {
        let deadline = try core.deadline(timeout)
        var results: [KafkaACLFilter: Result<[KafkaACL: Result<Void, KafkaError>], KafkaError>] = [:]
        var valid: [(filter: KafkaACLFilter, engine: AccessRule)] = []
        for filter in Set(filters) {
            do throws(KafkaError) {
                valid.append((filter, try filter.engineRule()))
                results[filter] = .failure(.noAnswer("\(filter)"))
            } catch {
                results[filter] = .failure(error)
            }
        }
        guard !valid.isEmpty else { return results }
        let answers = try await core.perform(.deleteRules(valid.map(\.engine)), until: deadline)
        for (filter, answer) in zip(valid, answers) {
            if let error = answer.error {
                results[filter.filter] = .failure(KafkaError(error))
                continue
            }
            let rules = answer.rules.map { row -> (KafkaACL, Result<Void, KafkaError>) in
                let rule = KafkaACL(row.rule)
                return (rule, row.error.map { .failure(KafkaError($0).about("\(rule)")) } ?? .success(()))
            }
            results[filter.filter] = .success(Dictionary(rules) { first, _ in first })
        }
        return results
    }
}
