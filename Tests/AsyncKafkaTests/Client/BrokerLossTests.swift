import Testing

@testable import AsyncKafka

struct BrokerLossTests {
    private let start = ContinuousClock.now
    private var late: ContinuousClock.Instant { start + BrokerLoss.patience }

    @Test
    func librdkafkaIsHelpedOnceItHasKnownNoBrokerForAWhile() {
        var loss = BrokerLoss()
        #expect(!with(&loss) { $0.look(known: 1, learned: 2, now: start) })
        #expect(loss.deadline == nil)
        #expect(!with(&loss) { $0.look(known: 0, learned: 2, now: start) })
        #expect(loss.deadline == late)
        #expect(!with(&loss) { $0.look(known: 0, learned: 2, now: late - .milliseconds(1)) })
        #expect(with(&loss) { $0.look(known: 0, learned: 2, now: late) })
        #expect(!with(&loss) { $0.look(known: 0, learned: 2, now: late) }, "it takes a moment")
        #expect(loss.deadline == late + BrokerLoss.patience, "it may have been in vain")
        #expect(!with(&loss) { $0.look(known: 1, learned: 3, now: late) })
        #expect(loss.deadline == nil)
    }

    /// In an outage librdkafka forgets its brokers and takes up the bootstrap servers, again and again.
    @Test
    func oneThatBeginsAnewByItselfIsLeftAlone() {
        var loss = BrokerLoss()
        for number in 1...100 {
            let now = start + BrokerLoss.patience * number
            #expect(!with(&loss) { $0.look(known: 0, learned: number, now: now) })
        }
    }

    @Test
    func oneThatHasNotBegunYetIsLeftAlone() {
        var loss = BrokerLoss()
        #expect(!with(&loss) { $0.look(known: 0, learned: 0, now: start) })
        #expect(loss.deadline == nil)
    }
}
