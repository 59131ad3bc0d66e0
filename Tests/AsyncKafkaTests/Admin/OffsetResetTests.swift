import Testing

@testable import AsyncKafka

struct OffsetResetTests {
    private let partition = KafkaTopicPartition(topic: "orders", partition: 0)
    private let log = KafkaWatermarks(low: 10, high: 40)

    private func change(
        _ target: KafkaOffsetReset,
        from current: Int64? = 20,
        place: Int64 = 0
    ) -> Result<KafkaOffsetResetPlan.Change, KafkaError> {
        Result { () throws(KafkaError) in try target.change(partition, from: current, place: place, log: log) }
    }

    @Test(arguments: [(5, 25, false), (-5, 15, false), (0, 20, false), (30, 40, true), (-30, 10, true)])
    func aShiftStaysWithinTheLog(count: Int64, target: Int64, isOutside: Bool) throws {
        let change = try change(.shifted(by: count)).get()
        #expect(change.target == target)
        #expect(change.isOutsideLog == isOutside)
        #expect(change.current == 20)
    }

    @Test
    func theLargestShiftsDoNotOverflow() throws {
        #expect(try change(.shifted(by: .max)).get().target == 40)
        #expect(try change(.shifted(by: .min)).get().target == 10)
        #expect(try change(.shifted(by: .min), from: 0).get().target == 10)
    }

    @Test
    func aPlaceOutsideOfTheLogIsMovedToItsEnd() throws {
        #expect(try change(.place(.offset(5)), place: 5).get().target == 10)
        #expect(try change(.place(.offset(99)), place: 99).get().isOutsideLog)
        let inside = try change(.place(.offset(12)), from: nil, place: 12).get()
        #expect(inside.target == 12)
        #expect(inside.description == "orders[0]: none → 12 of 10..<40")
    }

    @Test
    func whatWasNeverCommittedCannotBeShifted() {
        let error = change(.shifted(by: 1), from: nil).error
        #expect(error?.code == .noOffset)
        #expect(error?.topicPartition == partition)
    }

    @Test
    func whereTheOffsetsAreIsNoTarget() {
        let error = Result { () throws(KafkaError) in try KafkaOffsetReset.place(.committed).check() }.error
        #expect(error?.code == .invalidArgument)
    }
}
