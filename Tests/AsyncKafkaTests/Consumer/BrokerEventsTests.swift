import RdKafka
import Testing

@testable import AsyncKafka

struct BrokerEventsTests {
    private let start = ContinuousClock.now

    @Test
    func anOutageIsToldOnceAndSoIsItsEnd() {
        var events = BrokerEvents()
        #expect(with(&events) { $0.served() } == false)
        #expect(with(&events) { $0.allDown() } == true)
        #expect(with(&events) { $0.allDown() } == false)
        #expect(with(&events) { $0.served() } == true)
        #expect(with(&events) { $0.served() } == false)
        #expect(with(&events) { $0.allDown() } == true)
    }

    @Test
    func aBrokerThatHoldsBackIsToldOfAtMostEveryTenSecondsWithTheLongestTime() {
        var events = BrokerEvents()
        func throttled(_ broker: String, _ milliseconds: Int, at seconds: Double) -> Duration? {
            with(&events) { $0.throttled(broker, .milliseconds(milliseconds), now: start + .seconds(seconds)) }
        }
        #expect(throttled("a", 100, at: 0) == .milliseconds(100))
        #expect(throttled("a", 900, at: 1) == nil)
        #expect(throttled("b", 5, at: 2) == .milliseconds(5))
        #expect(throttled("a", 200, at: 9.9) == nil)
        #expect(throttled("a", 300, at: 10) == .milliseconds(900))
        #expect(throttled("a", 300, at: 19) == nil)
        #expect(throttled("a", 10, at: 20) == .milliseconds(300))
    }

    @Test
    func theTopicOfASubscriptionIsReadOutOfTheSentence() {
        let suffixes = [
            KafkaError.Code.unknownTopicOrPartition: "Broker: Unknown topic or partition",
            .topicAuthorizationFailed: "Broker: Topic authorization failed",
        ]
        for (code, text) in suffixes {
            for name in ["orders", "^orders: .*", "a.b-c_d"] {
                let error = KafkaError(code, "Subscribed topic not available: \(name): \(text)")
                #expect(error.subscribedTopic == name)
            }
        }
        #expect(KafkaError(.transport, "Subscribed topic not available: a: other").subscribedTopic == nil)
        #expect(KafkaError(.transport, "localhost:9092/1: Connect failed").subscribedTopic == nil)
    }

    @Test
    func oneCodeAndOneSentenceStandForATopicThatIsNotThere() {
        for code in [KafkaError.Code.unknownTopic, .unknownTopicOrPartition] {
            let error = KafkaError(code, "as librdkafka says it").explained(topic: "orders")
            #expect(error.code == .unknownTopic)
            #expect(error.message.contains("no topic orders"))
            #expect((error.underlyingError as? KafkaError)?.message == "as librdkafka says it")
        }
        #expect(KafkaError(.unknownTopic, "m").explained(topic: "^x").message.contains("matches ^x"))
        #expect(KafkaError(.corruptMessage, "m").explained(topic: "orders").message == "m")
    }
}
