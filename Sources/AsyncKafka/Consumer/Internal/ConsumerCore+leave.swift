import RdKafka

// A member that leaves, perhaps while it joins.
extension ConsumerCore {
    /// How long librdkafka waits for the answer to LeaveGroup before it drops the connection (rdkafka_request.c).
    private static let leaveTimeout: Duration = .seconds(5)
    /// From the answer to a revoke to JoinGroup or LeaveGroup; usually a few milliseconds.
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

    /// Has librdkafka leave the group before it closes.
    ///
    /// Its close alone may skip LeaveGroup (rdkafka_cgrp.c, "consumer is terminating, skipping rejoin", in 2.0.2 as in 2.16): for a
    /// cooperative member without partitions, also when it has just begun to join, which nobody here can have seen. The group would
    /// have it for another session timeout, and may give it partitions. Unsubscribing always ends in LeaveGroup; within a rebalance it
    /// comes once that is over, and so never behind JoinGroup.
    ///
    /// A static member does not leave (KIP-345), which unsubscribing would have it do. Under KIP-848 the close itself sends the last
    /// heartbeat.
    func beginParting(now: ContinuousClock.Instant) {
        guard !usesConsumerProtocol, settings.instanceID == nil, handle.fatalError == nil, isMember else { return }
        if handle.unsubscribe() == 0 { partingSince = now }
    }

    /// Whether the close has to wait for LeaveGroup to be sent; librdkafka itself waits for the answer.
    ///
    /// What it waits for ends in an event: of the join, of a rebalance, of LeaveGroup. Only without a coordinator there is none. It does
    /// not end with the close's deadline, which may have passed before: then the report is out, and nobody waits.
    func isParting(now: ContinuousClock.Instant) -> Bool {
        guard partingSince != nil else { return false }
        if handle.join.isJoining { partingSince = now }
        if let end = partingEnd, now >= end { return false }
        return isMember
    }

    /// Nil as long as a join goes on, which `watchJoin` limits.
    var partingEnd: ContinuousClock.Instant? {
        guard let partingSince, !handle.join.isJoining else { return nil }
        return partingSince + Self.joinDelay
    }

    /// librdkafka forgets the name as it leaves.
    private var isMember: Bool { handle.memberID.map { !$0.isEmpty } ?? false }
}
