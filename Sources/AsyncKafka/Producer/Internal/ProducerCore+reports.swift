import RdKafka

// The way out: a batch of reports becomes resumed senders. Runs on the client's thread.
extension ProducerCore {
    func resolve(_ reports: [Event.DeliveryReport], _ topics: [String]?) {
        var circumstances: FailureCircumstances?
        if reports.contains(where: { $0.error != 0 }) {
            // The report of a failure may be faster than the event that says that it is the end.
            if let fatal = handle.fatalError { fatalProblem.withLock { $0 = $0 ?? explain(fatal: fatal) } }
            circumstances = FailureCircumstances(of: self)
        }
        // Looked at twice where they are recorded.
        let outcomes = topics == nil ? nil : reports.map { outcome(of: $0, circumstances) }
        var action = Machine.ReportAction()
        swap(&action, &spareAction)
        let kick = machine.withLock { machine in
            if machine.awaited > 0 { action.deliveries.reserveCapacity(reports.count) }
            if let outcomes {
                for (report, outcome) in zip(reports, outcomes) {
                    machine.report(ProducerTicket(opaque: report.opaque), outcome, into: &action)
                }
            } else {
                for report in reports {
                    let outcome = outcome(of: report, circumstances)
                    machine.report(ProducerTicket(opaque: report.opaque), outcome, into: &action)
                }
            }
            machine.reportsEnd(&action)
            return machine.kickBehindReports()
        }
        if reports.contains(where: { $0.error == 0 }) { flushThread.warm() }
        // Whoever is still waiting shall not wait for the linger.
        flush(kick)
        if let topics, let outcomes { record(reports, outcomes, topics, action.contexts) }
        for (receiver, outcome) in action.deliveries { receiver.resume(returning: .outcome(outcome)) }
        for receiver in action.batches { receiver.resume(returning: .batch) }
        for (pending, outcome) in action.pending { pending.resolve(result(outcome, topic: pending.topic)) }
        grant(action.grants)
        finishFlushes(action.flushed)
        guard reports.count <= Self.spareLimit else { return }
        action.removeAll()
        swap(&action, &spareAction)
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
        let circumstances = outcome.circumstances ?? FailureCircumstances(of: self)
        var error = KafkaError(EngineError(code: outcome.error)).with(outcome.persistence)
        if outcome.partition >= 0 {
            error = error.at(KafkaTopicPartition(topic: topic, partition: Int(outcome.partition)))
        }
        // Behind a fatal error nothing leaves the queue any more: whoever waits hears of that one.
        if let fatal = circumstances.fatal { return failure(error, after: fatal) }
        if let code = topicCode(error.code, topic) {
            error = KafkaError(code, error.message).causedBy(error).atPlace(of: error).with(outcome.persistence)
        }
        switch error.code {
        case .deliveryTimedOut:
            return error.saying(timeoutSentence(topic, outcome, circumstances))
                .causedBy(circumstances.recentProblem)
        case .purgedInQueue, .purgedInFlight:
            if let end = circumstances.refusal { return end.atPlace(of: error).with(outcome.persistence) }
            if circumstances.isInTransaction {
                return error.saying(
                    "the transaction has failed or was aborted before the record to \(topic) was acknowledged"
                ).asRequiringAbort()
            }
            guard circumstances.hasGivenUp else { return error.saying("the record to \(topic) was purged") }
            return error.saying("the producer was closed before the record to \(topic) was acknowledged")
                .causedBy(circumstances.lastingProblem)
        case .fatal:
            return .fatalProducer("the producer has failed for good").causedBy(error).atPlace(of: error)
                .with(outcome.persistence)
        case .messageTooLarge:
            return error.saying(
                "the record to \(topic) is larger than the producer's maxMessageBytes or the topic's max.message.bytes"
            )
        default:
            return error.saying(sentence(error, topic, outcome))
        }
    }

    private nonisolated func failure(_ error: KafkaError, after fatal: KafkaError) -> KafkaError {
        let isSame = [.fenced, .producerFenced, .invalidProducerEpoch].contains(error.code)
        guard isSame || [.purgedInQueue, .purgedInFlight, .deliveryTimedOut, .fatal].contains(error.code) else {
            return error.causedBy(fatal).asFatal()
        }
        let told = error.persistence.map { fatal.with($0) } ?? fatal
        return error.topicPartition.map { told.at($0) } ?? told
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
