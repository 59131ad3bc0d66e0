/// Whether librdkafka may be about to join a cooperative group, by what can be seen from outside.
///
/// It joins again because of what a heartbeat's answer says, which nobody else is told; a commit that is handed over before its
/// JoinGroup is sent, and sent behind it, costs the assignment (confluentinc/librdkafka#4059). So an answered heartbeat is a
/// doubt. It ends when JoinGroup is sent, from when on the join itself holds commits; or when it is proven that none follows, by two
/// requests of our own to the coordinator, one after the other: librdkafka's main thread has dealt with the heartbeat by the time
/// that the first is answered, so a JoinGroup would be sent before the second.
package struct HeartbeatDoubt {
    package typealias Instant = ContinuousClock.Instant

    /// librdkafka joins once a second at most (rdkafka_cgrp.c, `rkcg_join_intvl`): it may put the join off by that long.
    static let joinInterval: Duration = .seconds(1)
    /// How long before the end of that commits are held: the broker's thread sends JoinGroup after the main thread's clock was read.
    static let margin: Duration = .milliseconds(100)

    /// Whether heartbeats are followed: in cooperative groups of engines that lose assignments.
    var isOn = false
    private var answered = 0
    private var proven = 0
    private var lastJoin: Instant?

    /// JoinGroup was sent.
    mutating func joinSent(now: Instant) {
        lastJoin = now
        proven = answered
    }

    /// A heartbeat was answered.
    mutating func heartbeatAnswered() {
        if isOn { answered += 1 }
    }

    /// Whether commits wait for a proof.
    func isInDoubt(now: Instant) -> Bool {
        guard isOn, answered > proven else { return false }
        return lastJoin.map { now >= $0 + Self.joinInterval - Self.margin } ?? true
    }

    /// When the requests that prove it may be sent, and for which heartbeat; nil without a doubt.
    var proof: (heartbeat: Int, notBefore: Instant?)? {
        guard isOn, answered > proven else { return nil }
        return (answered, lastJoin.map { $0 + Self.joinInterval })
    }

    /// No JoinGroup has followed this heartbeat, or those before.
    mutating func prove(_ heartbeat: Int) {
        proven = max(proven, heartbeat)
    }
}
