extension KafkaConsumerConfiguration {
    /// What becomes of a subscription to topics that do not exist, or that the cluster does not show to this client.
    public struct MissingTopics: Sendable, Hashable {
        private enum Value { case report, fail }
        private let value: Value

        /// An event of kind ``KafkaConsumerEvent/Kind/missingTopic`` names each of them, and a warning is logged; the other topics go
        /// on. A topic that appears later is read from then on.
        public static let report = MissingTopics(value: .report)
        /// The same, and `messages` throws `unknownTopic`.
        public static let fail = MissingTopics(value: .fail)
    }
}

extension KafkaConsumerConfiguration.MissingTopics: CustomStringConvertible {
    /// The case's name.
    public var description: String { "\(value)" }
}
