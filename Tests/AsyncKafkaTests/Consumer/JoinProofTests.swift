import RdKafka
import Testing

@testable import AsyncKafka

/// What proves that no join follows.
struct JoinProofTests {
    @Test(arguments: [
        (-185, false), (-195, false), (-180, false), (14, false), (15, false), (16, false), (29, true), (30, true),
    ])
    func onlyAnAnswerOfTheCoordinatorsProvesIt(_ code: Int32, _ isProof: Bool) {
        #expect(EngineError(code: code).isCoordinatorsAnswer == isProof, "\(EngineError.name(of: code))")
    }

    /// A transaction that has offsets of one partition open keeps the coordinator from answering for it.
    @Test
    func eachProofAsksForAnotherPartition() {
        let partitions = (0..<3).map { KafkaTopicPartition(topic: "orders", partition: $0) }
        var asked: [KafkaTopicPartition] = []
        for _ in 0..<4 {
            let next = ConsumerCore.proofPartition(of: partitions.reversed(), after: asked.last)
            if let next { asked.append(next) }
        }
        #expect(asked == partitions + [partitions[0]])
        #expect(ConsumerCore.proofPartition(of: [partitions[0]], after: partitions[0]) == partitions[0])
        #expect(ConsumerCore.proofPartition(of: [], after: partitions[0]) == nil)
    }
}
