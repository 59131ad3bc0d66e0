import AsyncKafka

/// What can be set differently from the default, one thing at a time.
enum Setting: String, Codable {
    case linger0, linger1, linger50, bytes100k, records100k, queue10k, queue1M
    case lz4, snappy, zstd, gzip
    case lowestLatency, highestThroughput
    case prefetch10k, prefetch1M, bytes8M, bytes256M, minBytes, checksums
    /// Of a topic that is read.
    case lz4Topic, snappyTopic, zstdTopic, gzipTopic

    var title: String {
        switch self {
        case .linger0: "linger = 0"
        case .linger1: "linger = 1 ms"
        case .linger50: "linger = 50 ms"
        case .bytes100k: "batch.maxBytes = 100,000"
        case .records100k: "batch.maxRecords = 100,000"
        case .queue10k: "queue.maxRecords = 10,000"
        case .queue1M: "queue.maxRecords = 1,000,000"
        case .lz4: "compression = lz4"
        case .snappy: "compression = snappy"
        case .zstd: "compression = zstd"
        case .gzip: "compression = gzip"
        case .lowestLatency: "apply(.lowestLatency)"
        case .highestThroughput: "apply(.highestThroughput)"
        case .prefetch10k: "fetch.prefetchRecords = 10,000"
        case .prefetch1M: "fetch.prefetchRecords = 1,000,000"
        case .bytes8M: "fetch.prefetchBytes = 8 MiB"
        case .bytes256M: "fetch.prefetchBytes = 256 MiB"
        case .minBytes: "fetch.minBytes = 100,000"
        case .checksums: "fetch.checksCRCs = true"
        case .lz4Topic: "written with lz4"
        case .snappyTopic: "written with snappy"
        case .zstdTopic: "written with zstd"
        case .gzipTopic: "written with gzip"
        }
    }

    /// How the topic that is read was written.
    var topicCompression: KafkaCompression {
        switch self {
        case .lz4Topic: .lz4
        case .snappyTopic: .snappy
        case .zstdTopic: .zstd
        case .gzipTopic: .gzip
        default: .none
        }
    }

    func change(_ configuration: inout KafkaProducerConfiguration) {
        switch self {
        case .linger0: configuration.linger = .zero
        case .linger1: configuration.linger = .milliseconds(1)
        case .linger50: configuration.linger = .milliseconds(50)
        case .bytes100k: configuration.batch.maxBytes = 100_000
        case .records100k: configuration.batch.maxRecords = 100_000
        case .queue10k: configuration.queue.maxRecords = 10_000
        case .queue1M: configuration.queue.maxRecords = 1_000_000
        case .lz4: configuration.compression = .lz4
        case .snappy: configuration.compression = .snappy
        case .zstd: configuration.compression = .zstd
        case .gzip: configuration.compression = .gzip
        case .lowestLatency: configuration.apply(.lowestLatency)
        case .highestThroughput: configuration.apply(.highestThroughput)
        default: break
        }
    }

    func change(_ configuration: inout KafkaConsumerConfiguration) {
        switch self {
        case .prefetch10k: configuration.fetch.prefetchRecords = 10_000
        case .prefetch1M: configuration.fetch.prefetchRecords = 1_000_000
        case .bytes8M: configuration.fetch.prefetchBytes = 8 * 1024 * 1024
        case .bytes256M: configuration.fetch.prefetchBytes = 256 * 1024 * 1024
        case .minBytes: configuration.fetch.minBytes = 100_000
        case .checksums: configuration.fetch.checksCRCs = true
        default: break
        }
    }
}

/// What records of the modes about settings have in them: text that compresses as text does.
enum Text {
    /// Values that do not come again within a batch, as compression would find them.
    static func values(size: Int) -> [KafkaBytes] {
        var random = Seeded(state: 1)
        return (0..<max(4_000, 2_000_000 / size)).map { _ in
            var text =
                "{\"order\":\(random.next() % 100_000_000),\"customer\":\"C\(random.next() % 100_000)\",\"lines\":["
            while text.utf8.count < size {
                let (article, count, price) = (random.next() % 1_000, random.next() % 20, random.next() % 10_000)
                let state = ["open", "paid", "sent", "returned"][Int(random.next() % 4)]
                text += "{\"article\":\"A-\(article)\",\"count\":\(count),\"price\":\(price),\"state\":\"\(state)\"},"
            }
            return KafkaBytes(Array(text.utf8.prefix(size)))
        }
    }
}
