import RdKafka

// Senders that wait for room.
extension ProducerCore {
    /// A sender has begun to wait for room.
    nonisolated func isWaiting(isFirst: Bool) {
        // Room comes with deliveries: what is queued shall not wait for the linger.
        flushThread.kick()
        // The first one has the nearest deadline, which the client's thread has to know.
        if isFirst, waitLimit != nil { wake() }
    }

    /// Senders whose time limit has passed fail. Returns the next such deadline.
    func expireSenders(now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        guard let waitLimit else { return nil }
        let (expired, next) = machine.withLock { machine in
            let expired = machine.expireWaiters(now: now)
            return (expired, machine.firstWaitDeadline)
        }
        if !expired.senders.isEmpty {
            let error = KafkaError.queueFull("the queue was full for \(waitLimit), which is `queue.waitLimit`")
            for sender in expired.senders { sender.resume(returning: .failure(error)) }
            grant(expired.grants)
        }
        return next
    }
}

extension KafkaError {
    static func queueFull(_ reason: String) -> KafkaError {
        KafkaError(.queueFull, "\(reason); the record was not sent").asRetriable().with(.notPersisted)
    }

    static func cancelledOnItsWay(_ pending: KafkaPendingDelivery) -> KafkaError {
        KafkaError(
            .cancelled,
            "the task was cancelled while the record was on its way; pendingDelivery tells what becomes of it"
        )
        .with(.possiblyPersisted)
        .with(pending)
    }
}
