/// What a consumer reads as a member of its group.
struct Subscription {
    var topics: [String] = []
    /// Whether the watchdog has left the group, until the next message is asked for.
    var isSuspended = false

    var isActive: Bool { !topics.isEmpty && !isSuspended }
}
