import RdKafka

// A member that leaves while it joins.
extension ConsumerCore {
    /// How long librdkafka waits for the answer to LeaveGroup before it drops the connection (rdkafka_request.c).
    private static let leaveTimeout: Duration = .seconds(5)
    /// From the answer to a revoke to JoinGroup; usually a few milliseconds.
    private static let joinDelay: Duration = .seconds(2)

    /// Until when the close waits for the join under way; nil if it does not.
    ///
    /// A broker answers the requests of a connection one after the other, and JoinGroup only when all members have come. A LeaveGroup
    /// that is sent meanwhile waits behind it, and is given up after five seconds: the group would have a member that is gone, and
    /// give it partitions, for a whole session timeout.
    func joinMayLast(
        closingBy deadline: ContinuousClock.Instant,
        now: ContinuousClock.Instant
    ) -> ContinuousClock.Instant? {
        guard handle.join.isJoining else { return nil }
        var end = deadline - Self.leaveTimeout
        if !handle.join.isSent {
            // A revoke was answered, and JoinGroup is about to be sent; unless there is no coordinator to send it to.
            let begin = join.map { $0.deadline - sessionTimeout } ?? now
            end = min(end, begin + Self.joinDelay)
        }
        return now < end ? end : nil
    }

    /// Has librdkafka leave the group first if it would close without.
    ///
    /// A cooperative member without partitions is closed without LeaveGroup (rdkafka_cgrp.c, "consumer is terminating, skipping
    /// rejoin", in 2.0.2 as in 2.16): the group would have it for another session timeout, and may give it partitions.
    func leaveEmptyHanded() {
        guard assigned.isEmpty, !usesConsumerProtocol, handle.isCooperative else { return }
        _ = handle.unsubscribe()
    }
}
