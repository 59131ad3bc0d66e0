import RdKafka

/// One group of a list.
public struct KafkaGroupListing: Sendable, Hashable {
    /// The group's name.
    public var groupID: String
    /// What it is doing.
    public var state: KafkaGroupState
    /// Whether it only commits offsets, and has no members that a coordinator knows.
    public var isSimple: Bool

    init(_ group: GroupListing) {
        groupID = group.name
        state = KafkaGroupState(rawValue: group.state)
        isSimple = group.isSimple
    }
}

/// The groups of a cluster, as far as its brokers have answered.
public struct KafkaGroupListings: Sendable {
    /// The groups, by name.
    public var groups: [KafkaGroupListing]
    /// One for each broker whose groups are missing here.
    public var brokerErrors: [KafkaError]
}

/// What a group is doing, by the name that librdkafka has for it.
public struct KafkaGroupState: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    /// The name: `Stable`.
    public let rawValue: String

    /// A state by its name.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// It has members, and each has its partitions.
    public static let stable = KafkaGroupState(rawValue: "Stable")
    /// It has no members; there may be offsets.
    public static let empty = KafkaGroupState(rawValue: "Empty")
    /// There is no such group.
    ///
    /// librdkafka before 2.10 says so also of groups under the newer protocol (KIP-848), whose members it does not know.
    public static let dead = KafkaGroupState(rawValue: "Dead")
    /// Its members are asked to join again.
    public static let preparingRebalance = KafkaGroupState(rawValue: "PreparingRebalance")
    /// Its leader hands out the partitions.
    public static let completingRebalance = KafkaGroupState(rawValue: "CompletingRebalance")
    /// A state that librdkafka has no name for.
    public static let unknown = KafkaGroupState(rawValue: "Unknown")

    /// The name.
    public var description: String { rawValue }
}

/// What its coordinator knows of a group.
public struct KafkaGroupDescription: Sendable, Hashable {
    /// The group's name.
    public var groupID: String
    /// What it is doing.
    public var state: KafkaGroupState
    /// Whether it only commits offsets, and has no members that a coordinator knows.
    public var isSimple: Bool
    /// How its leader hands out partitions: `range`; empty without members.
    public var assignmentStrategy: String
    /// The broker that coordinates it.
    public var coordinator: KafkaBroker?
    /// Its members.
    public var members: [Member]

    /// One member of a group.
    public struct Member: Sendable, Hashable {
        /// The name that the coordinator has given it.
        public var memberID: String
        /// The name that it has for itself (`client.id`).
        public var clientID: String
        /// The address from which it came.
        public var host: String
        /// Its `group.instance.id`, if it has one.
        public var instanceID: String?
        /// Its partitions; sorted.
        public var assignment: [KafkaTopicPartition]
    }

    init(_ group: GroupDescription) {
        groupID = group.name
        state = KafkaGroupState(rawValue: group.state)
        isSimple = group.isSimple
        assignmentStrategy = group.assignor
        coordinator = group.coordinator.map(KafkaBroker.init)
        members = group.members.map { member in
            Member(
                memberID: member.id,
                clientID: member.clientID,
                host: member.host,
                instanceID: member.instanceID,
                assignment: member.assignment.map(\.topicPartition).sorted()
            )
        }
    }
}
