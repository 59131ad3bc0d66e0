import RdKafka

// The application's hooks run in tasks of their own, never on the client's thread, which goes on serving commits meanwhile.
extension ConsumerCore {
    /// The public consumer, as long as somebody holds it.
    struct Owner {
        weak var consumer: KafkaConsumer?
    }

    /// The hook that the current task runs in, if it is one: it does not wait for itself.
    @TaskLocal static var currentHook: (core: ObjectIdentifier, id: UInt64)?

    /// The hooks that can be called now.
    var availableHooks: Set<RebalanceStateMachine.Hook> {
        var available: Set<RebalanceStateMachine.Hook> = []
        if hooks.onAssigned != nil { available.insert(.assigned) }
        if hooks.onRevoked != nil { available.insert(.revoked) }
        if hooks.onLost != nil { available.insert(.lost) }
        guard !available.isEmpty, owner.withLock({ $0.consumer }) != nil else { return [] }
        return available
    }

    /// - Parameter id: nil if nobody waits for it.
    func call(_ hook: RebalanceStateMachine.Hook, _ epochs: [PartitionEpoch], id: UInt64?) {
        let body: KafkaRebalanceHooks.Hook? =
            switch hook {
            case .assigned: hooks.onAssigned
            case .revoked: hooks.onRevoked
            case .lost: hooks.onLost
            }
        guard let body, let consumer = owner.withLock({ $0.consumer }) else {
            if let id { hookReturned(hook, id, nil) }
            return
        }
        let partitions = epochs.map(\.topicPartition).sorted()
        let current = id.map { (core: ObjectIdentifier(self), id: $0) }
        let task = Task.detached { [self] in
            var failure: (any Error)?
            do {
                try await Self.$currentHook.withValue(current) { try await body(consumer, partitions) }
            } catch {
                failure = error
            }
            let problem = failure
            thread.submit { self.assumeIsolated { $0.hookReturned(hook, id, problem) } }
        }
        guard id != nil else { return }
        abandonHook()
        hookTask = task
    }

    /// Turns go on behind it: the thread takes one after each job.
    private func hookReturned(_ hook: RebalanceStateMachine.Hook, _ id: UInt64?, _ error: (any Error)?) {
        let isAwaited = id.map { rebalancing.returned($0) } ?? false
        if isAwaited { hookTask = nil }
        guard let error, isAwaited || !(error is CancellationError) else { return }
        let problem = KafkaError(.rebalanceHookFailed, "\(hook.name) has thrown an error").causedBy(error)
        report(problem, endsReading: hook == .assigned && isAwaited)
    }

    /// The hook closes the consumer, and waits for that: nobody waits for the hook.
    func closes(within hook: (core: ObjectIdentifier, id: UInt64)?) {
        guard let hook, hook.core == ObjectIdentifier(self), rebalancing.returned(hook.id) else { return }
        hookTask = nil
    }

    /// Nobody waits for the hook any more.
    func abandonHook() {
        guard let task = hookTask else { return }
        hookTask = nil
        // The application's own cancellation handlers run where a task is cancelled: never on the client's thread.
        Task.detached { task.cancel() }
    }

    func reportOverdue(_ hook: RebalanceStateMachine.Hook) {
        let problem = KafkaError(
            .rebalanceHookFailed,
            "\(hook.name) has not returned within `revokeTimeout` (\(revokeTimeout)): it was cancelled, and the rebalance goes on"
        )
        report(problem, endsReading: hook == .assigned)
    }

    private func report(_ problem: KafkaError, endsReading: Bool) {
        guard phase.isServing else { return }
        log.log(.error, "HOOK", problem.description)
        events.append(.error(problem))
        if endsReading { fail(problem) }
    }
}

extension ConsumerCore.Phase {
    /// Whether somebody reads events.
    fileprivate var isServing: Bool {
        switch self {
        case .open, .releasing, .committing, .parting, .leaving: true
        case .reaping, .ended: false
        }
    }
}

extension RebalanceStateMachine.Hook {
    fileprivate var name: String {
        switch self {
        case .assigned: "onAssigned"
        case .revoked: "onRevoked"
        case .lost: "onLost"
        }
    }
}
