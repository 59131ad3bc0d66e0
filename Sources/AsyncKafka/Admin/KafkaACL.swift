import RdKafka

/// One access rule: who may, or may not, do what with which resources.
///
/// ```swift
/// KafkaACL(principal: "User:billing", .read, .topic("orders"))
/// ```
public struct KafkaACL: Sendable, Hashable {
    /// Who: `User:billing`; `User:*` is everybody.
    public var principal: String
    /// From where: an address; `*` is anywhere.
    public var host: String
    /// What.
    public var operation: Operation
    /// With which resources.
    public var resource: Resource
    /// Whether it may be done or not. A denial is stronger.
    public var permission: Permission

    /// One access rule.
    ///
    /// - Parameters:
    ///   - principal: who: `User:billing`.
    ///   - operation: what.
    ///   - resource: with which resources.
    ///   - host: from where; anywhere by default.
    ///   - permission: whether it may be done; it may by default.
    public init(
        principal: String,
        _ operation: Operation,
        _ resource: Resource,
        host: String = "*",
        permission: Permission = .allow
    ) {
        self.principal = principal
        self.host = host
        self.operation = operation
        self.resource = resource
        self.permission = permission
    }

    /// Resources that a rule is about.
    public struct Resource: Sendable, Hashable {
        /// Of which kind.
        public var kind: ResourceKind
        /// The name, or what it begins with; `*` as a whole name is all of the kind.
        public var name: String
        /// How the name is meant.
        public var pattern: Pattern

        /// A topic, by its name.
        public static func topic(_ name: String) -> Resource { Resource(kind: .topic, name: name) }
        /// Topics whose names begin like this.
        public static func topics(prefix: String) -> Resource {
            Resource(kind: .topic, name: prefix, pattern: .prefixed)
        }
        /// A group, by its name.
        public static func group(_ name: String) -> Resource { Resource(kind: .group, name: name) }
        /// Groups whose names begin like this.
        public static func groups(prefix: String) -> Resource {
            Resource(kind: .group, name: prefix, pattern: .prefixed)
        }
        /// The cluster.
        public static let cluster = Resource(kind: .cluster, name: "kafka-cluster")
        /// A producer with transactions, by its id. Needs librdkafka 2.6.
        public static func transactionalID(_ id: String) -> Resource { Resource(kind: .transactionalID, name: id) }

        /// Resources by kind, name and pattern.
        public init(kind: ResourceKind, name: String, pattern: Pattern = .literal) {
            self.kind = kind
            self.name = name
            self.pattern = pattern
        }
    }

    /// What a resource is.
    public struct ResourceKind: Sendable, Hashable, CustomStringConvertible {
        let number: UInt32
        /// The name.
        public var description: String { Self.names[number] ?? "resource \(number)" }

        /// A topic.
        public static let topic = ResourceKind(number: 2)
        /// A group of consumers.
        public static let group = ResourceKind(number: 3)
        /// The cluster.
        public static let cluster = ResourceKind(number: 4)
        /// A producer with transactions. librdkafka before 2.6 does not know it: it takes none, and describes those that there are as
        /// `unknown`.
        public static let transactionalID = ResourceKind(number: 5)
        /// One that the linked librdkafka has no name for.
        public static let unknown = ResourceKind(number: 0)

        private static let names: [UInt32: String] = [
            0: "unknown", 2: "topic", 3: "group", 4: "cluster", 5: "transactionalID",
        ]
    }

    /// How a resource's name is meant.
    public struct Pattern: Sendable, Hashable, CustomStringConvertible {
        let number: UInt32
        /// The name.
        public var description: String { Self.names[number] ?? "pattern \(number)" }

        /// The whole name; `*` is any.
        public static let literal = Pattern(number: 3)
        /// What names begin with.
        public static let prefixed = Pattern(number: 4)
        /// In a filter: every rule that applies to a resource of the name, whatever its own pattern.
        public static let matching = Pattern(number: 2)
        /// In a filter: rules of either pattern, with the very name.
        public static let any = Pattern(number: 1)

        private static let names: [UInt32: String] = [1: "any", 2: "matching", 3: "literal", 4: "prefixed"]
    }

    /// What is done with a resource.
    public struct Operation: Sendable, Hashable, CustomStringConvertible {
        let number: UInt32
        /// The name.
        public var description: String {
            Self.names.indices.contains(Int(number)) ? Self.names[Int(number)] : "operation \(number)"
        }

        /// All of them.
        public static let all = Operation(number: 2)
        /// Reading a topic; a group's membership and commits.
        public static let read = Operation(number: 3)
        /// Producing to a topic; a producer's transactions.
        public static let write = Operation(number: 4)
        /// Making topics.
        public static let create = Operation(number: 5)
        /// Deleting topics, records, groups.
        public static let delete = Operation(number: 6)
        /// Adding partitions; changing access rules and users.
        public static let alter = Operation(number: 7)
        /// Seeing that something is there.
        public static let describe = Operation(number: 8)
        /// What brokers do among themselves.
        public static let clusterAction = Operation(number: 9)
        /// Seeing settings.
        public static let describeConfigs = Operation(number: 10)
        /// Changing settings.
        public static let alterConfigs = Operation(number: 11)
        /// Producing idempotently, with brokers before 2.8.
        public static let idempotentWrite = Operation(number: 12)

