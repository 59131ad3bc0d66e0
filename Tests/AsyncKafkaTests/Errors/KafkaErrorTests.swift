import RdKafka
import Testing

@testable import AsyncKafka

struct KafkaErrorTests {
    @Test
    func aBrokersCodeHasItsNumberAndName() {
        let error = KafkaError(EngineError(code: 3))
        #expect(error.code == .unknownTopicOrPartition)
        #expect(error.brokerCode == 3)
        #expect("\(error.code)" == "unknownTopicOrPartition")
        #expect("\(KafkaError.Code(rawValue: 45))" == "outOfOrderSequence")
    }

    @Test
    func aLocalCodeHasNoBrokerCode() {
        let error = KafkaError(EngineError(code: -185))
        #expect(error.code == .timedOut)
        #expect(error.brokerCode == nil)
        #expect(error.isRetriable)
        #expect(KafkaError.clientClosed.brokerCode == nil)
        #expect("\(KafkaError.clientClosed.code)" == "clientClosed")
    }

    @Test
    func whatIsAddedToAnErrorIsKept() {
        let partition = KafkaTopicPartition(topic: "orders", partition: 2)
        let error = KafkaError(.deliveryTimedOut, "late").at(partition).with(.possiblyPersisted)
            .causedBy(KafkaError(.transport, "down"))
        #expect(error.topicPartition == partition)
        #expect(error.persistence == .possiblyPersisted)
        #expect((error.underlyingError as? KafkaError)?.code == .transport)
        #expect("\(error)" == "deliveryTimedOut at orders[2]: late (caused by: transport: down)")
        #expect(KafkaError(.fatal, "x").at(partition).persistence == nil)
    }
}
