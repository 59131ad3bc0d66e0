import RdKafka

/// Lets records into one transaction as long as it is open.
///
/// A sender that waited for room may go on when its transaction is over and another one is open: its record must not get into
/// that. `enter` and `leave` stand around the handing over to librdkafka, which does not suspend; the transaction ends after the
/// last one has left.
final class TransactionGate: Sendable {
    private struct State {
        var isOpen = true
        var inside = 0
        var hasBeenEntered = false
        var failure: KafkaError?
        var closer: Suspension<Void>?
    }

    private let state = Locked(State())

    /// False once the transaction is over.
    ///
    /// - Parameter isRecord: whether a record is handed over to librdkafka inside.
    func enter(isRecord: Bool = true) -> Bool {
        state.withLock { state in
            guard state.isOpen else { return false }
            state.inside += 1
            if isRecord { state.hasBeenEntered = true }
            return true
        }
    }

    func leave() {
        let closer = state.withLock { state -> Suspension<Void>? in
            state.inside -= 1
            guard state.inside == 0 else { return nil }
            defer { state.closer = nil }
            return state.closer
        }
        closer?.resume(returning: ())
    }

    var isOpen: Bool { state.withLock { $0.isOpen } }

    /// Something that belongs to the transaction is not in it: it must not be committed.
    func fail(_ error: KafkaError) {
        state.withLock { $0.failure = $0.failure ?? error }
    }

    /// The first such error.
    var failure: KafkaError? { state.withLock { $0.failure } }

    /// Whether any record has got in.
    var hasBeenEntered: Bool { state.withLock { $0.hasBeenEntered } }

    /// Lets nobody in any more, and waits until those inside have left. Once it has returned it may be called again.
    func close() async {
        await suspend { (suspension: Suspension<Void>) in
            let isEmpty = state.withLock { state in
                state.isOpen = false
                guard state.inside > 0 else { return true }
                state.closer = suspension
                return false
            }
            if isEmpty { suspension.resume(returning: ()) }
        }
    }
}
