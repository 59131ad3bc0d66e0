import RdKafka

/// What keeps a group's members from working on the same messages, or from losing their partitions.
///
/// Tests switch one off to show that its absence is found. Nothing outside this package can.
package enum Safeguard: String, Sendable {
    /// Messages of partitions that are being taken away are not delivered, and the one in hand holds the revoke.
    case fence
    /// Commits wait while the group joins.
    case commitHold
}

extension KafkaConsumer {
    /// A consumer without one of its safeguards.
    package convenience init(_ configuration: KafkaConsumerConfiguration, without safeguard: Safeguard?)
        throws(KafkaError)
    {
        try self.init(configuration)
        switch safeguard {
        case .fence: core.delivery.withLock { $0.isFencing = false }
        case .commitHold: core.handle.join.switchOff()
        case nil: break
        }
    }

    /// Whether a commit would wait for the group to have joined.
    package var isHoldingCommits: Bool { core.handle.join.isJoining }

    /// What could have cost an assignment: see `JoinObserver`.
    package var commitsOutOfJoin: (outdated: Int, overtaken: Int) { core.handle.join.commitsOutOfJoin }

    /// Whether the group could not be told of the close, for want of a coordinator.
    package var hasClosedAlone: Bool { core.handle.join.hasClosedAlone }
}
