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
}
