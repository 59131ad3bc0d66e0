import RdKafka

// A member that leaves while it joins.
extension ConsumerCore {
    /// How long librdkafka waits for the answer to LeaveGroup before it drops the connection (rdkafka_request.c).
    private static let leaveTimeout: Duration = .seconds(5)

    /// Until when the close waits for the join under way; nil if there is none.
    ///
    /// A broker answers the requests of a connection one after the other, and JoinGroup only when all members have come. A LeaveGroup
    /// that is sent meanwhile waits behind it, and is given up after five seconds: the group would have a member that is gone, and
    /// give it partitions, for a whole session timeout.
    func joinMayLast(closingBy deadline: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        handle.join.isJoining && handle.join.isSent ? deadline - Self.leaveTimeout : nil
    }
}
