import AsyncKafkaTesting
import RdKafka
import TestSupport
import Testing

@testable import AsyncKafka

/// Diagnoses of the mock cluster, and of ports that are none.
@Suite(.timeLimit(.minutes(2)))
struct DiagnosisTests {
    private func configuration(_ servers: String...) -> KafkaProducerConfiguration {
        KafkaProducerConfiguration(bootstrapServers: servers)
    }

    private func check(_ kind: KafkaDiagnosis.Kind, of diagnosis: KafkaDiagnosis) -> KafkaDiagnosis.Check? {
        diagnosis.checks.first { $0.kind == kind }
    }

    private func port(_ servers: [String]) throws -> UInt16 {
        try #require(servers.first?.split(separator: ":").last.flatMap { UInt16($0) })
    }

    // MARK: What works

    /// Beside the mock's own, which is reached by way of the gate alone, so that it is a broker that the cluster has named.
    @Test
    func aClusterThatWorksHasNoFailures() async throws {
        try await withKafkaMockCluster { cluster in
            try await cluster.createTopic("orders", partitions: 3)
            let port = try port(cluster.bootstrapServers)
            try await Gate.with { gate in
                gate.open(to: port)
                var configuration = KafkaConsumerConfiguration(bootstrapServers: [gate.address], groupID: "billing")
                // Of consumers alone.
                configuration.additionalProperties = ["fetch.error.backoff.ms": "600"]
                // What the mock does not know takes a third of the time.
                let diagnosis = await configuration.diagnose(topics: ["orders"], timeout: .seconds(45))
                #expect(diagnosis.failures.isEmpty, "\(diagnosis)")
                for kind: KafkaDiagnosis.Kind in [
                    .configuration, .nameResolution, .tcp, .apiVersions, .cluster, .topic, .partitions, .leaders,
                ] {
                    #expect(check(kind, of: diagnosis)?.outcome == .passed, "\(diagnosis)")
                }
                #expect(check(.tls, of: diagnosis)?.outcome == .skipped)
                #expect(check(.partitions, of: diagnosis)?.seen.contains("3 partitions") == true)
                let ofBroker = diagnosis.checks.filter { $0.subject.hasSuffix(", broker 1") }
                #expect(ofBroker.map(\.kind) == [.nameResolution, .tcp, .tls, .apiVersions, .sasl], "\(diagnosis)")
                #expect(ofBroker.allSatisfy { [.passed, .skipped].contains($0.outcome) }, "\(diagnosis)")
                let access = diagnosis.checks.filter { $0.kind == .access }
                #expect(access.map(\.subject) == ["topic orders", "group billing"])
            }
        }
    }

    @Test
    func aPartitionWithoutALeaderIsAFailure() async throws {
        try await withFaultyCluster(partitions: 2) { cluster in
            cluster.setLeader(of: "orders", partition: 1, to: nil)
            var configuration = KafkaAdminConfiguration(bootstrapServers: cluster.servers)
            configuration.log = .none
            let diagnosis = await configuration.diagnose(topics: ["orders"], timeout: .seconds(45))
            #expect(diagnosis.failures.map(\.kind) == [.leaders], "\(diagnosis)")
            #expect(diagnosis.failures.first?.seen.contains("partition 1") == true)
        }
    }

    // MARK: What does not

    /// What becomes of clients where `advertised.listeners` is wrong.
    @Test
    func aBrokerThatIsAdvertisedWhereNobodyListensFailsByName() async throws {
        try await expectFailureByName([:])
    }

    /// Newer librdkafkas leave the bootstrap servers once they know the brokers, and may be set not to come back to them.
    @Test(.enabled(if: Engine.versionNumber >= 0x020b_0000, "librdkafka 2.11 or newer"))
    func aBrokerFailsByNameThoughNobodyCanBeAskedForIt() async throws {
        try await expectFailureByName(["metadata.recovery.strategy": "none"])
    }

    private func expectFailureByName(_ properties: [String: String]) async throws {
        try await withKafkaMockCluster { cluster in
            let port = try port(cluster.bootstrapServers)
            try await Gate.with { gate in
                gate.open(to: port, advertisedAs: 1)
                var configuration = configuration(gate.address)
                configuration.additionalProperties = properties
                let diagnosis = await configuration.diagnose(timeout: .seconds(60))
                let failure = diagnosis.failures.first { $0.kind == .tcp }
                #expect(failure?.subject.hasPrefix("127.0.0.1:1, ") == true, "\(diagnosis)")
                #expect(failure?.error?.code == .transport, "\(diagnosis)")
                #expect(failure?.advice?.contains("`advertised.listeners`") == true, "\(diagnosis)")
                #expect(diagnosis.failures.allSatisfy { [.tcp, .cluster].contains($0.kind) }, "\(diagnosis)")
                #expect(check(.apiVersions, of: diagnosis)?.outcome == .passed, "\(diagnosis)")
            }
        }
    }

