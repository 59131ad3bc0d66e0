import AsyncKafka

/// What has to be done so that the topics are as they should be.
enum Step: CustomStringConvertible {
    case make(KafkaNewTopic)
    case addPartitions(topic: String, total: Int)
    case change(topic: String, settings: [String: KafkaConfigChange], words: String)
    /// Nothing can be done about it here.
    case differs(String)

    var description: String {
        switch self {
        case .make(let topic): "make \(topic.name), \(topic.partitions ?? 0) partitions, \(topic.configuration)"
        case .addPartitions(let topic, let total): "add partitions to \(topic), up to \(total)"
        case .change(let topic, _, let words): "change \(topic): \(words)"
        case .differs(let sentence): sentence
        }
    }
}

/// Compares what is there with what should be.
///
/// - Parameter settings: of the topics that are there; nil where they cannot be known.
func plan(
    _ wanted: [KafkaNewTopic],
    topics: [String: KafkaTopicDescription],
    settings: [String: [String: KafkaConfigEntry]]?
) -> [Step] {
    var steps: [Step] = []
    for topic in wanted {
        guard let current = topics[topic.name] else {
            steps.append(.make(topic))
            continue
        }
        let count = current.partitions.count
        if let total = topic.partitions, total > count {
            steps.append(.addPartitions(topic: topic.name, total: total))
        } else if let total = topic.partitions, total < count {
            steps.append(.differs("\(topic.name) has \(count) partitions, not \(total): partitions cannot be removed"))
        }
        guard let entries = settings?[topic.name] else { continue }
        var changes: [String: KafkaConfigChange] = [:]
        var words: [String] = []
        for (name, value) in topic.configuration.sorted(by: { $0.key < $1.key }) {
            let current = entries[name]?.value
            guard current != value else { continue }
            changes[name] = .set(value)
            words.append("\(name) from \(current ?? "none") to \(value)")
        }
        if !changes.isEmpty {
            steps.append(.change(topic: topic.name, settings: changes, words: words.joined(separator: ", ")))
        }
    }
    return steps
}
