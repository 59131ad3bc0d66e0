// A client shows its name alone: what it is made of holds its settings, and changes on another thread.

extension KafkaProducer: CustomStringConvertible, CustomReflectable {
    /// `KafkaProducer(orders#producer-1)`.
    public var description: String { "KafkaProducer(\(core.log.clientName))" }

    /// Has nothing in it.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension KafkaConsumer: CustomStringConvertible, CustomReflectable {
    /// `KafkaConsumer(orders#consumer-1)`.
    public var description: String { "KafkaConsumer(\(core.log.clientName))" }

    /// Has nothing in it.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension KafkaAdmin: CustomStringConvertible, CustomReflectable {
    /// `KafkaAdmin(orders#producer-1)`: to librdkafka it is a producer.
    public var description: String { "KafkaAdmin(\(core.log.clientName))" }

    /// Has nothing in it.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
