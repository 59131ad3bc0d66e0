/// Whether librdkafka may be about to join a cooperative group, by what can be seen from outside.
///
/// It joins again because of what a heartbeat's answer says, which nobody else is told; a commit that is handed over before its
/// JoinGroup is sent, and sent behind it, costs the assignment (confluentinc/librdkafka#4059). So an answered heartbeat is a
/// doubt, and so is a coordinator that is gone: once librdkafka is connected again, it sends the JoinGroup that is due, and only then
/// the commits that it was given meanwhile (rdkafka_cgrp.c, `rd_kafka_cgrp_serve`).
///
/// A doubt ends when JoinGroup is sent, from when on the join itself holds commits; or when it is proven that none follows, by two
/// requests of our own that the coordinator answers, one after the other: by the first answer, librdkafka's main thread has dealt with
/// the heartbeat, or has a coordinator again, so a JoinGroup would be sent before the second.
package struct JoinDoubt {
    package typealias Instant = ContinuousClock.Instant

    /// librdkafka joins once a second at most (rdkafka_cgrp.c, `rkcg_join_intvl`): it may put the join off by that long.
    static let joinInterval: Duration = .seconds(1)
    /// How long before the end of that commits are held: the broker's thread sends JoinGroup after the main thread's clock was read.
    static let margin: Duration = .milliseconds(100)

    /// Whether there can be a doubt: in cooperative groups of engines that lose assignments.
    var isOn = false
    private var raised = 0
    private var proven = 0
    /// The last doubt that is none of a heartbeat's: librdkafka takes a commit without sending it.
    private var gone = 0
    private var lastJoin: Instant?

    /// JoinGroup was sent.
    mutating func joinSent(now: Instant) {
        lastJoin = now
        proven = raised
    }

    /// A request of the join got no answer: librdkafka joins again.
    mutating func joinFailed(now: Instant) {
        lastJoin = now
        coordinatorGone()
    }

    /// A heartbeat was answered.
    mutating func heartbeatAnswered() {
        if isOn { raised += 1 }
    }

    /// The connection to the coordinator has ended.
    mutating func coordinatorGone() {
        guard isOn else { return }
        raised += 1
        gone = raised
    }

    /// Whether commits wait for a proof.
    func isInDoubt(now: Instant) -> Bool {
        guard isOn, raised > proven else { return false }
        if gone > proven { return true }
        return lastJoin.map { now >= $0 + Self.joinInterval - Self.margin } ?? true
    }

    /// When the requests that prove it may be sent, and up to which doubt; nil without one.
    var proof: (number: Int, notBefore: Instant?)? {
        guard isOn, raised > proven else { return nil }
        return (raised, lastJoin.map { $0 + Self.joinInterval })
    }

    /// No JoinGroup has followed what raised this doubt, or those before.
    mutating func prove(_ number: Int) {
        proven = max(proven, number)
    }
}
