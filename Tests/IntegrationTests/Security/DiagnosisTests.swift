import AsyncKafka
import RdKafka
import Testing

extension RealKafkaTests {
    /// A diagnosis finds what is wrong, and nothing where nothing is.
    @Suite(.timeLimit(.minutes(3)), .needsListeners)
    struct DiagnosisTests {
        /// What is refused is told long before; a slow machine may take its time.
        private static let timeout = Duration.seconds(120)

        private func producer(
            _ listener: SecureKafka.Listener,
            _ security: KafkaSecurity
        ) -> KafkaProducerConfiguration {
            var configuration = KafkaProducerConfiguration(bootstrapServers: listener.servers)
            configuration.security = security
            return configuration
        }

        private func check(
            _ kind: KafkaDiagnosis.Kind,
            _ subject: String,
            _ diagnosis: KafkaDiagnosis
        ) -> KafkaDiagnosis.Check? {
            diagnosis.checks.first { $0.kind == kind && $0.subject == subject }
        }

        @Test
        func rightSettingsPassFromTheNameToTheTopic() async throws {
            try await withTopic(partitions: 2) { topic in
                let configuration = producer(.saslSSL, .sasl(SecureKafka.alice, tls: SecureKafka.tls))
                let diagnosis = await configuration.diagnose(topics: [topic], timeout: Self.timeout)
                print(diagnosis)
                #expect(diagnosis.isComplete)
                #expect(diagnosis.failures.isEmpty && diagnosis.warnings.isEmpty, "\(diagnosis)")
                for check in diagnosis.checks where check.kind != .access {
                    #expect(check.outcome == .passed, "\(check)")
                }
                let kinds = Set(diagnosis.checks.map(\.kind))
                #expect(kinds.count == 12)
                let access = check(.access, "topic \(topic)", diagnosis)
                // Brokers tell it to those who ask, which librdkafka does from 2.3 on.
                let isTold = Engine.versionNumber >= 0x0203_0000
                #expect(access?.outcome == (isTold ? .passed : .unknown), "\(diagnosis)")
            }
        }

        struct Fault: Sendable {
            var name: String
            var listener: SecureKafka.Listener
            var security: KafkaSecurity
            var kind: KafkaDiagnosis.Kind
            var code: KafkaError.Code
        }

        private static var faults: [Fault] {
            let other = KafkaTLS(certificateAuthorities: .file(SecureKafka.file("other-ca.pem")))
            let wrong = KafkaSASL.plain(username: "alice", password: "wrong-secret")
            return [
                Fault(
                    name: "wrong password",
                    listener: .saslSSL,
                    security: .sasl(wrong, tls: SecureKafka.tls),
                    kind: .sasl,
                    code: .authentication
                ),
                Fault(
                    name: "untrusted authority",
                    listener: .ssl,
                    security: .tls(other),
                    kind: .tls,
                    code: .certificateUntrusted
                ),
                Fault(
                    name: "other host",
                    listener: .sslOtherHost,
                    security: .tls(SecureKafka.tls),
                    kind: .tls,
                    code: .certificateHostMismatch
                ),
                Fault(
                    name: "without TLS at a port that wants it",
                    listener: .ssl,
                    security: .plaintext,
                    kind: .tls,
                    code: .tlsExpected
                ),
                Fault(
                    name: "TLS at a port without",
                    listener: .plaintext,
                    security: .tls(SecureKafka.tls),
                    kind: .tls,
                    code: .tlsUnexpected
                ),
                Fault(
                    name: "no client certificate",
                    listener: .mtls,
                    security: .tls(SecureKafka.tls),
                    kind: .tls,
                    code: .clientCertificateMissing
                ),
                Fault(
                    name: "without SASL at a port that wants it",
                    listener: .saslPlaintext,
                    security: .plaintext,
                    kind: .sasl,
                    code: .saslExpected
                ),
            ]
        }

