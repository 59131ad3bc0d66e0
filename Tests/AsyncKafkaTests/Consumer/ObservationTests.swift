import AsyncKafkaTesting
import Testing

@testable import AsyncKafka

/// Statistics, lag and the end of partitions over the mock cluster.
@Suite(.timeLimit(.minutes(1)))
struct ObservationTests {
    @Test
    func aConsumerTellsItsLagItsStatisticsAndTheEndOfItsPartitions() async throws {
        try await withTopic(partitions: 2) { cluster, topic in
            try await produce(10, to: topic, partition: 0, of: cluster)
            var configuration = consumerConfiguration(of: cluster)
            configuration.offsetPolicy = .manual
            configuration.emitsPartitionEnd = true
            configuration.statisticsInterval = .milliseconds(100)
            let consumer = try KafkaConsumer(configuration)
            #expect(try await consumer.lag() == [])
            try await consumer.subscribe(to: [topic])
            var lags = consumer.lagUpdates(every: .milliseconds(10)).makeAsyncIterator()
            var isAssigned = false
            for try await event in consumer.events where event.kind == .assigned {
                isAssigned = true
                break
            }
            #expect(isAssigned)
            // Nothing is read yet: the leaders are asked, or have answered a fetch.
            let before = try await consumer.lag()
            #expect(before.map(\.lag) == [10, 0])
            #expect(before.map(\.position) == [0, 0], "where they begin")
            while let lag = try await lags.next(), lag.map(\.lag) != [10, 0] {}

            #expect(await consumer.health().isProgressing(within: .seconds(60)))

            var read = 0
            for try await message in consumer.messages {
                read += 1
                if read == 5 {
                    // More is there, and the loop stands still from one look to the next.
                    var standstill = Duration.zero
                    while standstill == .zero {
                        let health = await consumer.health()
                        #expect(health.isOpen)
                        #expect(!health.areAllBrokersDown)
                        #expect(health.partitions.map(\.lag.lag) == [5, 0])
                        #expect(health.partitions[1].standstill == .zero)
                        standstill = health.partitions[0].standstill
                    }
                    #expect(!(await consumer.health()).isProgressing(within: .nanoseconds(1)))
                    let partition = KafkaTopicPartition(topic: topic, partition: 0)
                    try await consumer.pause([partition])
                    #expect(await consumer.health().isProgressing(within: .nanoseconds(1)))
                    #expect(await consumer.health().partitions[0].lag.lag == 5)
                    try await consumer.resume([partition])
                }
                if read == 6 { #expect(await consumer.health().partitions[0].standstill == .zero) }
                let lag = try await consumer.lag()
                #expect(lag.map(\.lag) == [Int64(10 - read), 0])
                #expect(lag[0].position == message.offset + 1)
                #expect(lag[0].endOffset == 10)
                if read == 10 { break }
            }
            while let lag = try await lags.next(), lag.map(\.lag) != [0, 0] {}

            // The end is reached by a loop that asks for more.
            let reader = Task { for try await _ in consumer.messages {} }
            var ends: [KafkaTopicPartition: Int64] = [:]
            for try await event in consumer.events where event.kind == .endOfPartition {
                for partition in event.partitions { ends[partition] = event.offset }
                if ends.count == 2 { break }
            }
            #expect(ends.sorted { $0.key < $1.key }.map(\.value) == [10, 0])
            reader.cancel()
            try await reader.value

            for try await statistics in consumer.statistics {
                let partition = statistics[KafkaTopicPartition(topic: topic, partition: 0)]
                // These may be a little older than what was just read.
                guard let partition, partition.receivedRecords ?? 0 >= 10 else { continue }
                #expect(partition.highOffset == 10)
                #expect(statistics.clientName == consumer.name)
                #expect(statistics.clientID == "async-kafka")
                #expect(statistics.brokers.contains { $0.state == "UP" })
                #expect(statistics.group?.assignedPartitions == 2)
                break
            }

            // Whoever waits for a change is let go by the close, and so is whoever is cancelled.
            let waiting = Task {
                var lags = consumer.lagUpdates(every: .seconds(3600)).makeAsyncIterator()
                return (try await lags.next(), try await lags.next())
            }
            let cancelled = Task {
                var lags = consumer.lagUpdates(every: .seconds(3600)).makeAsyncIterator()
                return (try await lags.next(), try await lags.next())
            }
            cancelled.cancel()
            #expect(try await cancelled.value.1 == nil)
            await consumer.close()
            #expect(try await waiting.value.1 == nil)
            #expect(try await lags.next() == nil)
            for try await _ in consumer.statistics {}
            await expectError(.clientClosed) { try await consumer.lag() }
            #expect(!(await consumer.health()).isProgressing(within: .seconds(60)))
        }
    }

    @Test
    func aProducerTellsItsStatistics() async throws {
        try await withTopic { cluster, topic in
            var configuration = producerConfiguration(of: cluster)
            configuration.statisticsInterval = .milliseconds(100)
            let statistics: KafkaStatisticsReports
            do {
                let producer = try KafkaProducer(configuration)
                statistics = producer.statistics
                for _ in 0..<3 { try await producer.send(KafkaRecord(topic: topic, value: "value")) }
                for try await figures in statistics where figures.sent.records == 3 {
                    #expect(figures.clientName == producer.name)
                    #expect(figures.queuedRecords == 0)
                    #expect(figures.idempotence?.state == "Assigned")
                    #expect(figures.topics.map(\.name) == [topic])
                    break
                }
                await producer.close()
            }
            for try await _ in statistics {}
        }
    }
}
