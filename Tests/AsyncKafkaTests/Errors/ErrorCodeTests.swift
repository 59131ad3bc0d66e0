import RdKafka
import Testing

@testable import AsyncKafka

struct ErrorCodeTests {
    @Test
    func eachCodeOfTheEngineHasAName() {
        // The bounds of librdkafka's own codes, and success.
        let others: [Int32: String] = [-200: "_BEGIN", -100: "_END", 0: "NO_ERROR"]
        let named = Dictionary(uniqueKeysWithValues: ErrorCodeTable.all.map { ($0.number, $0.engineName) })
        let table = EngineError.table
        #expect(table.count > 150)
        for (number, name) in table { #expect((named[number] ?? others[number]) == name, "\(number)") }
    }

    @Test
    func eachCodeOfKafkaHasAName() {
        let named = Set(ErrorCodeTable.all.map(\.number))
        for row in ErrorCodeTable.ofKafka { #expect(named.contains(row.number), "\(row.name)") }
        #expect(ErrorCodeTable.ofKafka.map(\.number) == [-1] + Array(1...133))
    }

    @Test
    func constantsHaveTheirNumbersAndNames() {
        for row in ErrorCodeTable.all {
            #expect(row.code.rawValue == row.number)
            #expect("\(row.code)" == row.name)
        }
        #expect(Set(ErrorCodeTable.all.map(\.name)).count == ErrorCodeTable.all.count)
        let own = KafkaError.Code.names.keys.filter { $0 < -10_000 }
        #expect(own.count + ErrorCodeTable.all.count == KafkaError.Code.names.count)
        #expect("\(KafkaError.Code(rawValue: 999))".contains("999"))
    }

    @Test
    func codesOfConnectionsHaveTheirNumbersAndNames() {
        let table: [(KafkaError.Code, Int32, String)] = [
            (.unsupportedMechanism, -10_101, "unsupportedMechanism"), (.saslExpected, -10_102, "saslExpected"),
            (.saslUnexpected, -10_103, "saslUnexpected"), (.tlsExpected, -10_104, "tlsExpected"),
            (.tlsUnexpected, -10_105, "tlsUnexpected"), (.certificateUntrusted, -10_106, "certificateUntrusted"),
            (.certificateExpired, -10_107, "certificateExpired"),
            (.certificateHostMismatch, -10_108, "certificateHostMismatch"),
            (.certificateRefused, -10_109, "certificateRefused"),
            (.clientCertificateMissing, -10_110, "clientCertificateMissing"),
            (.clientCertificateRefused, -10_111, "clientCertificateRefused"),
        ]
        for (code, number, name) in table {
            #expect(code.rawValue == number && "\(code)" == name)
            // Something has to be put right first: none passes by itself, and each is told by what is to be done.
            let families = code.families
            #expect(
                !families.contains(.retriable) && !families.isDisjoint(with: [.authentication, .transport]),
                "\(code)"
            )
            #expect(KafkaError(code, "").isConnectionRefused, "\(code)")
            #expect(KafkaError.Code.names[number] == nil, "\(code)")
        }
        #expect(Set(KafkaError.Code.namesOfConnection.keys) == Set(table.map(\.0)))
    }

    @Test
    func aCodeThatTheEngineDoesNotKnowIsStillExplained() {
        let error = KafkaError(EngineError(code: 105))
        #expect(error.code == .transactionalIDNotFound)
        #expect(error.message.contains("transactionalIDNotFound"))
        #expect(error.message.contains("105"))
        #expect(error.message.contains(Engine.version))
    }

    // MARK: Families

    @Test
    func familiesFollowKafkasTable() {
        for row in ErrorCodeTable.ofKafka {
            let families = KafkaError.Code(rawValue: row.number).families
            var expected = row.families
            switch row.number {
            // Kafka has it apart, though a member repeats what a rebalance has come between.
            case 27: expected.insert(.retriable)
            // Its exception has no family there.
            case 66: expected.insert(.authentication)
            default: break
            }
            let judged: KafkaError.Code.Family = [.retriable, .authorization, .authentication, .metadata]
            #expect(families.intersection(judged) == expected, "\(row.name)")
        }
    }

    /// Every code that is in a family of which Kafka's table does not decide, or that librdkafka or this library raises itself.
    static let members: [(KafkaError.Code.Family, [Int32])] = [
        (
            .retriable,
            [
                -10_030, -196, -195, -193, -192, -187, -185, -184, -183, -180, -177, -166, -164, -163, -153, -138, -137,
            ]
        ),
        (.authorization, []),
        (
            .authentication,
            [
                -10_111, -10_110, -10_109, -10_108, -10_107, -10_106, -10_103, -10_102, -10_101, -10_030, -181, -169,
            ]
        ),
        (.transport, [-10_105, -10_104, -196, -195, -193, -187, -181, -137, 13]),
        (.fenced, [-144, 47, 82, 90, 110]),
        (.fatal, [-150, -149, -148, -144, 82, 90]),
        (.timeout, [-192, -185, -166, 7]),
        (.configuration, [-10_003, -186, -171, -145, 4, 17, 21, 23, 24, 26, 33, 37, 38, 39, 40, 50, 112, 128]),
        (.metadata, [-190, -188]),
        (.coordinator, [-180, 14, 15, 16]),
        (.membership, [-10_006, -147, -142, 22, 25, 27, 79, 82, 110, 111, 113]),
        (
            .transaction,
            [-10_010, -10_009, -149, -148, -144, 45, 46, 47, 48, 49, 50, 51, 52, 53, 59, 90, 105, 120]
        ),
        (.record, [-199, -198, -162, -161, -160, -159, 2, 10, 18, 32, 87]),
        (.unsupported, [-170, -165, 33, 35, 43, 76, 112, 115]),
    ]

    @Test(arguments: members.indices)
    func membersOfAFamily(_ index: Int) {
        let (family, expected) = Self.members[index]
        let judgedByKafka = [.retriable, .authorization, .authentication, .metadata].contains(family)
        let all = Array(KafkaError.Code.names.keys) + KafkaError.Code.namesOfConnection.keys.map(\.rawValue)
        let found = all.filter { KafkaError.Code(rawValue: $0).families.contains(family) }
        #expect(found.filter { !judgedByKafka || $0 < -1 }.sorted() == expected.sorted())
    }

    @Test
    func familiesHaveNames() {
        #expect("\(KafkaError.Code.transport.families)" == "[retriable, transport]")
        #expect("\(KafkaError.Code.cancelled.families)" == "[]")
        let names = Self.members.map { "\($0.0)" }
        #expect(Set(names).count == Self.members.count)
    }

    @Test
    func whatStaysIsNotRetriableThoughKafkaSaysSo() {
        for (code, isRetriable) in [
            (KafkaError.Code.unknownTopicOrPartition, false), (.corruptMessage, false), (.electionNotNeeded, false),
            (.kafkaStorageError, true), (.throttlingQuotaExceeded, true), (.concurrentTransactions, true),
            (.topicAuthorizationFailed, false), (.rebalanceInProgress, true), (.authentication, false),
        ] {
            #expect(KafkaError(EngineError(code: code.rawValue)).isRetriable == isRetriable, "\(code)")
        }
    }
}
