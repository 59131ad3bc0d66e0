// The time limit for waiting for room.
extension ProducerStateMachine {
    /// Until when the sender waits that has waited longest.
    var firstWaitDeadline: ContinuousClock.Instant? { waiters.firstDeadline }

    /// All who wait for room leave: no record of theirs would be sent.
    mutating func removeWaiters() -> [Sender] {
        waiters.removeAll()
    }

    /// Senders whose time has run out leave. Those behind them may fit in now: a large record may have stood before small ones.
    mutating func expireWaiters(now: ContinuousClock.Instant) -> (senders: [Sender], grants: [Grant]) {
        var senders: [Sender] = []
        while let deadline = waiters.firstDeadline, deadline <= now, let sender = waiters.removeFirst() {
            senders.append(sender)
        }
        return (senders, senders.isEmpty ? [] : grantWaiters())
    }
}
