import RdKafka

extension ProducerCore {
    /// Returns when everything that was handed over before is purged; what comes later is not touched.
    func purge(_ what: KafkaPurge) async throws(KafkaError) {
        guard case .open = phase else { throw .clientClosed }
        // The handle stays until librdkafka's threads have answered; a close does not wait for them.
        machine.withLock { $0.beginCall() }
        await purges.run { [self] in
            handle.purge(queued: what.contains(.queued), inFlight: what.contains(.inFlight))
            endCall()
        }
    }

    /// The handle may be all that the client's thread waits for.
    nonisolated func endCall() {
        if machine.withLock({ $0.endCall() }) { wake() }
    }
}

extension ProducerStateMachine {
    /// A call that needs the handle begins, on whatever thread.
    mutating func beginCall() {
        calls += 1
    }

    /// Returns whether this was the last one of a closed producer.
    mutating func endCall() -> Bool {
        calls -= 1
        return isClosed && calls == 0
    }
}