        private static let names = [
            "unknown", "any", "all", "read", "write", "create", "delete", "alter", "describe", "clusterAction",
            "describeConfigs", "alterConfigs", "idempotentWrite",
        ]
    }

    /// Whether a rule allows or denies.
    public struct Permission: Sendable, Hashable, CustomStringConvertible {
        let number: UInt32
        /// The name.
        public var description: String { number == 2 ? "deny" : number == 3 ? "allow" : "permission \(number)" }

        /// It may be done.
        public static let allow = Permission(number: 3)
        /// It may not be done, whatever else is allowed.
        public static let deny = Permission(number: 2)
    }

    func engineRule() throws(KafkaError) -> AccessRule {
        try checkName(principal, "who a rule is for")
        guard principal.contains(":") else {
            throw .invalidArgument("the principal \(principal) has no type: write User:\(principal)")
        }
        try checkName(host, "the host of a rule")
        try checkName(resource.name, "the resource of a rule")
        guard [Pattern.literal, .prefixed].contains(resource.pattern) else {
            throw .invalidArgument("a rule is `.literal` or `.prefixed`; `.\(resource.pattern)` is for filters")
        }
        try resource.kind.check()
        return AccessRule(
            resource: resource.kind.number,
            name: resource.name,
            pattern: resource.pattern.number,
            principal: principal,
            host: host,
            operation: operation.number,
            permission: permission.number
        )
    }

    init(_ rule: AccessRule) {
        self.init(
            principal: rule.principal ?? "",
            Operation(number: rule.operation),
            Resource(
                kind: ResourceKind(number: rule.resource),
                name: rule.name ?? "",
                pattern: Pattern(number: rule.pattern)
            ),
            host: rule.host ?? "",
            permission: Permission(number: rule.permission)
        )
    }
}

extension KafkaACL: CustomStringConvertible {
    /// `allow User:billing read topic orders`.
    public var description: String {
        let place = host == "*" ? "" : " from \(host)"
        let pattern = resource.pattern == .literal ? "" : " (\(resource.pattern))"
        return "\(permission) \(principal)\(place) \(operation) \(resource.kind) \(resource.name)\(pattern)"
    }
}

extension KafkaACL.ResourceKind {
    fileprivate func check() throws(KafkaError) {
        if self == .transactionalID, Engine.versionNumber < 0x0206_0000 {
            throw .needs("2.6", "name transactional ids in access rules")
        }
        if self == .unknown { throw .invalidArgument("a rule needs a kind of resource that has a name") }
    }
}

/// Which access rules; what is left out is any.
public struct KafkaACLFilter: Sendable, Hashable {
    /// The kind of resource; nil: any.
    public var resourceKind: KafkaACL.ResourceKind?
    /// The resource's name as the rule has it; nil: any.
    public var resourceName: String?
    /// How the rule means its name. Any by default; `.matching` finds the rules that apply to a resource of the name.
    public var pattern: KafkaACL.Pattern
    /// Who the rule is for; nil: anybody.
    public var principal: String?
    /// From where; nil: anywhere.
    public var host: String?
    /// What; nil: anything.
    public var operation: KafkaACL.Operation?
    /// Whether it allows or denies; nil: either.
    public var permission: KafkaACL.Permission?

    /// A filter.
    ///
    /// - Parameters:
    ///   - resourceKind: the kind of resource; nil: any.
    ///   - resourceName: the resource's name as the rule has it; nil: any.
    ///   - pattern: how the rule means its name; any by default.
    ///   - principal: who the rule is for; nil: anybody.
    ///   - host: from where; nil: anywhere.
    ///   - operation: what; nil: anything.
    ///   - permission: whether it allows or denies; nil: either.
    public init(
        resourceKind: KafkaACL.ResourceKind? = nil,
        resourceName: String? = nil,
        pattern: KafkaACL.Pattern = .any,
        principal: String? = nil,
        host: String? = nil,
        operation: KafkaACL.Operation? = nil,
        permission: KafkaACL.Permission? = nil
    ) {
        self.resourceKind = resourceKind
        self.resourceName = resourceName
        self.pattern = pattern
        self.principal = principal
        self.host = host
        self.operation = operation
        self.permission = permission
    }

    /// The very rule.
    public static func exactly(_ rule: KafkaACL) -> KafkaACLFilter {
        KafkaACLFilter(
            resourceKind: rule.resource.kind,
            resourceName: rule.resource.name,
            pattern: rule.resource.pattern,
            principal: rule.principal,
            host: rule.host,
            operation: rule.operation,
            permission: rule.permission
        )
    }

    func engineRule() throws(KafkaError) -> AccessRule {
        for text in [resourceName, principal, host] {
            if let text { try checkName(text, "what a filter gives") }
        }
        try resourceKind?.check()
        return AccessRule(
            resource: resourceKind?.number ?? 1,
            name: resourceName,
            pattern: pattern.number,
            principal: principal,
            host: host,
            operation: operation?.number ?? 1,
            permission: permission?.number ?? 1
        )
    }
}
