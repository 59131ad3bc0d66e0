import Testing

@testable import RdKafka

struct CertificateVerifierTests {
    @Test
    func aFaultStaysUntilTheBrokerShowsACertificateThatIsTaken() {
        let verifier = CertificateVerifier()
        #expect(verifier.fault(of: "a:1") == nil)
        #expect(verifier.verify("a:1", error: 0, depth: 1) { [] })
        #expect(!verifier.verify("a:1", error: 10, depth: 0) { [] })
        #expect(verifier.fault(of: "a:1") == .openSSL(10))
        #expect(verifier.fault(of: "b:1") == nil)
        #expect(verifier.verify("a:1", error: 0, depth: 1) { [] })
        #expect(verifier.fault(of: "a:1") == .openSSL(10), "that was the authority's")
        #expect(verifier.verify("a:1", error: 0, depth: 0) { [] })
        #expect(verifier.fault(of: "a:1") == nil)
    }

    @Test
    func aCheckIsAskedAboutWhatOpenSSLTakes() {
        let verifier = CertificateVerifier { $0.depth > 0 || $0.bytes == [1] }
        #expect(verifier.verify("a:1", error: 0, depth: 1) { [] })
        #expect(!verifier.verify("a:1", error: 0, depth: 0) { [2] })
        #expect(verifier.fault(of: "a:1") == .check)
        #expect(verifier.verify("a:1", error: 0, depth: 0) { [1] })
        #expect(verifier.fault(of: "a:1") == nil)
        #expect(!verifier.verify("a:1", error: 20, depth: 0) { [1] }, "it cannot allow what OpenSSL refuses")
    }
}
