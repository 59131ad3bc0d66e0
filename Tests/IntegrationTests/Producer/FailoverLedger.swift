import AsyncKafka
import Testing

/// What `send` has said of one record.
struct FailoverAttempt: Sendable {
    let task: Int
    let sequence: Int
    let result: Result<KafkaDelivery, KafkaError>
}

/// What `send` has said of all records, beside what Kafka's own consumer finds in the topic.
struct FailoverLedger {
    /// A record's name: its key says the task, its value the number within it.
    struct Name: Hashable, CustomStringConvertible {
        let task: Int
        let sequence: Int

        var description: String { "\(task)/\(sequence)" }
    }

    private(set) var delivered: [Name: KafkaDelivery] = [:]
    private(set) var failed: [Name: KafkaError] = [:]
    /// Where each record was found, in the order in which they were found.
    private(set) var found: [(name: Name, position: Position)] = []

    init(_ attempts: [FailoverAttempt], readingBack topic: String) async throws {
        for attempt in attempts {
            let name = Name(task: attempt.task, sequence: attempt.sequence)
            switch attempt.result {
            case .success(let delivery): delivered[name] = delivery
            case .failure(let error): failed[name] = error
            }
        }
        try #require(delivered.count + failed.count == attempts.count)
        found = try await Self.read(topic)
    }

    // MARK: Kafka's own tools

    private static func read(_ topic: String) async throws -> [(Name, Position)] {
        // Lines are: topic:partition:end of the log.
        let ends = try await RealKafka.toolText("offsets", ["--topic", topic])
        let count = ends.split(separator: "\n").compactMap { Int($0.split(separator: ":").last ?? "") }.reduce(0, +)
        guard count > 0 else { return [] }
        let printed = try await RealKafka.tool(
            "console-consumer",
            ["--topic", topic, "--from-beginning", "--max-messages", "\(count)"]
                + ["print.partition", "print.offset", "print.key"].flatMap { ["--formatter-property", "\($0)=true"] }
        )
        return try printed.split(separator: 10).map { line in
            // Partition:3<tab>Offset:14<tab>key<tab>value
            let numbers = line.split(separator: 9).map { number($0) }
            try #require(numbers.count == 4, "\(String(decoding: line, as: UTF8.self))")
            return (
                Name(task: numbers[2], sequence: numbers[3]),
                Position(partition: numbers[0], offset: Int64(numbers[1]))
            )
        }
    }

    /// The digits of a field.
    private static func number(_ field: ArraySlice<UInt8>) -> Int {
        var number = 0
        for byte in field where byte >= 48 && byte <= 57 { number = number * 10 + Int(byte - 48) }
        return number
    }

    // MARK: The judgement

    /// For the output: how many of which kind.
    var summary: String {
        var kinds: [String: Int] = [:]
        for error in failed.values {
            let persistence = error.persistence.map { "\($0)" } ?? "no persistence"
            kinds["\(error.code) \(persistence)\(error.isFatal ? " fatal" : "")", default: 0] += 1
        }
        let there = found.count { failed[$0.name] != nil }
        let withoutOffset = delivered.values.count { $0.offset == nil }
        let failures = kinds.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        return """
            \(delivered.count) delivered (\(withoutOffset) without an offset), \(failed.count) failed\
            \(failures.isEmpty ? "" : " (\(failures); \(there) of them are there)"), \(found.count) found
            """
    }

    /// Whether every outcome was the truth.
    func expectHonesty() {
        var places: [Name: Position] = [:]
        var last: [Int: Name] = [:]
        var partitions: [Int: Int] = [:]
        var again: [Name] = []
        var outOfOrder: [Name] = []
        var moved: [Name] = []
        var uncalledFor: [Name] = []
        for (name, position) in found {
            if places.updateValue(position, forKey: name) != nil { again.append(name) }
            if let last = last.updateValue(name, forKey: name.task), last.sequence >= name.sequence {
                outOfOrder.append(name)
            }
            if partitions.updateValue(position.partition, forKey: name.task) ?? position.partition != position.partition
            {
                moved.append(name)
            }
            let mayBeThere = failed[name].map { $0.persistence != .notPersisted } ?? (delivered[name] != nil)
            if !mayBeThere { uncalledFor.append(name) }
        }
        expectNone(again, "found more than once")
        expectNone(outOfOrder, "found behind a later one of their task")
        expectNone(moved, "found in another partition than others of their key")
        expectNone(uncalledFor, "found although they were not sent, or are not persisted as their error says")
        expectNone(delivered.keys.filter { places[$0] == nil }, "delivered, and not there")
        let elsewhere = delivered.filter { name, delivery in
            guard let place = places[name], let offset = delivery.offset else { return false }
            return place != Position(partition: delivery.partition, offset: offset)
        }
        expectNone(elsewhere.keys, "found elsewhere than their delivery says")
        expectNone(
            failed.filter { $0.value.persistence == nil }.keys,
            "failed without a word on whether they are there"
        )
        let persisted = failed.filter { $0.value.persistence == .persisted && places[$0.key] == nil }
        expectNone(persisted.keys, "persisted as their error says, and not there")
    }

    private func expectNone(_ names: some Collection<Name>, _ what: String) {
        // Its number alone, as all names would be printed otherwise.
        let count = names.count
        #expect(count == 0, "\(count) records were \(what), for example \(names.prefix(5))")
    }
}
