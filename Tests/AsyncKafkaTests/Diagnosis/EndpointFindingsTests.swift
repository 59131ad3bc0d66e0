import RdKafka
import Testing

@testable import AsyncKafka

/// What is made of what was found at a broker's address.
struct EndpointFindingsTests {
    private static let secure = EndpointSettings(tls: .all, mechanism: "PLAIN", username: "alice")
    private static let address = BrokerAddress(host: "kafka.example.com", port: 9093)

    private func findings(
        _ settings: EndpointSettings = secure,
        _ source: EndpointFindings.Source = .configuration,
        _ change: (inout EndpointFindings) -> Void
    ) -> [KafkaDiagnosis.Check] {
        var findings = EndpointFindings(Self.address, source, settings)
        findings.names = .done(.success(["192.0.2.1"]), .milliseconds(1))
        findings.tcp = .done(EndpointFindings.Connections(attempts: [("192.0.2.1", nil)]), .milliseconds(2))
        change(&findings)
        return findings.checks
    }

    private func outcomes(_ checks: [KafkaDiagnosis.Check]) -> [String] {
        checks.map { "\($0.kind): \($0.outcome)" }
    }

    @Test
    func whatABrokerServesHasPassed() {
        let start = ContinuousClock.now
        let checks = findings {
            $0.connection = .done((), .milliseconds(9))
            $0.progress = [
                .securing: start, .asking: start + .milliseconds(4), .loggingIn: start + .milliseconds(5),
                .open: start + .milliseconds(8),
            ]
        }
        #expect(
            outcomes(checks) == [
                "name resolution: passed", "TCP: passed", "TLS: passed", "API versions: passed", "SASL: passed",
            ]
        )
        #expect(checks.map(\.duration) == [1, 2, 4, 1, 3].map { .milliseconds($0) })
        #expect(checks[4].seen.contains("PLAIN of alice"))
        #expect(checks[0].name == "name resolution kafka.example.com:9093")
    }

    @Test
    func whatTheConfigurationHasNotIsSkipped() {
        let checks = findings(EndpointSettings()) { $0.connection = .done((), .zero) }
        #expect(
            outcomes(checks).suffix(3) == ["TLS: skipped", "API versions: passed", "SASL: skipped"]
        )
    }

    struct Blame: Sendable {
        var code: KafkaError.Code
        var stage: BrokerObserver.Stage
        var outcomes: [String]
        var settings = secure
    }

    @Test(arguments: [
        Blame(code: .certificateUntrusted, stage: .securing, outcomes: ["failed", "skipped", "skipped"]),
        Blame(code: .clientCertificateMissing, stage: .asking, outcomes: ["failed", "skipped", "skipped"]),
        Blame(code: .tlsUnexpected, stage: .securing, outcomes: ["failed", "skipped", "skipped"]),
        Blame(code: .authentication, stage: .loggingIn, outcomes: ["passed", "passed", "failed"]),
        Blame(code: .unsupportedMechanism, stage: .loggingIn, outcomes: ["passed", "passed", "failed"]),
        Blame(
            code: .tlsExpected,
            stage: .asking,
            outcomes: ["failed", "skipped", "skipped"],
            settings: EndpointSettings()
        ),
        Blame(
            code: .saslExpected,
            stage: .open,
            outcomes: ["passed", "passed", "failed"],
            settings: EndpointSettings(tls: .all)
        ),
        Blame(code: .timedOut, stage: .securing, outcomes: ["failed", "skipped", "skipped"]),
        Blame(code: .timedOut, stage: .asking, outcomes: ["passed", "failed", "skipped"]),
        Blame(code: .transport, stage: .loggingIn, outcomes: ["passed", "passed", "failed"]),
        // Nothing shows that TLS would have passed.
        Blame(code: .transport, stage: .connecting, outcomes: ["unknown", "failed", "skipped"]),
        // Without a token no connection is made.
        Blame(code: .tokenProviderFailed, stage: .loggingIn, outcomes: ["skipped", "skipped", "failed"]),
    ])
    func aFailureBelongsToTheCheckThatItIsAbout(_ blame: Blame) {
        let error = KafkaError(blame.code, "seen: what to do")
        let checks = findings(blame.settings) {
            $0.connection = .failed(error, .milliseconds(7))
            $0.failure = ConnectionFailure(
                broker: "\(Self.address)",
                verdict: .refused,
                stage: blame.stage,
                error: error,
                advice: "what to do"
            )
        }
        let found = Array(checks.suffix(3))
        #expect(found.map(\.kind) == [.tls, .apiVersions, .sasl])
        #expect(found.map(\.outcome.description) == blame.outcomes)
        let failed = found.first { $0.outcome == .failed }
        #expect(failed?.error?.code == blame.code)
        #expect(failed?.seen == "seen")
        #expect(failed?.advice == "what to do")
        #expect(failed?.duration == .milliseconds(7))
    }

    /// What ends or is silent behind the login is no fault of what comes before it.
    @Test(arguments: [KafkaError.Code.transport, .timedOut])
    func whatFailsBehindTheLoginIsOfTheCluster(_ code: KafkaError.Code) {
        let error = KafkaError(code, "the connection has ended")
        let checks = findings {
            $0.connection = .failed(error, .milliseconds(7))
            $0.progress = [.open: .now]
        }
        #expect(
            outcomes(checks) == [
                "name resolution: passed", "TCP: passed", "TLS: passed", "API versions: passed", "SASL: passed",
                "cluster: failed",
            ]
        )
        #expect(checks.last?.name == "cluster kafka.example.com:9093")
        #expect(checks.last?.advice != nil)
        #expect(checks.last?.error?.code == code)
    }

    // MARK: Time

    @Test
    func aSilenceIsAFailureOnlyWhereThereWasTime() {
        typealias Step = DiagnosisStep<Void>
        func step(_ code: KafkaError.Code, of time: Duration) -> Step {
            .ended(by: KafkaError(code, "no"), after: time, of: time, patience: .seconds(5))
        }
        #expect(step(.timedOut, of: .milliseconds(4999)).whyUnfinished == "the time was over")
        #expect(step(.timedOut, of: .seconds(5)).error?.code == .timedOut)
        #expect(step(.transport, of: .zero).error?.code == .transport)
        #expect(step(.cancelled, of: .seconds(60)).whyUnfinished == "the task was cancelled")
        let error = KafkaError(.transport, "no")
        func asked(_ time: Duration) -> Step {
            .ended(by: error, after: time, of: time, patience: .seconds(5), silence: [.timedOut, .transport])
        }
        #expect(asked(.seconds(4)).isUnfinished)
        #expect(asked(.seconds(5)).error?.code == .transport)
    }

    @Test
    func anAddressThatHadTooLittleTimeIsNotKnown() {
        let silent = NetworkProbe.Fault(kind: .timedOut, text: "Connection timed out")
        let refused = NetworkProbe.Fault(kind: .refused, text: "Connection refused")
        func step(_ attempts: (fault: NetworkProbe.Fault?, time: Duration)...) -> DiagnosisStep<
            EndpointFindings.Connections
        > {
            var connections = EndpointFindings.Connections()
            for (fault, time) in attempts { connections.add("192.0.2.1", fault, of: time) }
            return connections.step(after: .zero)
        }
        #expect(step((silent, .seconds(2))).isUnfinished)
        #expect(step((refused, .seconds(2)), (silent, .seconds(2))).isUnfinished)
        #expect(step((silent, .seconds(3))).value?.isTaken == false)
        #expect(step((refused, .zero)).value?.isTaken == false)
        #expect(step((silent, .seconds(2)), (nil, .seconds(2))).value?.isTaken == true)
    }

    @Test
    func aProbeThatDoesNotComeBackSaysWhatToDo() {
        let checks = findings { $0.tcp = .failed(KafkaError(.timedOut, "late"), .seconds(4)) }
        #expect(checks[1].outcome == .failed)
        #expect(checks[1].advice?.contains("firewalls") == true)
    }

    @Test
    func aNameWithoutAnAddressEndsTheWay() {
        let fault = NetworkProbe.Fault(kind: .nameUnknown, text: "Name or service not known")
        let checks = findings {
            $0.names = .done(.failure(fault), .zero)
            $0.tcp = .pointless
        }
        #expect(
            outcomes(checks) == [
                "name resolution: failed", "TCP: skipped", "TLS: skipped", "API versions: skipped", "SASL: skipped",
            ]
        )
        #expect(checks[0].error?.code == .resolve)
        #expect(checks[0].seen.contains("kafka.example.com has no address"))
    }

    @Test
    func oneAddressThatTakesConnectionsIsEnough() {
        let refused = NetworkProbe.Fault(kind: .refused, text: "Connection refused")
        let one = findings { $0.tcp = .done(.init(attempts: [("::1", refused), ("127.0.0.1", nil)]), .zero) }
        #expect(one[1].outcome == .passed)
        #expect(one[1].seen.contains("::1 does not take a connection: Connection refused; 127.0.0.1 takes"))
        let none = findings { $0.tcp = .done(.init(attempts: [("::1", refused)]), .zero) }
        #expect(none[1].outcome == .failed)
        #expect(none[1].error?.code == .transport)
        #expect(none[1].advice?.contains("nothing listens on port 9093") == true)
        #expect(none[1].advice?.contains("advertised") == false)
        let silent = NetworkProbe.Fault(kind: .timedOut, text: "Connection timed out")
        let blocked = findings { $0.tcp = .done(.init(attempts: [("192.0.2.1", silent)]), .zero) }
        #expect(blocked[1].error?.code == .timedOut)
        #expect(blocked[1].advice?.contains("firewalls") == true)
    }

    @Test
    func anAddressOfTheClustersSaysWhereItComesFrom() {
        let refused = NetworkProbe.Fault(kind: .refused, text: "Connection refused")
        let checks = findings(Self.secure, .cluster(3)) { $0.tcp = .done(.init(attempts: [("::1", refused)]), .zero) }
        #expect(checks[1].subject == "kafka.example.com:9093, broker 3")
        #expect(checks[1].advice?.contains("`advertised.listeners`") == true)
        #expect(checks[1].advice?.contains("broker 3") == true)
        let unnumbered = findings(Self.secure, .cluster(nil)) { $0.names = .unfinished("late") }
        #expect(unnumbered[0].subject == "kafka.example.com:9093, a broker")
    }

    @Test
    func whatWasNotDoneInTimeIsNotKnown() {
        let checks = findings { $0.connection = .unfinished("the task was cancelled") }
        #expect(checks.suffix(3).allSatisfy { $0.outcome == .unknown && $0.seen == "the task was cancelled" })
    }

    @Test(arguments: [
        ("kafka", "kafka", 9092), ("kafka:1", "kafka", 1), ("sasl_ssl://kafka:9093", "kafka", 9093),
        ("[::1]:5", "::1", 5),
        ("[::1]", "::1", 9092), ("::1", "::1", 9092), ("127.0.0.1:80", "127.0.0.1", 80),
    ])
    func entriesAreReadAsLibrdkafkaReadsThem(entry: String, host: String, port: Int) {
        let address = BrokerAddress(entry: entry)
        #expect(address == BrokerAddress(host: host, port: port))
        #expect(BrokerAddress(entry: "\(address)") == address)
    }
}
