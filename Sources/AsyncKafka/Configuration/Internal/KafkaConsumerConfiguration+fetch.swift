import RdKafka

// What is fetched at a time derives from what is to be held ready.
extension KafkaConsumerConfiguration {
    func setFetch(_ builder: borrowing ConfigurationBuilder, _ standard: Fetch) throws(KafkaError) {
        try builder.set(
            Setting("fetch.minBytes", "fetch.min.bytes", fetch.minBytes, default: standard.minBytes)
        )
        try builder.set(
            Setting("fetch.maxWait", "fetch.wait.max.ms", fetch.maxWait, default: standard.maxWait)
        )
        try Setting.check("fetch.prefetchBytes", fetch.prefetchBytes, in: 1024...2_147_482_624, unit: " bytes")
        try builder.set(
            Setting(
                "fetch.prefetchBytes",
                "queued.max.messages.kbytes",
                "\((fetch.prefetchBytes + 1023) / 1024)",
                isDefault: fetch.prefetchBytes == standard.prefetchBytes
            )
        )
        try builder.set(
            Setting(
                "fetch.prefetchRecords",
                "queued.min.messages",
                fetch.prefetchRecords,
                default: standard.prefetchRecords
            )
        )
        try builder.set(
            Setting("fetch.checksCRCs", "check.crcs", fetch.checksCRCs, default: standard.checksCRCs)
        )
        try setSizes(builder)
        // A partition that ran ahead is looked at again after this time, a second by librdkafka's default.
        try builder.prefer("fetch.queue.backoff.ms", "10")
    }

    private func setSizes(_ builder: borrowing ConfigurationBuilder) throws(KafkaError) {
        // librdkafka looks at its budget before a fetch only: one answer may overshoot it by its whole size.
        let budget = budget(builder)
        let smallest = smallestAnswer(builder)
        if let maxBytes = fetch.maxBytes {
            try Setting.check("fetch.maxBytes", maxBytes, in: 1...2_147_483_135, unit: " bytes")
            try builder.set(Setting("fetch.maxBytes", "fetch.max.bytes", "\(maxBytes)", isDefault: false))
        } else {
            var answer = max(budget / 4, smallest)
            if builder.isNamed("receive.message.max.bytes"), let limit = builder.integer("receive.message.max.bytes") {
                // rd_kafka_new demands 512 bytes more than an answer; what is smaller still is for it to refuse.
                answer = max(min(answer, limit - 512), smallest)
            }
            try builder.prefer("fetch.max.bytes", "\(min(answer, 2_147_483_135))")
        }
        if let maxPartitionBytes = fetch.maxPartitionBytes {
            try Setting.check("fetch.maxPartitionBytes", maxPartitionBytes, in: 1...1_000_000_000, unit: " bytes")
            try builder.set(
                Setting(
                    "fetch.maxPartitionBytes",
                    "max.partition.fetch.bytes",
                    "\(maxPartitionBytes)",
                    isDefault: false
                )
            )
        } else {
            let answer = builder.integer("fetch.max.bytes") ?? smallest
            try builder.prefer("max.partition.fetch.bytes", "\(max(1, min(1_048_576, budget / 4, answer)))")
        }
    }

    private func budget(_ builder: borrowing ConfigurationBuilder) -> Int {
        (builder.integer("queued.max.messages.kbytes") ?? 65_536) * 1024
    }

    private func smallestAnswer(_ builder: borrowing ConfigurationBuilder) -> Int {
        builder.integer("message.max.bytes") ?? 1_000_000
    }

    /// Sizes and times that contradict each other.
    func checkFetch(_ builder: borrowing ConfigurationBuilder) throws(KafkaError) {
        let answer = builder.integer("fetch.max.bytes") ?? Int.max
        let smallest = smallestAnswer(builder)
        if fetch.maxBytes != nil || builder.isNamed("fetch.max.bytes") {
            if answer < smallest {
                throw .invalid(
                    """
                    `fetch.maxBytes` (fetch.max.bytes) is \(answer) bytes and `message.max.bytes` \(smallest): raise the first, \
                    or lower the second, the size of the largest message
                    """
                )
            }
            let budget = budget(builder)
            if answer > max(budget, smallest) {
                throw .invalid(
                    """
                    `fetch.maxBytes` (fetch.max.bytes) is \(answer) bytes and `fetch.prefetchBytes` (queued.max.messages.kbytes) \
                    \(budget): one answer would be more than is to be held ready, so lower the first or raise the second
                    """
                )
            }
            if builder.isNamed("receive.message.max.bytes"), let limit = builder.integer("receive.message.max.bytes"),
                answer > limit - 512
            {
                throw .invalid(
                    """
                    `fetch.maxBytes` (fetch.max.bytes) is \(answer) bytes and `receive.message.max.bytes` \(limit): the second \
                    has to be 512 bytes more at least
                    """
                )
            }
        }
        if builder.isNamed("receive.message.max.bytes"), let limit = builder.integer("receive.message.max.bytes"),
            smallest > limit - 512
        {
            throw .invalid(
                """
                `message.max.bytes` is \(smallest) bytes and `receive.message.max.bytes` \(limit): the second has to be 512 bytes \
                more at least, so lower the first, the size of the largest message, or raise the second
                """
            )
        }
        let partition = builder.integer("max.partition.fetch.bytes") ?? 0
        if partition > answer {
            throw .invalid(
                """
                `fetch.maxPartitionBytes` (max.partition.fetch.bytes) is \(partition) bytes and `fetch.maxBytes` \
                (fetch.max.bytes) \(answer): lower the first, or raise the second or `fetch.prefetchBytes`, four times as much
                """
            )
        }
        let least = builder.integer("fetch.min.bytes") ?? 0
        if least > answer {
            throw .invalid(
                """
                `fetch.minBytes` (fetch.min.bytes) is \(least) bytes and `fetch.maxBytes` (fetch.max.bytes) \(answer), so \
                brokers would always wait: lower the first, or raise the second or `fetch.prefetchBytes`, four times as much
                """
            )
        }
        let wait = builder.integer("fetch.wait.max.ms") ?? 0
        if let limit = builder.integer("socket.timeout.ms"), wait >= limit {
            throw .invalid(
                """
                `fetch.maxWait` (fetch.wait.max.ms) is \(wait) ms and `connection.socketTimeout` (socket.timeout.ms) \(limit) \
                ms: what is asked of a broker behind a fetch would time out, so lower the first or raise the second
                """
            )
        }
    }
}
