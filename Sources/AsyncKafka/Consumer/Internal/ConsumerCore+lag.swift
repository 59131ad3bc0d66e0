import RdKafka

// How far behind the loop is.
extension ConsumerCore {
    /// How long leaders may take to say where their logs end.
    private static let watermarkTimeout = Duration.seconds(5)

    func lag() async throws(KafkaError) -> [KafkaPartitionLag] {
        if isClosed { throw .clientClosed }
        let asked = await askForWatermarks(of: assigned.keys.filter { cachedWatermarks(of: $0) == nil })
        // The assignment may have changed meanwhile.
        return lag(asked)
    }

    /// Of whatever is known without asking.
    private func lag(_ asked: [KafkaTopicPartition: Handle.Watermarks]) -> [KafkaPartitionLag] {
        assigned.sorted { $0.key < $1.key }.map { partition, epoch in
            let watermarks = cachedWatermarks(of: partition) ?? asked[partition]
            let position = position(of: epoch)
            let lag = watermarks.map { max(0, $0.high - (position ?? (startsAtEnd ? $0.high : $0.low))) }
            return KafkaPartitionLag(
                topicPartition: partition,
                position: position,
                endOffset: watermarks?.high,
                lag: lag
            )
        }
    }

    func health() -> KafkaConsumerHealth {
        let lag = lag([:])
        let (paused, isOpen) = delivery.withLock { ($0.paused, $0.isOpen) }
        let standing = progress.update(lag.filter { !paused.contains($0.topicPartition) }, now: .now)
        return KafkaConsumerHealth(
            partitions: lag.map { .init(lag: $0, standstill: standing[$0.topicPartition] ?? .zero) },
            areAllBrokersDown: brokerEvents.areAllDown,
            isOpen: isOpen && !isClosed
        )
    }

    private func cachedWatermarks(of partition: KafkaTopicPartition) -> Handle.Watermarks? {
        handle.cachedWatermarks(of: partition.topic, Int32(clamping: partition.partition))
    }

    private func askForWatermarks(
        of partitions: [KafkaTopicPartition]
    ) async -> [KafkaTopicPartition: Handle.Watermarks] {
        guard !partitions.isEmpty else { return [:] }
        let deadline = ContinuousClock.now + Self.watermarkTimeout
        let handle = handle
        return await blocking {
            var found: [KafkaTopicPartition: Handle.Watermarks] = [:]
            for partition in partitions {
                let left = (deadline - .now).clampedMilliseconds
                guard left > 0 else { break }
                let number = Int32(clamping: partition.partition)
                found[partition] = try? handle.askForWatermarks(of: partition.topic, number, timeout: left)
            }
            return found
        }
    }

    // MARK: Time

    /// Waits until a time has come, the consumer is closed, or the task is cancelled.
    func waitForAlarm(at deadline: ContinuousClock.Instant) async {
        let id = alarms.makeID()
        await withTaskCancellationHandler {
            await suspend { (suspension: Suspension<Void>) in
                if Task.isCancelled || isClosed || deadline <= .now {
                    suspension.resume(returning: ())
                } else {
                    alarms.add(id, at: deadline, suspension)
                }
            }
        } onCancel: {
            thread.submit { self.assumeIsolated { $0.alarms.cancel(id)?.resume(returning: ()) } }
        }
    }

    func ringAlarms(now: ContinuousClock.Instant) {
        for waiter in alarms.expire(now: now) { waiter.resume(returning: ()) }
    }

    func endAlarms() {
        for waiter in alarms.removeAll() { waiter.resume(returning: ()) }
    }
}
