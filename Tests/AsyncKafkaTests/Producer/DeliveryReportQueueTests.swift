import TestSupport
import Testing

@testable import AsyncKafka

struct DeliveryReportQueueTests {
    private func delivered(_ number: Int) -> KafkaDeliveryReport {
        let delivery = KafkaDelivery(topic: "t", partition: 0, offset: Int64(number), timestamp: nil)
        return KafkaDeliveryReport(topic: "t", context: number, result: .success(delivery))
    }

    private func failed(_ number: Int) -> KafkaDeliveryReport {
        KafkaDeliveryReport(topic: "t", context: number, result: .failure(KafkaError(.deliveryTimedOut, "")))
    }

    /// What a reader gets: `3` is a delivery, `-3` a failure, `missed 2+1` two deliveries and a failure.
    private func read(_ queue: inout DeliveryReportQueue) -> [String] {
        var all: [String] = []
        while let report = queue.take() { all.append(text(report)) }
        #expect(queue.isEmpty)
        return all
    }

    private func text(_ report: KafkaDeliveryReport) -> String {
        switch report.kind {
        case .delivered: "\(report.context ?? "")"
        case .failed: "-\(report.context ?? "")"
        default: "missed \(report.missedDeliveries)+\(report.missedFailures)"
        }
    }

    @Test
    func reportsComeInOrder() {
        var queue = DeliveryReportQueue(limit: 10)
        _ = queue.append(delivered(1))
        _ = queue.append(failed(2))
        _ = queue.append(delivered(3))
        #expect(read(&queue) == ["1", "-2", "3"])
        _ = queue.append(failed(4))
        #expect(read(&queue) == ["-4"])
    }

    @Test
    func theOldestDeliveriesGoFirstAndTheirNumberStandsInTheirPlace() {
        var queue = DeliveryReportQueue(limit: 3)
        for number in 1...5 { _ = queue.append(number == 2 ? failed(number) : delivered(number)) }
        #expect(read(&queue) == ["missed 1+0", "-2", "missed 1+0", "4", "5"])
    }

    @Test
    func failuresGoWhenThereIsNothingElse() {
        var queue = DeliveryReportQueue(limit: 2)
        _ = queue.append(delivered(1))
        _ = queue.append(failed(2))
        _ = queue.append(failed(3))
        _ = queue.append(failed(4))
        _ = queue.append(delivered(5))
        #expect(read(&queue) == ["missed 1+1", "-3", "-4", "missed 1+0"])
        _ = queue.append(delivered(6))
        #expect(read(&queue) == ["6"])
    }

    @Test
    func whatIsDroppedIsHandedOut() {
        var queue = DeliveryReportQueue(limit: 2)
        #expect(with(&queue) { $0.append(delivered(1)) } == nil)
        #expect(with(&queue) { $0.append(failed(2)) } == nil)
        #expect(with(&queue) { $0.append(failed(3)) }?.context as? Int == 1)
        #expect(with(&queue) { $0.append(delivered(4)) }?.context as? Int == 4, "the newcomer itself")
        #expect(with(&queue) { $0.append(failed(5)) }?.context as? Int == 2)
    }

    /// The end of a context is the application's code: it may use the reports, whose lock is not held then.
    @Test
    func aDroppedContextIsFreedOutsideTheLock() {
        let buffer = DeliveryReportBuffer(limit: 1)
        let freed = Counter()
        for _ in 0..<3 {
            let canary = Canary {
                _ = buffer.reports.makeReader()
                _ = freed.add(1)
            }
            buffer.append([KafkaDeliveryReport(topic: "t", context: canary, result: .failure(.clientClosed))])
        }
        #expect(freed.count == 2)
    }

    /// Whatever happens, each report is either read, in order, or missed, and counted once and by its kind.
    @Test
    func nothingIsCountedTwiceOrNever() {
        let seed = UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        var random = SplitMix(state: seed)
        for _ in 0..<200 {
            let limit = Int.random(in: 1...20, using: &random)
            var queue = DeliveryReportQueue(limit: limit)
            var kinds: [Bool] = []
            var next = 0
            func check(_ report: KafkaDeliveryReport) {
                if report.kind == .missed {
                    let end = next + report.missedDeliveries + report.missedFailures
                    #expect(kinds[next..<end].count { $0 } == report.missedDeliveries, "seed \(seed)")
                    next = end
                } else {
                    #expect(report.context as? Int == next, "seed \(seed)")
                    #expect((report.kind == .delivered) == kinds[next], "seed \(seed)")
                    next += 1
                }
            }
            for _ in 0..<500 {
                if Int.random(in: 0..<3, using: &random) > 0 {
                    let isDelivered = Int.random(in: 0..<3, using: &random) > 0
                    _ = queue.append(isDelivered ? delivered(kinds.count) : failed(kinds.count))
                    kinds.append(isDelivered)
                } else if let report = queue.take() {
                    check(report)
                }
            }
            while let report = queue.take() { check(report) }
            #expect(next == kinds.count, "seed \(seed)")
        }
    }
}
