import AsyncKafka
import Synchronization

/// Log lines as they come.
final class Lines: Sendable {
    private let entries = Mutex<[KafkaLog.Entry]>([])

    var all: [KafkaLog.Entry] { entries.withLock { $0 } }

    func append(_ entry: KafkaLog.Entry) {
        entries.withLock { $0.append(entry) }
    }
}