    /// A secret may stand where none belongs.
    @Test
    func anInvalidConfigurationShowsNoSecret() async throws {
        var configuration = configuration("localhost:9092")
        configuration.security = .saslWithoutTLS(.plain(username: "alice", password: "hunted-secret"))
        configuration.additionalProperties = ["hunted-secret": "1"]
        let diagnosis = await configuration.diagnose()
        #expect(diagnosis.failures.first?.error?.code == .invalidConfiguration)
        #expect(diagnosis.failures.first?.seen.contains("<redacted>") == true, "\(diagnosis)")
        var dumped = ""
        dump(diagnosis, to: &dumped)
        #expect(!dumped.contains("hunted-secret"))
    }

    @Test
    func causesShowNoSecretsEither() throws {
        struct Failure: Error { let token: String }
        let inner = KafkaError(.authentication, "refused: hunted-secret").causedBy(Failure(token: "hunted-secret"))
        let partition = KafkaTopicPartition(topic: "orders", partition: 1)
        let error = KafkaError(.transport, "no: hunted-secret").at([partition]) { _ in inner }
        let redaction = Redaction(.saslWithoutTLS(.plain(username: "alice", password: "hunted-secret")), [:])
        let seen = "hunted-secret"
        let check = KafkaDiagnosis.Check(.sasl, "a:1", .failed, seen, advice: seen, error: error).redacted(redaction)
        var dumped = ""
        dump(check, to: &dumped)
        let redacted = try #require(check.error)
        let causes = [redacted.underlyingError, redacted.partitionErrors[partition], redacted]
        for cause in causes {
            let cause = try #require(cause as? KafkaError)
            #expect(!"\(cause)".contains("hunted-secret"))
            #expect("\(cause)".contains("<redacted>"))
        }
        #expect(redacted.underlyingError.flatMap { ($0 as? KafkaError)?.code } == .authentication)
        #expect(!dumped.contains("hunted-secret"))
    }

    @Test
    func aConfigurationThatIsInvalidIsTheOneFailure() async throws {
        var configuration = configuration("localhost:9092")
        configuration.additionalProperties = ["security.protocl": "ssl"]
        let diagnosis = await configuration.diagnose()
        #expect(diagnosis.checks.map(\.kind) == [.configuration])
        #expect(diagnosis.failures.first?.error?.code == .invalidConfiguration)
        #expect(diagnosis.failures.first?.seen.contains("did you mean `security.protocol`?") == true)
    }

    @Test
    func aPortAtWhichNobodyListensFailsAtTCP() async throws {
        let diagnosis = await configuration("127.0.0.1:1").diagnose(topics: ["orders"], timeout: .seconds(60))
        #expect(diagnosis.failures.map(\.kind) == [.tcp], "\(diagnosis)")
        let failure = check(.tcp, of: diagnosis)
        #expect(failure?.error?.code == .transport)
        #expect(failure?.advice?.contains("nothing listens on port 1:") == true)
        for kind: KafkaDiagnosis.Kind in [.apiVersions, .cluster, .topic, .inSyncReplicas, .access] {
            #expect(check(kind, of: diagnosis)?.outcome == .skipped, "\(diagnosis)")
        }
        #expect(diagnosis.isComplete)
    }

    /// The resolver may know that there is no such name, or not answer.
    @Test
    func aNameWithoutAnAddressFails() async throws {
        let diagnosis = await configuration("does-not-exist.invalid:9092").diagnose(timeout: .seconds(60))
        #expect(diagnosis.failures.map(\.kind) == [.nameResolution], "\(diagnosis)")
        let code = try #require(diagnosis.failures.first?.error?.code)
        #expect([.resolve, .timedOut].contains(code))
        #expect(check(.tcp, of: diagnosis)?.outcome == .skipped)
    }

    @Test
    func aPortThatClosesConnectionsFailsAndNothingSecretIsShown() async throws {
        try await Gate.with { gate in
            var configuration = configuration(gate.address)
            configuration.security = .saslWithoutTLS(.plain(username: "alice", password: "hunted-secret"))
            let diagnosis = await configuration.diagnose(timeout: .seconds(100))
            #expect(diagnosis.failures.map(\.kind) == [.tls], "\(diagnosis)")
            #expect(diagnosis.failures.first?.error?.code == .tlsExpected)
            #expect(diagnosis.failures.first?.advice?.contains("the port may want TLS") == true)
            #expect(check(.tcp, of: diagnosis)?.outcome == .passed)
            #expect(check(.sasl, of: diagnosis)?.outcome == .skipped)
            var dumped = ""
            dump(diagnosis, to: &dumped)
            #expect(!dumped.contains("hunted-secret"))
            #expect(!"\(diagnosis)".contains("hunted-secret"))
        }
    }

