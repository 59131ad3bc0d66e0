import RdKafka

/// How a password is proven to a broker, and kept by it.
public struct KafkaSCRAMMechanism: Sendable, Hashable, CustomStringConvertible {
    let number: UInt32
    /// Kafka's name: `SCRAM-SHA-256`.
    public var description: String {
        number == 1 ? "SCRAM-SHA-256" : number == 2 ? "SCRAM-SHA-512" : "mechanism \(number)"
    }

    /// SCRAM-SHA-256.
    public static let sha256 = KafkaSCRAMMechanism(number: 1)
    /// SCRAM-SHA-512.
    public static let sha512 = KafkaSCRAMMechanism(number: 2)
}

/// A user with credentials that the cluster keeps.
public struct KafkaSCRAMUser: Sendable, Hashable {
    /// The name.
    public var name: String
    /// How often the password is hashed, by mechanism. Brokers tell nothing else of it.
    public var iterations: [KafkaSCRAMMechanism: Int]

    init(_ user: ScramUser) {
        name = user.name
        let credentials = user.credentials.map { (KafkaSCRAMMechanism(number: $0.mechanism), $0.iterations) }
        iterations = Dictionary(credentials) { first, _ in first }
    }
}

/// A change of one of a user's credentials. Its description, dump and mirror do not show the password.
public struct KafkaSCRAMChange: Sendable {
    /// The user.
    public let user: String
    /// Which of the user's credentials.
    public let mechanism: KafkaSCRAMMechanism
    private let password: String?
    private let iterations: Int

    /// The user gets this password, and comes into being where it is not there.
    ///
    /// - Parameters:
    ///   - password: any text; brokers get a salted hash of it.
    ///   - user: the user.
    ///   - mechanism: which of the user's credentials.
    ///   - iterations: how often it is hashed: 4,096 to 16,384 with Kafka's own brokers.
    public static func set(
        password: String,
        of user: String,
        _ mechanism: KafkaSCRAMMechanism,
        iterations: Int = 8192
    ) -> KafkaSCRAMChange {
        KafkaSCRAMChange(user: user, mechanism: mechanism, password: password, iterations: iterations)
    }

    /// The user has no password with this mechanism any more.
    public static func remove(_ user: String, _ mechanism: KafkaSCRAMMechanism) -> KafkaSCRAMChange {
        KafkaSCRAMChange(user: user, mechanism: mechanism, password: nil, iterations: 0)
    }

    func engineChange() throws(KafkaError) -> ScramChange {
        try checkName(user, "a user")
        guard let password else { return ScramChange(user: user, mechanism: mechanism.number, new: nil) }
        guard !password.isEmpty else { throw .invalidArgument("the password of \(user) is empty") }
        guard let iterations = Int32(exactly: iterations), iterations > 0 else {
            throw .invalidArgument("the password of \(user) cannot be hashed \(iterations) times")
        }
        return ScramChange(user: user, mechanism: mechanism.number, new: (Array(password.utf8), iterations))
    }
}

extension KafkaSCRAMChange: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// What changes, without the password.
    public var description: String {
        password == nil ? "remove \(mechanism) of \(user)" : "set \(mechanism) of \(user), \(iterations) iterations"
    }

    /// What changes, without the password.
    public var debugDescription: String { description }

    /// The description alone.
    public var customMirror: Mirror { Mirror(self, children: ["description": description]) }
}

extension KafkaAdmin {
    /// The users whose credentials the cluster keeps.
    ///
    /// - Parameters:
    ///   - users: their names; nil, the default, is all.
    ///   - timeout: how long it may take; nil is the configuration's `requestTimeout`.
    /// - Returns: the users. Failures: `resourceNotFound` for one that is not there.
    /// - Throws: `unsupportedFeature` with a librdkafka before 2.2; `clusterAuthorizationFailed`, `invalidArgument`, `timedOut`,
    ///   `authentication`, `cancelled`, `clientClosed`.
    public func describeSCRAMUsers(
        _ users: [String]? = nil,
        timeout: Duration? = nil
    ) async throws(KafkaError) -> [String: Result<KafkaSCRAMUser, KafkaError>] {
        let deadline = try core.deadline(timeout)
        let names = (users ?? []).unique
        for name in names { try checkName(name, "a user") }
        if users?.isEmpty == true { return [:] }
        guard let request = AdminRequest<[ScramUser]>.describeScramUsers(names) else {
            throw .needs("2.2", "describe SCRAM users")
        }
        var results: [String: Result<KafkaSCRAMUser, KafkaError>] = [:]
        for name in names { results[name] = .failure(.noAnswer(name)) }
        for user in try await core.perform(request, until: deadline) {
            results[user.name] =
                user.error.map { .failure(KafkaError($0).about(user.name)) } ?? .success(KafkaSCRAMUser(user))
        }
        return results
    }

    /// Changes passwords of users, or removes them.
    ///
    /// Brokers that learn of it a little later still take the old password until then.
    ///
    /// - Parameters:
    ///   - changes: one for each user and mechanism.
    ///   - timeout: how long it may take; nil is the configuration's `requestTimeout`.
    /// - Returns: for each user whether all of its changes were made. Failures: `resourceNotFound` for the removal of what is not there,
    ///   `unacceptableCredential` for too few or too many iterations, `duplicateResource`, `invalidArgument`.
    /// - Throws: `unsupportedFeature` with a librdkafka before 2.2; `clusterAuthorizationFailed`, `timedOut`, `authentication`,
    ///   `cancelled`, `clientClosed`.
    public func alterSCRAMUsers(
        _ changes: [KafkaSCRAMChange],
        timeout: Duration? = nil
    ) async throws(KafkaError) -> [String: Result<Void, KafkaError>] {
        let deadline = try core.deadline(timeout)
        var failures: [String: Result<Void, KafkaError>] = [:]
        var valid: [ScramChange] = []
        for change in changes {
            do throws(KafkaError) {
                valid.append(try change.engineChange())
            } catch {
                failures[change.user] = .failure(error)
            }
        }
        // A user's changes are made together or not at all.
        valid.removeAll { failures[$0.user] != nil }
        guard !valid.isEmpty else { return failures }
        guard let request = AdminRequest<[AdminItem]>.alterScramUsers(valid) else {
            throw .needs("2.2", "change SCRAM users")
        }
        let items = try await core.perform(request, until: deadline)
        return failures.merging(items.results(for: valid.map(\.user).unique)) { $1 }
    }
}
