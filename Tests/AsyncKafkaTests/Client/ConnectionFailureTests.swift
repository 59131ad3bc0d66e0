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
        var mechanism: String?
        var hasCertificate = false
        var stage: BrokerObserver.Stage?
    }

    static let cases = [
        Case(
            code: .authentication,
            text: """
                SASL authentication error: Authentication failed: Invalid username or password (after 3ms in state \
                AUTH_REQ)
                """,
            expected: .authentication,
            stage: .loggingIn
        ),
        Case(
            code: .authentication,
            text: """
                SASL PLAIN mechanism handshake failed: Local: Broker transport failure: broker's supported mechanisms: \
                (n/a) (after 0ms in state DOWN)
                """,
            expected: .transport,
            verdict: .unreachable,
            stage: .loggingIn
        ),
        Case(
            code: .authentication,
            text: """
                SASL PLAIN mechanism handshake failed: Local: Timed out: broker's supported mechanisms: (n/a) (after \
                60001ms in state AUTH_HANDSHAKE)
                """,
            expected: .timedOut,
            verdict: .unreachable,
            stage: .loggingIn
        ),
        Case(
            code: .timedOut,
            text: "SASL authentication error: SaslAuthenticateRequest failed: Local: Timed out",
            expected: .timedOut,
            verdict: .unreachable,
            stage: .loggingIn
        ),
        Case(
            code: .transport,
            text: """
                SASL authentication error: SaslAuthenticateRequest failed: Local: Broker transport failure (after 0ms \
                in state DOWN)
                """,
            expected: .transport,
            verdict: .unreachable,
            stage: .loggingIn
        ),
        Case(
            code: .transport,
            text: """
                ApiVersionRequest failed: Local: Timed out: probably due to broker version < 0.10 (after 10008ms in \
                state APIVERSION_QUERY)
                """,
            expected: .timedOut,
            verdict: .unreachable,
            stage: .asking
        ),
        Case(
            code: .transport,
            text: """
                Connection setup timed out in state SSL_HANDSHAKE (after 30028ms in state SSL_HANDSHAKE)
                """,
            expected: .timedOut,
            verdict: .unreachable,
            stage: .securing
        ),
        Case(
            code: .timedOut,
            text: "2 request(s) timed out: disconnect (average rtt 1.000ms) (after 60011ms in state UP)",
            expected: .timedOut,
            verdict: .unreachable,
            stage: .open
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
                Receive failed: error:0A000412:SSL routines::sslv3 alert bad certificate: SSL alert number 42 (after \
                1ms in state APIVERSION_QUERY)
                """,
            expected: .clientCertificateMissing,
            stage: .asking
        ),
        Case(
            code: .ssl,
            text: "SSL handshake failed: error:0A000438:SSL routines::tlsv1 alert internal error: SSL alert number 80",
            expected: .ssl,
            verdict: .refusedIfNeverServed,
            stage: .securing
        ),
        Case(
            code: .ssl,
            text: "SSL handshake failed: SSL transport error",
            expected: .ssl,
            verdict: .refusedIfNeverServed,
            stage: .securing
        ),
        Case(
            code: .transport,
            text: "Receive failed: error:0A000126:SSL routines::unexpected eof while reading (after 9ms in state UP)",
            expected: .transport,
            verdict: .unreachable,
            mechanism: "PLAIN",
            stage: .open
        ),
        Case(
            code: .transport,
            text: "Receive failed: error:0A000126:SSL routines::unexpected eof while reading (after 9ms in state UP)",
            expected: .saslExpected,
            verdict: .refusedIfNeverServed,
            stage: .open
        ),
        Case(
            code: .transport,
            text: "Send failed: Broken pipe (after 0ms in state UP)",
            expected: .saslExpected,
            verdict: .refusedIfNeverServed,
            usesTLS: false,
            stage: .open
        ),
        Case(
            code: .transport,
            text: "Receive failed: Connection reset by peer (after 0ms in state UP)",
            expected: .saslExpected,
            verdict: .refusedIfNeverServed,
            usesTLS: false,
            stage: .open
        ),
        Case(
            code: .transport,
            text: "Send failed: Broken pipe (after 0ms in state UP)",
            expected: .transport,
            verdict: .unreachable,
            usesTLS: false,
            mechanism: "PLAIN",
            stage: .open
        ),
        Case(
            code: .transport,
            text: "Receive failed: Connection reset by peer (after 1ms in state APIVERSION_QUERY)",
            expected: .tlsExpected,
            verdict: .refusedIfNeverServed,
            usesTLS: false,
            stage: .asking
        ),
        Case(
            code: .transport,
            text: "Send failed: Broken pipe (after 1ms in state APIVERSION_QUERY)",
            expected: .clientCertificateMissing,
            verdict: .refusedIfNeverServed,
            stage: .asking
        ),
        Case(
            code: .ssl,
            text: "SSL handshake failed: Connection reset by peer (after 4ms in state SSL_HANDSHAKE)",
            expected: .tlsUnexpected,
            verdict: .refusedIfNeverServed,
            stage: .securing
        ),
        Case(
            code: .transport,
            text: "Send failed: Broken pipe (after 1ms in state AUTH_REQ)",
            expected: .transport,
            verdict: .unreachable,
            stage: .loggingIn
        ),
        Case(
            code: .transport,
            text: "error:0A000126:SSL routines::unexpected eof while reading (after 9ms in state SSL_HANDSHAKE)",
            expected: .tlsUnexpected,
            verdict: .refusedIfNeverServed,
            stage: .securing
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
            mechanism: example.mechanism,
            hasCertificate: example.hasCertificate
        )
        let error = KafkaError(example.code, "sasl_ssl://127.0.0.1:9093/bootstrap: \(example.text)")
        let failure = try #require(reader.read(error) { $0 == "127.0.0.1:9093" ? example.fault : nil })
        #expect(failure.broker == "127.0.0.1:9093")
        #expect(failure.error.code == example.expected)
        #expect(failure.verdict == example.verdict)
        if let stage = example.stage { #expect(failure.stage == stage) }
        #expect(failure.error.message.hasPrefix(error.message + ": "))
        #expect((failure.error.underlyingError as? KafkaError)?.code == example.code)
    }

    @Test(arguments: [
        ("sasl_plaintext://a:1/bootstrap: x", "a:1"), ("a:1/2: x: y", "a:1"), ("ssl://[::1]:1/2: x", "[::1]:1"),
        ("ssl://GroupCoordinator: a:1: x", "a:1"), ("TxnCoordinator: a:1: x: y", "a:1"), ("x", ""),
        ("ssl://::1:1/2: x", "[::1]:1"),
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
        #expect(code(.connecting) == .transport)
        #expect(code(.securing) == .tlsUnexpected)
        #expect(code(.asking) == .tlsExpected)
        #expect(code(.loggingIn) == .transport, "a login that is refused is told")
        #expect(code(.open) == .saslExpected)
        #expect(code(.open, mechanism: "PLAIN") == .transport)
    }

    /// Newer librdkafkas do not tell that they have given up, older ones once.
    @Test
    func aBrokerThatDoesNotAnswerIsTakenForNoOther() {
        #expect(code(.asking, lasted: .seconds(8)) == .tlsExpected)
        #expect(code(.asking, lasted: .seconds(10)) == .timedOut)
        #expect(code(.securing, lasted: .seconds(26)) == .tlsUnexpected)
        #expect(code(.securing, lasted: .seconds(30)) == .timedOut)
        #expect(code(.asking, after: .seconds(25), lasted: .seconds(5)) == .timedOut, "the time for it all")
        #expect(code(.loggingIn, lasted: .seconds(30)) == .timedOut)
        #expect(code(.open, after: .seconds(40), lasted: .seconds(1)) == .saslExpected)
        #expect(code(.open, lasted: .seconds(60)) == .timedOut)
    }

    private func code(
        _ stage: BrokerObserver.Stage,
        mechanism: String? = nil,
        after: Duration = .zero,
        lasted: Duration = .zero
    ) -> KafkaError.Code? {
        let reader = ConnectionFailureReader(usesTLS: false, mechanism: mechanism, hasCertificate: false)
        let start = ContinuousClock.now
        let ending = BrokerObserver.Ending(
            broker: "a:1",
            stage: stage,
            began: start,
            reached: start + after,
            ended: start + after + lasted
        )
        return reader.read(ending).error.code
    }
}
