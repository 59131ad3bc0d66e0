import AsyncKafka

/// The topics that all ways share.
struct Cluster {
    static let partitions = 6

    let servers: [String]
    let isMock: Bool
    /// The topic that a mode reads from, by what is in it.
    private var filled: [String: (topic: String, records: Int)] = [:]
    private let mark = UInt32.random(in: 0 ... .max)
    private var made = 0

    init(servers: [String], isMock: Bool, create: @escaping (String) async throws -> Void) {
        self.servers = servers
        self.isMock = isMock
        createOnMock = create
    }

    private let createOnMock: (String) async throws -> Void

    /// Makes a topic.
    mutating func topic() async throws -> String {
        made += 1
        let name = "benchmark-\(mark)-\(made)"
        if isMock {
            try await createOnMock(name)
        } else {
            let topic = KafkaNewTopic(name: name, partitions: Self.partitions, replicationFactor: 1)
            try await admin { try await $0.createTopic(topic) }
        }
        return name
    }

    /// Deletes a topic; the mock keeps little and cannot.
    func delete(_ topic: String) async throws {
        guard !isMock else { return }
        try await admin { try await $0.deleteTopic(topic) }
    }

    mutating func deleteFilled() async throws {
        for (topic, _) in filled.values { try await delete(topic) }
        filled = [:]
    }

    /// A topic with the records that a mode reads, as many in each partition.
    mutating func filled(for mode: Mode, _ setting: Setting?, records: Int) async throws -> String {
        let compression = setting?.topicCompression ?? .none
        let key = "\(mode.size) \(mode.headers) \(mode.isText) \(compression)"
        if let (topic, count) = filled[key], count >= records { return topic }
        if let (topic, _) = filled[key] { try await delete(topic) }
        let topic = try await topic()
        let headers = KafkaHeaders(repeatElement(KafkaHeader("header", "sixteen bytes .."), count: mode.headers))
        var configuration = KafkaProducerConfiguration(bootstrapServers: servers)
        configuration.log = .none
        configuration.compression = compression
        try await withKafkaProducer(configuration) { producer in
            let values = mode.isText ? Text.values(size: mode.size) : [KafkaBytes(repeatElement(0, count: mode.size))]
            var number = 0
            let perPartition = (records + Self.partitions - 1) / Self.partitions
            for _ in 0..<perPartition {
                for partition in 0..<Self.partitions {
                    let value = values[number % values.count]
                    number += 1
                    let record = KafkaRecord(topic: topic, partition: partition, value: value, headers: headers)
                    _ = try await producer.enqueue(record)
                }
            }
        }
        filled[key] = (topic, records)
        return topic
    }

    private func admin(_ body: (KafkaAdmin) async throws -> Void) async throws {
        var configuration = KafkaAdminConfiguration(bootstrapServers: servers)
        configuration.log = .none
        try await withKafkaAdmin(configuration, body)
    }
}
