import AsyncKafka
import RdKafka
import Testing

extension RealKafkaTests {
    /// Seeks whose task is cancelled, or whose partition goes, before they are done: brokers do not answer meanwhile.
    @Suite(.timeLimit(.minutes(2)), .needsKafkaTools, .needsNodeFaults)
    struct SeekInterruptionTests {
        private func withPartition(_ body: (KafkaTopicPartition) async throws -> Void) async throws {
            try await withTopic(partitions: 1) { topic in
                try await RealKafka.fillBySeconds(topic, partition: 0, count: 100)
                try await body(KafkaTopicPartition(topic: topic, partition: 0))
            }
        }

        @Test
        func aSeekThatIsCancelledWhileABrokerIsAskedChangesNothing() async throws {
            try await withPartition { partition in
                try await withKafkaConsumer(RealKafka.reader) { consumer in
                    try await consumer.assign([partition: .offset(10)])
                    #expect(try await consumer.nextMessage()?.offset == 10)
                    let early = Task {
                        unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
                        return await kafkaError { try await consumer.seek(partition, to: .offset(50)) }
                    }
                    #expect(await early.value?.code == .cancelled)
                    try await RealKafka.withPausedBroker {
                        let asking = Task { await kafkaError { try await consumer.seek(partition, to: .tail(3)) } }
                        // It has its turn once the other one waits for it.
                        let waiting = Task { await kafkaError { try await consumer.seek(partition, to: .offset(70)) } }
                        waiting.cancel()
                        #expect(await waiting.value?.code == .cancelled)
                        asking.cancel()
                        #expect(await asking.value?.code == .cancelled)
                        #expect(await consumer.position(of: partition) == 11)
                        // The turn was passed on.
                        try await consumer.seek(partition, to: .offset(20))
                        #expect(await consumer.position(of: partition) == 20)
                    }
                    #expect(try await consumer.nextMessage()?.offset == 20)
                }
            }
        }

        @Test
        func aSeekThatIsCancelledWhileItCommitsDoesNotWait() async throws {
            try await withPartition { partition in
                var configuration = RealKafka.consumer(group: RealKafka.uniqueName("group"))
                configuration.offsetPolicy = .afterProcessing(interval: .seconds(3600))
                try await withKafkaConsumer(configuration, subscribingTo: [partition.topic]) { consumer in
                    for try await message in consumer.messages where message.offset == 9 {
                        consumer.markProcessed(message)
                        break
                    }
                    try await RealKafka.withPausedBroker {
                        let seek = Task { try await consumer.seek(partition, to: .offset(50)) }
                        seek.cancel()
                        // By then it has moved, or not: both are told.
                        let error = await kafkaErrorIfAny { try await seek.value }
                        #expect(error == nil || error?.code == .cancelled)
                        #expect(await consumer.position(of: partition) == (error == nil ? 50 : 10))
                    }
                    try await consumer.seek(partition, to: .offset(60))
                    #expect(try await consumer.nextMessage()?.offset == 60)
                }
            }
        }

        /// The member is evicted while the seek asks a broker, and joins again.
        @Test
        func aPartitionThatIsLostDuringASeekIsTold() async throws {
            try await withPartition { partition in
                var configuration = RealKafka.consumer(group: RealKafka.uniqueName("group"), policy: .manual)
                configuration.group.sessionTimeout = .seconds(6)
                configuration.group.heartbeatInterval = .milliseconds(100)
                let isLost = Signal()
                configuration.rebalanceHooks.onLost = { _, _ in isLost.set() }
                try await withKafkaConsumer(configuration, subscribingTo: [partition.topic]) { consumer in
                    let first = try #require(try await consumer.nextMessage())
                    let seek = try await RealKafka.withPausedBroker {
                        let seek = Task { try await consumer.seek(partition, to: .tail(3)) }
                        await isLost.wait()
                        return seek
                    }
                    let error = await kafkaErrorIfAny { try await seek.value }
                    if let error {
                        #expect(error.code == .assignmentLost)
                        #expect(error.topicPartition == partition)
                    }
                    print("a seek whose partition was lost: \(error?.description ?? "moved the next assignment")")
                    #expect(!first.isCurrent)
                    let next = try await consumer.nextMessage()?.offset
                    // Nothing was committed.
                    #expect(next == (error == nil ? 97 : 0))
                }
            }
        }

        @Test
        func seeksUnderOnDeliverySkipAndRepeatNothingElse() async throws {
            try await withPartition { partition in
                let group = RealKafka.uniqueName("group")
                let configuration = RealKafka.consumer(group: group, policy: .onDelivery(maxCount: 10))
                try await withKafkaConsumer(configuration, subscribingTo: [partition.topic]) { consumer in
                    func read(_ count: Int) async throws -> [Int64] {
                        var offsets: [Int64] = []
                        for try await message in consumer.messages {
                            offsets.append(message.offset)
                            if offsets.count == count { break }
                        }
                        return offsets
                    }
                    // In the midst of a batch that is committed.
                    #expect(try await read(13) == Array(0..<13))
                    try await consumer.seek(partition, to: .committed)
                    #expect(try await read(4) == Array(13..<17), "what no loop was given was committed back")
                    try await consumer.seek(partition, to: .offset(50))
                    #expect(try await read(3) == [50, 51, 52])
                    try await consumer.seek(partition, to: .offset(5))
                    #expect(try await read(2) == [5, 6])
                }
                let stored = try await RealKafka.committedOffsets(group, partition.topic)
                #expect(stored == [0: 7], "the close commits back where the loop was")
            }
        }
    }
}