    @Test
    func aTokenThatNobodyGivesFailsTheLogin() async throws {
        struct Failure: Error, CustomStringConvertible { let description = "the vault is sealed" }
        try await Gate.with { gate in
            var configuration = configuration(gate.address)
            configuration.security = .saslWithoutTLS(.oauthBearer { throw Failure() })
            let diagnosis = await configuration.diagnose(timeout: .seconds(100))
            #expect(diagnosis.failures.map(\.kind) == [.sasl], "\(diagnosis)")
            #expect(diagnosis.failures.first?.error?.code == .tokenProviderFailed)
            #expect(diagnosis.failures.first?.seen.contains("the vault is sealed") == true, "\(diagnosis)")
            #expect(diagnosis.failures.first?.advice?.contains("token provider") == true)
        }
    }

    // MARK: Time

    /// However busy the machine is: no step has the time without which its silence would tell something.
    @Test
    func aSilenceThatIsTooShortIsNoFailure() async throws {
        try await Gate.with(isSilent: true) { gate in
            let diagnosis = await configuration(gate.address).diagnose(topics: ["orders"], timeout: .seconds(2))
            #expect(diagnosis.failures.isEmpty, "\(diagnosis)")
            #expect(!diagnosis.isComplete)
            for kind: KafkaDiagnosis.Kind in [.apiVersions, .cluster, .topic, .leaders, .access] {
                #expect(check(kind, of: diagnosis)?.outcome == .unknown, "\(diagnosis)")
            }
        }
    }

    /// A third of the time, and never what there is not.
    @Test
    func theClusterIsAskedInAShortTimeToo() {
        #expect(Diagnosis.limit(left: .seconds(25), of: .seconds(30)) == .seconds(10))
        #expect(Diagnosis.limit(left: .milliseconds(900), of: .seconds(1)) == .seconds(1) / 3)
        #expect(Diagnosis.limit(left: .milliseconds(300), of: .seconds(1)) == .milliseconds(200))
        #expect(Diagnosis.limit(left: .milliseconds(600), of: .seconds(30)) < .zero)
        #expect(Diagnosis.limit(left: .zero, of: .zero) <= .zero)
    }

    /// Without an end it would take an hour.
    @Test
    func cancellationEndsIt() async throws {
        try await Gate.with(isSilent: true) { gate in
            let configuration = configuration(gate.address)
            let task = Task { await configuration.diagnose(topics: ["orders"], timeout: .seconds(3600)) }
            while gate.connections == 0 { await Task.yield() }
            task.cancel()
            let diagnosis = await task.value
            #expect(!diagnosis.isComplete)
            #expect(diagnosis.failures.isEmpty, "\(diagnosis)")
            for kind: KafkaDiagnosis.Kind in [.apiVersions, .cluster, .topic, .access] {
                #expect(check(kind, of: diagnosis)?.outcome == .unknown, "\(diagnosis)")
                #expect(check(kind, of: diagnosis)?.seen.contains("the task was cancelled") == true, "\(diagnosis)")
            }
            #expect(diagnosis.description.contains("not all checks were made"))
        }
    }

    @Test
    func aTaskThatIsCancelledBeforehandLearnsOfTheConfigurationAlone() async throws {
        let configuration = configuration("127.0.0.1:1")
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return await configuration.diagnose()
        }
        task.cancel()
        let diagnosis = await task.value
        #expect(check(.configuration, of: diagnosis)?.outcome == .passed)
        #expect(check(.nameResolution, of: diagnosis)?.outcome == .unknown)
        #expect(!diagnosis.isComplete)
    }

    // MARK: The text

    @Test
    func theTextSaysWhatWasSeenAndWhatToDo() {
        let diagnosis = KafkaDiagnosis(
            checks: [
                KafkaDiagnosis.Check(
                    .tcp,
                    "kafka:9093",
                    .passed,
                    "192.0.2.1 takes connections",
                    duration: .milliseconds(2)
                ),
                KafkaDiagnosis.Check(
                    .tls,
                    "kafka:9093",
                    .failed,
                    "the handshake\nfailed",
                    advice: "renew it",
                    duration: .milliseconds(1249),
                    error: KafkaError(.certificateExpired, "the handshake failed: renew it")
                ),
                KafkaDiagnosis.Check(.cluster, "", .skipped, "nobody takes the client"),
            ],
            duration: .milliseconds(1300),
            isComplete: true
        )
        #expect(
            diagnosis.description == """
                1 failed, 1 passed, 1 skipped in 1.3 s
                passed   TCP kafka:9093 (2 ms)
                         192.0.2.1 takes connections
                failed   TLS kafka:9093 (1.2 s): certificateExpired
                         the handshake\\nfailed
                         To do: renew it
                skipped  cluster: nobody takes the client
                """
        )
    }
}
