import RdKafka

// What goes wrong, and what brokers do, told to whoever reads the events.
extension ConsumerCore {
    /// An error of the client as a whole, of a broker, of the group, or of a topic that is subscribed to.
    func problem(_ event: KafkaError) {
        let error = connection.problem(tokens?.heard(event) ?? event, of: handle, now: .now)
        // librdkafka looks for the coordinator of a group that is none.
        if !hasGroup, error.code == .groupAuthorizationFailed { return }
        if error.isFatal, let fatal = handle.fatalError {
            let cause = KafkaError.fatalConsumer(fatal)
            fatalProblem = cause
            log.log(.critical, "FATAL", cause.description)
            // It joins no more.
            if let generation = handle.join.generation { handle.join.giveUp(generation) }
            fail(cause)
            events.append(.error(error))
            return
        }
        if error.code == .allBrokersDown {
            guard brokerEvents.allDown() else { return }
        }
        let topic = error.subscribedTopic
        let explained = error.explained(topic: topic)
        if let topic {
            log.log(.warning, "TOPIC", explained.message)
            if explained.code == .unknownTopic { subscription.missing.add(topic, now: .now) }
        }
        if explained.endsReading || (failsForMissingTopics && explained.code == .unknownTopic) { fail(explained) }
        events.append(self.event(for: explained, topic: topic))
    }

    func event(for error: KafkaError, topic: String? = nil) -> KafkaConsumerEvent {
        var event = KafkaConsumerEvent.error(error)
        event.topic = topic ?? error.topicPartition?.topic
        switch error.code {
        case .unknownTopic: event.kind = .missingTopic
        case .allBrokersDown: event.kind = .allBrokersDown
        default: break
        }
        return event
    }

    /// Fails what waits for brokers that refuse the client: loops, once, commits, and look-ups.
    func failRefused(now: ContinuousClock.Instant) {
        guard let error = connection.expire(now: now) else { return }
        let waiters = commits.refuse()
        for waiter in waiters { resume(waiter, error) }
        let lookUps = calls.removeAll()
        for giveUp in lookUps { giveUp(error) }
        guard tellReaders(error) || !waiters.isEmpty || !lookUps.isEmpty else { return }
        log.log(.error, "REFUSED", error.description)
    }

    /// Has loops throw that wait, and those alone: who comes later may find that the brokers take the client. Returns whether there are any.
    private func tellReaders(_ error: KafkaError) -> Bool {
        let streams = Set(parkedStreams.map(\.partition))
        guard isLoopParked || parkedPartitionLoop != nil || !streams.isEmpty else { return false }
        delivery.withLock { delivery in
            for partition in streams { delivery.tell(error.at(partition)) }
            if isLoopParked { delivery.interrupt(error) }
            if parkedPartitionLoop != nil { delivery.tell(error) }
        }
        unpark()
        return true
    }

    func tokenFailed(_ failure: TokenRefresh.Failure, now: ContinuousClock.Instant) {
        // The log has each of them.
        if !failure.isRepeated { problem(failure.error) }
    }

    /// What the observer of the brokers has heard since the last turn.
    func reportBrokers(now: ContinuousClock.Instant) {
        let news = connection.look(at: handle, log: log, now: now)
        if news.isServed, brokerEvents.served() { events.append(KafkaConsumerEvent(kind: .brokersUp)) }
        for failure in news.failures where failure.isNews { events.append(event(for: failure.error)) }
        resumeConnected(now: now)
        for throttle in handle.brokers.takeThrottles() {
            let time = Duration.milliseconds(throttle.milliseconds)
            guard let longest = brokerEvents.throttled(throttle.broker, time, now: now) else { continue }
            events.append(.throttled(by: throttle.broker, longest))
        }
    }
}

extension KafkaError {
    /// The topic, or the pattern, of an error about a subscription.
    ///
    /// An event has no field for it: librdkafka writes `Subscribed topic not available: NAME: ` and the code's text
    /// (rdkafka_cgrp.c).
    var subscribedTopic: String? {
        let prefix = "Subscribed topic not available: "
        guard message.hasPrefix(prefix) else { return nil }
        let rest = message.dropFirst(prefix.count)
        for code in [code, .unknownTopic, .unknownTopicOrPartition] {
            let suffix = ": " + EngineError.description(of: code.rawValue)
            if rest.hasSuffix(suffix) { return String(rest.dropLast(suffix.count)) }
        }
        return nil
    }

    /// The same error with a sentence that says what to check; librdkafka's own stays in it, or is its cause.
    func explained(topic: String?) -> KafkaError {
        switch code {
        case .unknownTopic, .unknownTopicOrPartition:
            guard let topic else { return self }
            let what =
                topic.hasPrefix("^")
                ? "no topic whose name matches \(topic)" : "no topic \(topic)"
            return KafkaError(
                .unknownTopic,
                """
                the cluster has \(what), or does not show it to this client: check the name, create the topic, or grant the operation \
                DESCRIBE; other topics go on, and it is read from once it is there
                """
            )
            .causedBy(self).atPlace(of: self)
        case .topicAuthorizationFailed:
            guard let topic else { return self }
            return saying("this client may not read \(topic): grant it the operation READ on the topic").causedBy(self)
        case .groupAuthorizationFailed:
            return saying("\(message): grant this client the operation READ on its group")
        case .allBrokersDown:
            return saying(
                """
                none of the brokers can be reached (\(message)): check `bootstrapServers`, the network and the brokers; the client \
                keeps trying
                """
            )
        default:
            return self
        }
    }
}
