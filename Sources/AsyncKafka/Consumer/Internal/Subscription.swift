/// What a consumer reads as a member of its group.
struct Subscription {
    var topics: [String] = []
    /// Whether the watchdog has left the group, until the next message is asked for.
    var isSuspended = false

    /// Those that the cluster does not have.
    var missing = MissingTopics()

    var isActive: Bool { !topics.isEmpty && !isSuspended }
}
