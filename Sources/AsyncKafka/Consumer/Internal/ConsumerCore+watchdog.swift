import RdKafka
import Synchronization

/// When a loop was last given something. Loops on the pool write it, the client's thread reads it; nothing else depends on it.
final class LastDelivery: Sendable {
    private let time = Atomic<Int64>(0)

    func note() {
        time.store(CoarseClock.now, ordering: .relaxed)
    }

    /// A loop asks again.
    func clear() {
        time.store(0, ordering: .relaxed)
    }

    /// How long ago it was; nil if a loop has asked since.
    var age: Duration? {
        let time = time.load(ordering: .relaxed)
        return time == 0 ? nil : .nanoseconds(CoarseClock.now - time)
    }
}

// Messages that nobody processes: the group is told, so that others get the partitions.
extension ConsumerCore {
    /// A loop comes to the client's thread for messages.
    func loopAsks() {
        watchdog.asked()
        lastDelivery.clear()
        rejoin()
    }

    /// Joins the group again if the watchdog has left it.
    func rejoin() {
        guard subscription.isSuspended, !isClosed else { return }
        subscription.isSuspended = false
        log.log(.info, "REJOIN", "the next message is asked for: joining the group again")
        let code = handle.subscribe(subscription.topics)
        if code != 0 { report(EngineError(code: code)) }
    }

    func watchProcessing(now: ContinuousClock.Instant) {
        guard case .open = phase else { return }
        guard !handle.isSplit else { return watchStreams(now: now) }
        // Messages have come, and no loop waits for them.
        if watchdog.deadline == nil, !isLoopParked, handle.messagesArrived.isRaised { watchdog.begin(now: now) }
        guard watchdog.isDue(now: now), watchdog.look(finding(now: now), now: now) else { return }
        processingTimedOut()
    }

    private func finding(now: ContinuousClock.Instant) -> ProcessingWatchdog.Finding {
        var finding = ProcessingWatchdog.Finding()
        finding.isIdle = isLoopParked || assigned.isEmpty
        finding.lastDelivery = lastDelivery.age.map { now - $0 }
        let owned = assigned.keys
        let isRaised = handle.messagesArrived.isRaised
        delivery.withLock { delivery in
            let inHand = delivery.partitionsInHand
            let concerned = inHand.isEmpty ? Set(owned) : inHand
            finding.isPaused = concerned.isSubset(of: delivery.paused)
            finding.isWaiting = isRaised || delivery.hasUndelivered
        }
        return finding
    }

    private func processingTimedOut() {
        processingTimedOut(in: delivery.withLock { $0.partitionsInHand }.sorted()) {
            // The revoke that follows does not wait for what is stuck.
            delivery.withLock { $0.letGoOfHand() }
        }
    }

    func processingTimedOut(in partitions: [KafkaTopicPartition], letGo: () -> Void) {
        let leaves = processingTimeoutAction == .leaveGroup && subscription.isActive
        let names = partitions.map(\.description).joined(separator: ", ")
        log.log(
            .warning,
            "STUCK",
            """
            nobody has asked for the next message for \(maxPollInterval) (`group.maxPollInterval`)\
            \(names.isEmpty ? "" : handle.isSplit ? " of \(names)" : "; in hand is one of \(names)")\
            \(leaves ? ": leaving the group until somebody asks" : "")
            """
        )
        events.append(KafkaConsumerEvent(kind: .processingTimedOut, partitions: partitions))
        guard leaves else { return }
        subscription.isSuspended = true
        letGo()
        let code = handle.unsubscribe()
        if code != 0 { report(EngineError(code: code)) }
    }
}
