import RdKafka

extension ProducerCore {
    /// Returns when everything that was handed over before is purged; what comes later is not touched.
    func purge(_ what: KafkaPurge) async throws(KafkaError) {
        guard case .open = phase else { throw .clientClosed }
        // Counted like a record that is being handed over: the handle stays until librdkafka's threads have answered.
        machine.withLock { $0.beginCall() }
        await BlockingThreads.shared.run { [self] in
            handle.purge(queued: what.contains(.queued), inFlight: what.contains(.inFlight))
            let isSettled = machine.withLock { machine in
                machine.endCall()
                return machine.isSettledWhileClosed
            }
            if isSettled { wake() }
        }
    }
}

extension ProducerStateMachine {
    /// A call that needs the handle begins, on whatever thread.
    mutating func beginCall() {
        producing += 1
    }

    mutating func endCall() {
        producing -= 1
    }
}
