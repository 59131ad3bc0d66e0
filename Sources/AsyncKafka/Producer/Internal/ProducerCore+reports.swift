import RdKafka

// The way out: a batch of reports becomes resumed senders. Runs on the client's thread.
extension ProducerCore {
    /// Returns the flushes that are done.
    nonisolated func resolve(_ reports: [Event.DeliveryReport], _ topics: [String]?) -> [UInt64] {
        let (action, isAwaited) = machine.withLock { machine in
            var action = Machine.ReportAction()
            action.deliveries.reserveCapacity(reports.count)
            for report in reports {
                machine.report(ProducerTicket(opaque: report.opaque), DeliveryOutcome(report), into: &action)
            }
            machine.reportsEnd(&action)
            return (action, machine.isAwaited)
        }
        if reports.contains(where: { $0.error == 0 }) { flushThread.warm() }
        // Whoever is still waiting shall not wait for the linger: with five requests in flight the kick of its own burst may
        // have passed without effect.
        if isAwaited { flushThread.kick() }
        if let topics { record(reports, topics, action.contexts) }
        for (receiver, outcome) in action.deliveries { receiver.resume(returning: .outcome(outcome)) }
        for receiver in action.batches { receiver.resume(returning: .batch) }
        for (pending, outcome) in action.pending { pending.resolve(result(outcome, topic: pending.topic)) }
        grant(action.grants)
        return action.flushed
    }

    nonisolated func result(_ outcome: DeliveryOutcome, topic: String) -> Result<KafkaDelivery, KafkaError> {
        guard outcome.isDelivered else { return .failure(failure(outcome, topic: topic)) }
        return .success(
            KafkaDelivery(
                topic: topic,
                partition: Int(outcome.partition),
                offset: outcome.offset >= 0 ? outcome.offset : nil,
                timestamp: timestamp(of: outcome)
            )
        )
    }

    private nonisolated func timestamp(of outcome: DeliveryOutcome) -> KafkaTimestamp? {
        guard outcome.timestamp >= 0 else { return nil }
        return KafkaTimestamp(
            millisecondsSince1970: outcome.timestamp,
            kind: outcome.isLogAppendTime ? .logAppendTime : .createTime
        )
    }

    nonisolated func failure(_ outcome: DeliveryOutcome, topic: String) -> KafkaError {
        var error = KafkaError(EngineError(code: outcome.error)).with(outcome.persistence)
        if outcome.partition >= 0 {
            error = error.at(KafkaTopicPartition(topic: topic, partition: Int(outcome.partition)))
        }
        switch error.code {
        case .deliveryTimedOut:
            return error.saying("the record to \(topic) was not acknowledged within the delivery timeout")
                .causedBy(lastProblem.withLock { $0 })
        case .purgedInQueue, .purgedInFlight:
            if let fatal = fatalProblem.withLock({ $0 }) {
                return error.saying(fatal.message).causedBy(fatal)
            }
            guard hasGivenUp.isRaised else { return error.saying("the record to \(topic) was purged") }
            return error.saying("the producer was closed before the record to \(topic) was acknowledged")
        case .fatal:
            return (fatalProblem.withLock { $0 } ?? .fatalProducer("the producer has failed for good"))
                .with(outcome.persistence)
        case .messageTooLarge:
            return error.saying(
                "the record to \(topic) is larger than the producer's maxMessageBytes or the topic's max.message.bytes"
            )
        default:
            return error.saying("\(error.message) (topic \(topic))")
        }
    }
}

extension DeliveryOutcome {
    init(_ report: Event.DeliveryReport) {
        let persistence: KafkaError.Persistence =
            switch report.persistence {
            case .no: .notPersisted
            case .possibly: .possiblyPersisted
            case .yes: .persisted
            }
        self.init(
            error: report.error,
            partition: report.partition,
            offset: report.offset,
            timestamp: report.timestamp,
            isLogAppendTime: report.isLogAppendTime,
            persistence: persistence
        )
    }
}
