extension RealKafka {
    /// What a group has committed of a topic, by partition, as Kafka's own tool says.
    static func committedOffsets(_ group: String, _ topic: String) async throws -> [Int: Int64] {
        let description = try await toolText("groups", ["--describe", "--group", group])
        var offsets: [Int: Int64] = [:]
        for line in description.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 3, words[0] == group, words[1] == topic, let partition = Int(words[2]) else { continue }
            offsets[partition] = Int64(words[3])
        }
        return offsets
    }
}
