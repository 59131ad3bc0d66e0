import Testing

@testable import AsyncKafka

struct ProgressWatchTests {
    private let start = ContinuousClock.now
    private let partition = KafkaTopicPartition(topic: "orders", partition: 0)

    private func lag(_ position: Int64?, _ lag: Int64?) -> KafkaPartitionLag {
        KafkaPartitionLag(topicPartition: partition, position: position, endOffset: 10, lag: lag)
    }

    @Test
    func aStandstillIsAPositionThatStaysWhileThereIsMore() {
        var watch = ProgressWatch()
        func look(_ position: Int64?, _ lag: Int64?, at seconds: Int) -> Duration? {
            with(&watch) { $0.update([self.lag(position, lag)], now: start + .seconds(seconds)) }[partition]
        }
        #expect(look(5, 5, at: 0) == .zero)
        #expect(look(5, 5, at: 10) == .seconds(10))
        #expect(look(5, 9, at: 20) == .seconds(20), "what is appended is no progress")
        #expect(look(6, 8, at: 30) == .zero)
        #expect(look(6, 8, at: 40) == .seconds(10))
        #expect(look(14, 0, at: 50) == .zero)
        #expect(look(14, 0, at: 5000) == .zero, "nothing to read")
        #expect(look(14, 1, at: 5001) == .zero, "counts from when there was more")
        #expect(look(14, 1, at: 5002) == .seconds(1))
        #expect(look(14, nil, at: 5003) == .zero)
    }

    @Test
    func aPartitionWithoutAPositionStandsStillToo() {
        var watch = ProgressWatch()
        _ = watch.update([lag(nil, 10)], now: start)
        #expect(with(&watch) { $0.update([lag(nil, 10)], now: start + .seconds(3)) } == [partition: .seconds(3)])
        _ = watch.update([], now: start + .seconds(4))
        #expect(
            with(&watch) { $0.update([lag(nil, 10)], now: start + .seconds(5)) } == [partition: .zero],
            "it was given away meanwhile"
        )
    }
}
