import RdKafka
import Testing

@testable import AsyncKafka

/// What librdkafka 2.0.2, 2.8.0 and 2.16.0 say in each case, as Kafka 4.3 had them say it.
struct ConnectionFailureTests {
    struct Case: Sendable {
        var code: KafkaError.Code
        var text: String
        var expected: KafkaError.Code
        var verdict = ConnectionFailure.Verdict.refused
        var fault: CertificateVerifier.Fault?
        var usesTLS = true
        var hasCertificate = false
    }

    static let cases = [
        Case(
            code: .authentication,
            text: """
                SASL authentication error: Authentication failed: Invalid username or password (after 3ms in state \
                AUTH_REQ)
                """,
            expected: .authentication
        ),
        Case(
            code: .authentication,
            text: """
                SASL GSSAPI mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's supported \
                mechanisms: PLAIN
                """,
            expected: .unsupportedMechanism
        ),
        Case(
            code: .authentication,
            text: """
                SASL PLAIN mechanism handshake failed: Broker: Request not valid in current SASL state: broker's \
                supported mechanisms:
                """,
            expected: .saslUnexpected
        ),
        Case(
            code: .ssl,
            text: """
                SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker certificate \
                could not be
                """,
            expected: .certificateUntrusted,
            fault: .openSSL(20)
        ),
        Case(
            code: .transport,
            text: "error:0A000086:SSL routines::certificate verify failed (after 15ms in state SSL_HANDSHAKE)",
            expected: .certificateExpired,
            fault: .openSSL(10)
        ),
        Case(
            code: .ssl,
            text: "SSL handshake failed: error:0A000086:SSL routines::certificate verify failed",
            expected: .certificateHostMismatch,
            fault: .openSSL(64)
        ),
        Case(
            code: .ssl,
            text: "SSL handshake failed: error:0A000086:SSL routines::certificate verify failed",
            expected: .certificateRefused,
            fault: .check
        ),
        Case(
            code: .transport,
            text: """
                Receive failed: error:0A000412:SSL routines::sslv3 alert bad certificate: SSL alert number 42 \
                (after 1ms in state
                """,
            expected: .clientCertificateMissing
        ),
        Case(
            code: .transport,
            text: """
                Receive failed: error:0A000416:SSL routines::ssl/tls alert certificate unknown: SSL alert number 46 \
                (after
                """,
            expected: .clientCertificateRefused,
            hasCertificate: true
        ),
        Case(
            code: .ssl,
            text: """
                SSL handshake failed: error:0A00042E:SSL routines::tlsv1 alert protocol version: SSL alert number \
                70
                """,
            expected: .ssl
        ),
        Case(
            code: .ssl,
            text: "SSL handshake failed: error:0A000126:SSL routines::unexpected eof while reading (after 3ms in state",
            expected: .tlsUnexpected,
            verdict: .refusedIfNeverServed
        ),
        Case(
            code: .transport,
            text: """
                SSL handshake failed: Disconnected: SSL connection closed by peer: connecting to a PLAINTEXT broker \
                listener?
                """,
            expected: .tlsUnexpected,
            verdict: .refusedIfNeverServed
        ),
        Case(
            code: .transport,
            text: """
                Disconnected while requesting ApiVersion: might be caused by incorrect security.protocol \
                configuration
                """,
            expected: .tlsExpected,
            verdict: .refusedIfNeverServed,
            usesTLS: false
        ),
        Case(
            code: .transport,
            text: "Disconnected while requesting ApiVersion: might be caused by broker version < 0.10",
            expected: .clientCertificateMissing,
            verdict: .refusedIfNeverServed
        ),
        Case(
            code: .transport,
            text: """
                Disconnected: verify that security.protocol is correctly configured, broker might require SASL \
                authentication
                """,
            expected: .saslExpected,
            verdict: .refusedIfNeverServed
        ),
        Case(
            code: .transport,
            text: "Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in state CONNECT)",
            expected: .transport,
            verdict: .unreachable
        ),
        Case(
            code: .resolve,
            text: """
                Failed to resolve 'no-such-host.invalid:9092': Name or service not known (after 0ms in state \
                CONNECT)
                """,
            expected: .resolve,
            verdict: .unreachable
        ),
    ]

    @Test(arguments: cases)
    func eachCauseHasACodeAndSaysWhatToCheck(example: Case) throws {
        let reader = ConnectionFailureReader(
            usesTLS: example.usesTLS,
            mechanism: nil,
            hasCertificate: example.hasCertificate
        )
        let error = KafkaError(example.code, "sasl_ssl://127.0.0.1:9093/bootstrap: \(example.text)")
        let failure = try #require(reader.read(error) { $0 == "127.0.0.1:9093" ? example.fault : nil })
        #expect(failure.broker == "127.0.0.1:9093")
        #expect(failure.error.code == example.expected)
        #expect(failure.verdict == example.verdict)
        #expect(failure.error.message.hasPrefix(error.message + ": "))
        #expect((failure.error.underlyingError as? KafkaError)?.code == example.code)
    }

    @Test(arguments: [
        ("sasl_plaintext://a:1/bootstrap: x", "a:1"), ("a:1/2: x: y", "a:1"), ("ssl://[::1]:1/2: x", "[::1]:1"),
        ("ssl://GroupCoordinator: a:1: x", "a:1"), ("TxnCoordinator: a:1: x: y", "a:1"), ("x", ""),
    ])
    func theBrokerIsReadOutOfTheSentence(message: String, broker: String) {
        #expect(ConnectionFailureReader.broker(message) == broker)
    }

    @Test
    func whatIsNoMatterOfConnectionsIsNone() {
        let reader = ConnectionFailureReader(usesTLS: false, mechanism: nil, hasCertificate: false)
        for code in [KafkaError.Code.unknownTopic, .timedOut, .allBrokersDown, .groupAuthorizationFailed] {
            #expect(reader.read(KafkaError(code, "a:1/1: 1 request(s) timed out"), fault: { _ in nil }) == nil)
        }
    }

    @Test
    func anOldEngineSaysThatNewBrokersRefuseItsSCRAM() throws {
        let error = KafkaError(.authentication, "a:1/1: SASL authentication error")
        func advice(_ version: Int32) throws -> String {
            let reader = ConnectionFailureReader(
                usesTLS: false,
                mechanism: "SCRAM-SHA-256",
                hasCertificate: false,
                engineVersion: version
            )
            return try #require(reader.read(error, fault: { _ in nil })).error.message
        }
        #expect(try advice(0x0200_02ff).contains("2.6.1"))
        #expect(try !advice(0x0206_01ff).contains("2.6.1"))
    }

    @Test
    func aConnectionThatIsClosedWithoutAWordTellsByHowFarItHadCome() {
        let reader = ConnectionFailureReader(usesTLS: false, mechanism: nil, hasCertificate: false)
        func code(_ stage: BrokerObserver.Stage) -> KafkaError.Code? {
            reader.read(BrokerObserver.Ending(broker: "a:1", stage: stage, began: .now))?.error.code
        }
        #expect(code(.connecting) == nil)
        #expect(code(.securing) == .tlsUnexpected)
        #expect(code(.asking) == .tlsExpected)
        #expect(code(.loggingIn) == .authentication)
        #expect(code(.open) == .saslExpected)
    }
}
