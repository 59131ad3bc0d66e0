/// Since when each partition has not moved although there is more to read. Belongs to the client's thread.
///
/// It goes by what it is shown: whoever asks for the health shows it the lag of that moment.
struct ProgressWatch {
    typealias Instant = ContinuousClock.Instant

    private struct Place {
        var position: Int64?
        /// When it was first seen there with something behind it to be read.
        var since: Instant
    }

    private var places: [KafkaTopicPartition: Place] = [:]

    /// Partitions that are not shown any more are forgotten.
    ///
    /// - Returns: for each partition, how long it has been behind without moving; zero if it is not behind, or has moved.
    mutating func update(_ lags: [KafkaPartitionLag], now: Instant) -> [KafkaTopicPartition: Duration] {
        var seen: [KafkaTopicPartition: Place] = [:]
        for lag in lags where lag.lag ?? 0 > 0 {
            let before = places[lag.topicPartition]
            let hasMoved = before?.position != lag.position
            seen[lag.topicPartition] = Place(position: lag.position, since: hasMoved ? now : before?.since ?? now)
        }
        places = seen
        return lags.reduce(into: [:]) { standing, lag in
            standing[lag.topicPartition] = seen[lag.topicPartition].map { now - $0.since } ?? .zero
        }
    }
}
