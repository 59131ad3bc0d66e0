import RdKafka

extension KafkaError {
    /// What happened: an open set, as brokers and librdkafka learn new codes.
    ///
    /// Numbers above zero come from a broker (https://kafka.apache.org/protocol#protocol_error_codes), those below from librdkafka
    /// (`rd_kafka_resp_err_t`), those below -10,000 from this library. Each number of these lists, up to Kafka 4.3 and librdkafka 2.16,
    /// has a name here, with what to do about it; `families` says what those have in common that are met in the same way.
    public struct Code: RawRepresentable, Sendable, Hashable {
        /// The number.
        public let rawValue: Int32

        /// A code by its number.
        public init(rawValue: Int32) {
            self.rawValue = rawValue
        }

        /// The task was cancelled. If a record had been queued by then, `pendingDelivery` says what became of it.
        public static let cancelled = Code(rawValue: -10_001)
        /// The client was closed, or is being closed.
        public static let clientClosed = Code(rawValue: -10_002)
        /// A setting is unknown, out of range, refused, or contradicts another one. Nothing was started.
        public static let invalidConfiguration = Code(rawValue: -10_003)
        /// The producer was closed while records were still unsent.
        public static let unsent = Code(rawValue: -10_004)
        /// The consumer was closed while processed messages were still uncommitted.
        public static let uncommitted = Code(rawValue: -10_005)
        /// The message comes from an assignment that has ended: its partition was revoked or lost.
        public static let staleMessage = Code(rawValue: -10_006)
        /// Another loop reads from this sequence.
        public static let alreadyIterating = Code(rawValue: -10_007)
        /// The call does not fit the client's state or configuration.
        public static let invalidState = Code(rawValue: -10_008)

        /// The transaction could not be committed and was aborted: nothing of it is visible to readers of committed data.
        public static let transactionAborted = Code(rawValue: -10_009)
        /// The commit of a transaction was not acknowledged in time: it may be committed or not.
        public static let transactionOutcomeUnknown = Code(rawValue: -10_010)

        /// A rebalance hook has thrown, or has not returned in time.
        public static let rebalanceHookFailed = Code(rawValue: -10_020)
        /// A token provider has thrown, has not answered in time, or has brought a token that cannot be used. It is asked again. The
        /// provider's own error is `underlyingError`.
        public static let tokenProviderFailed = Code(rawValue: -10_030)
    }
}

extension KafkaError.Code: CustomStringConvertible {
    /// The name of the code as it stands in the code: `timedOut`; for a number that is not there, the one that librdkafka has for it.
    public var description: String {
        Self.names[rawValue] ?? Self.namesOfConnection[self] ?? EngineError.name(of: rawValue)
    }
}
