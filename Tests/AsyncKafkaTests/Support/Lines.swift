import AsyncKafka
import RdKafka

/// Log lines as they come.
final class Lines: Sendable {
    private let entries = Locked<[KafkaLog.Entry]>([])

    var all: [KafkaLog.Entry] { entries.withLock { $0 } }

    func append(_ entry: KafkaLog.Entry) {
        entries.withLock { $0.append(entry) }
    }
}