        @Test
        func eachFaultFailsTheCheckThatItIsAbout() async throws {
            let results = await withTaskGroup(of: (Fault, KafkaDiagnosis).self) { tasks in
                for fault in Self.faults {
                    let configuration = producer(fault.listener, fault.security)
                    tasks.addTask { (fault, await configuration.diagnose(topics: ["orders"], timeout: Self.timeout)) }
                }
                var results: [(Fault, KafkaDiagnosis)] = []
                for await result in tasks { results.append(result) }
                return results
            }
            for (fault, diagnosis) in results {
                print("-- \(fault.name)\n\(diagnosis)")
                #expect(Set(diagnosis.failures.map(\.kind)) == [fault.kind], "\(fault.name)\n\(diagnosis)")
                for failure in diagnosis.failures {
                    #expect(failure.error?.code == fault.code, "\(fault.name)\n\(diagnosis)")
                    #expect(failure.advice != nil, "\(fault.name)\n\(diagnosis)")
                }
                #expect(diagnosis.checks.allSatisfy { $0.kind != .tcp || $0.outcome == .passed }, "\(diagnosis)")
                #expect(check(.topic, "orders", diagnosis)?.outcome == .skipped)
                #expect(diagnosis.isComplete)
                #expect(!"\(diagnosis)".contains("wrong-secret"))
            }
        }

        @Test
        func topicsThatCannotBeUsedAreToldApart() async throws {
            let missing = RealKafka.uniqueName("topic")
            try await withTopic(partitions: 1, configuration: ["min.insync.replicas": "2"]) { short in
                try await withTopic(partitions: 1) { hidden in
                    let group = RealKafka.uniqueName("group")
                    let rules = [
                        KafkaACL(principal: "User:alice", .all, .topic(hidden), permission: .deny),
                        KafkaACL(principal: "User:alice", .all, .group(group), permission: .deny),
                    ]
                    try await withRules(rules) {
                        let security = KafkaSecurity.saslWithoutTLS(SecureKafka.alice)
                        let producing = producer(.saslPlaintext, security)
                        let diagnosis = await producing.diagnose(
                            topics: [missing, short, hidden],
                            timeout: Self.timeout
                        )
                        print(diagnosis)
                        let topic = check(.topic, missing, diagnosis)
                        #expect(topic?.outcome == .failed)
                        #expect(topic?.error?.code == .unknownTopicOrPartition)
                        #expect(check(.topic, short, diagnosis)?.outcome == .passed)
                        let replicas = check(.inSyncReplicas, short, diagnosis)
                        #expect(replicas?.outcome == .failed, "\(diagnosis)")
                        #expect(replicas?.seen.contains("`min.insync.replicas` is 2") == true)
                        for (kind, subject) in [(KafkaDiagnosis.Kind.topic, hidden), (.access, "topic \(hidden)")] {
                            let refused = check(kind, subject, diagnosis)
                            #expect(refused?.outcome == .failed)
                            #expect(refused?.error?.code == .topicAuthorizationFailed)
                        }

                        var consuming = KafkaConsumerConfiguration(
                            bootstrapServers: SecureKafka.Listener.saslPlaintext.servers,
                            groupID: group
                        )
                        consuming.security = security
                        let ofGroup = await consuming.diagnose(timeout: Self.timeout)
                        let refused = check(.access, "group \(group)", ofGroup)
                        #expect(refused?.outcome == .failed)
                        #expect(refused?.error?.code == .groupAuthorizationFailed)
                        #expect(ofGroup.failures.count == 1, "\(ofGroup)")
                    }
                }
            }
        }

        /// Rules that are there while `body` runs.
        private func withRules(_ rules: [KafkaACL], _ body: () async throws -> Void) async throws {
            try await withKafkaAdmin(RealKafka.admin) { admin in
                for rule in rules {
                    try await admin.createACL(rule)
                    while try await admin.describeACLs(.exactly(rule)).isEmpty { try Task.checkCancellation() }
                }
                let result: Result<Void, any Error>
                do { result = .success(try await body()) } catch { result = .failure(error) }
                _ = try await admin.deleteACLs(rules.map { .exactly($0) })
                try result.get()
            }
        }
    }
}
