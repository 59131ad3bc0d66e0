/// Which records `KafkaProducer.purge(_:)` gives up.
public struct KafkaPurge: OptionSet, Sendable, Hashable {
    /// The bits.
    public let rawValue: Int

    /// From bits.
    public init(rawValue: Int) {
        self.rawValue = rawValue
    }

    /// Records that are queued and not on their way to a broker: code `purgedInQueue`. Look at `persistence`: it is `.notPersisted`,
    /// but a record that waits for its next attempt after a lost connection may be in the topic all the same.
    public static let queued = KafkaPurge(rawValue: 1)
    /// Records that were sent and not yet acknowledged: code `purgedInFlight`, persistence `.possiblyPersisted`.
    public static let inFlight = KafkaPurge(rawValue: 2)
    /// Both.
    public static let all: KafkaPurge = [.queued, .inFlight]
}

extension KafkaProducer {
    /// Gives up records that have no outcome yet.
    ///
    /// They fail with `purgedInQueue` or `purgedInFlight`, wherever their outcomes are awaited. Suspends until librdkafka has
    /// given them up; their outcomes are there a moment later. What is sent after it has returned is not touched; what is sent
    /// meanwhile, also by senders that waited for room, may be given up as well.
    ///
    /// ## Cancellation
    /// Has no effect.
    ///
    /// - Parameter what: the records to give up; `.queued` alone leaves those to their end that are with a broker.
    /// - Throws: `clientClosed`.
    public func purge(_ what: KafkaPurge) async throws(KafkaError) {
        try await core.purge(what)
    }
}
