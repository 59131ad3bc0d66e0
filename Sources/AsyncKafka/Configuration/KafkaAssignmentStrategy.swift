/// How a group's partitions are shared out among its members: librdkafka's `partition.assignment.strategy`.
///
/// All members have to have one in common.
public struct KafkaAssignmentStrategy: Sendable, Hashable {
    let name: String

    /// Neighbouring partitions of each topic go to the same member. Eager: a rebalance revokes everything first.
    public static let range = KafkaAssignmentStrategy(name: "range")
    /// Partitions of all topics are dealt out in turn. Eager: a rebalance revokes everything first.
    public static let roundRobin = KafkaAssignmentStrategy(name: "roundrobin")
    /// Members keep what they have as far as possible, and a rebalance revokes only what moves. Does not mix with the
    /// others.
    public static let cooperativeSticky = KafkaAssignmentStrategy(name: "cooperative-sticky")
}

extension KafkaAssignmentStrategy: CustomStringConvertible {
    /// librdkafka's name: `roundrobin`.
    public var description: String { name }
}
