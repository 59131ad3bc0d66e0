import AsyncKafka
import Foundation
import RdKafka
import TestSupport
import Testing

extension RealKafkaTests {
    /// Every way to connect against every listener that refuses it: each ends with its own code, in time, whatever the client does.
    @Suite(.timeLimit(.minutes(3)), .needsListeners)
    struct RefusalMatrixTests {
        struct Cell: Sendable {
            var listener: SecureKafka.Listener
            var name: String
            var security: KafkaSecurity
            /// Nil: it is taken.
            var code: KafkaError.Code?
            /// Whom brokers take it for, if it is taken.
            var principal: String?
            /// What the sentence has to say besides.
            var text: String?
            var properties: [String: String] = [:]

            init(
                _ listener: SecureKafka.Listener,
                _ name: String,
                _ security: KafkaSecurity,
                _ code: KafkaError.Code? = nil,
                as principal: String? = nil
            ) {
                self.listener = listener
                self.name = name
                self.security = security
                self.code = code
                self.principal = principal
            }
        }

        struct Row: Sendable {
            var cell: Cell
            var action: String
            var error: KafkaError?
            var time: Duration
        }

        // MARK: Cells

        private static var untrusted: KafkaTLS.CertificateAuthorities { .file(SecureKafka.file("other-ca.pem")) }

        private static var tlsCells: [Cell] {
            let other = KafkaTLS(certificateAuthorities: untrusted)
            return [
                Cell(.plaintext, "right", .plaintext),
                Cell(.ssl, "right", .tls(SecureKafka.tls)),
                Cell(.ssl, "right, client certificate", .tls(SecureKafka.tls(SecureKafka.identity)), as: "carol"),
                Cell(.mtls, "right", .tls(SecureKafka.tls(SecureKafka.identity)), as: "carol"),
                Cell(
                    .mtls,
                    "right, encrypted key",
                    .tls(SecureKafka.tls(SecureKafka.encryptedIdentity)),
                    as: "carol"
                ),
                Cell(.ssl, "untrusted authority", .tls(other), .certificateUntrusted),
                Cell(.sslExpired, "expired certificate", .tls(SecureKafka.tls), .certificateExpired),
                Cell(.sslOtherHost, "other host", .tls(SecureKafka.tls), .certificateHostMismatch),
                Cell(.mtls, "no client certificate", .tls(SecureKafka.tls), .clientCertificateMissing),
                Cell(
                    .mtls,
                    "expired client certificate",
                    .tls(SecureKafka.tls(SecureKafka.expiredIdentity)),
                    .clientCertificateRefused
                ),
                Cell(
                    .ssl,
                    "expired client certificate",
                    .tls(SecureKafka.tls(SecureKafka.expiredIdentity)),
                    .clientCertificateRefused
                ),
                Cell(
                    .mtls,
                    "untrusted authority",
                    .tls(KafkaTLS(certificateAuthorities: untrusted, identity: SecureKafka.identity)),
                    .certificateUntrusted
                ),
            ]
        }

        private static var protocolCells: [Cell] {
            [
                Cell(.ssl, "without TLS", .plaintext, .tlsExpected),
                Cell(.mtls, "without TLS", .plaintext, .tlsExpected),
                Cell(.saslSSL, "SASL without TLS", .saslWithoutTLS(SecureKafka.alice), .tlsExpected),
                Cell(.plaintext, "TLS", .tls(SecureKafka.tls), .tlsUnexpected),
                Cell(.saslPlaintext, "SASL over TLS", .sasl(SecureKafka.alice, tls: SecureKafka.tls), .tlsUnexpected),
                Cell(.plaintext, "SASL", .saslWithoutTLS(SecureKafka.alice), .saslUnexpected),
                Cell(.ssl, "SASL over TLS", .sasl(SecureKafka.alice, tls: SecureKafka.tls), .saslUnexpected),
                Cell(.saslPlaintext, "without SASL", .plaintext, .saslExpected),
                Cell(.saslSSL, "without SASL", .tls(SecureKafka.tls), .saslExpected),
            ]
        }

        private static var passwordCells: [Cell] {
            typealias Mechanism = @Sendable (String, KafkaSecret) -> KafkaSASL
            let mechanisms: [(String, Mechanism)] = [
                ("PLAIN", { .plain(username: $0, password: $1) }),
                ("SCRAM-SHA-256", { .scramSHA256(username: $0, password: $1) }),
                ("SCRAM-SHA-512", { .scramSHA512(username: $0, password: $1) }),
            ]
            let isRefused = Engine.versionNumber < 0x0206_01ff && !SecureKafka.hasOldBrokers
            return mechanisms.flatMap { name, sasl in
                [SecureKafka.Listener.saslPlaintext, .saslSSL].flatMap { listener in
                    func cell(_ what: String, _ user: String, _ password: KafkaSecret) -> Cell {
                        let login = sasl(user, password)
                        let security =
                            listener == .saslSSL
                            ? KafkaSecurity.sasl(login, tls: SecureKafka.tls) : .saslWithoutTLS(login)
                        return Cell(listener, "\(name), \(what)", security, as: user)
                    }
                    var right = cell("right", "alice", "alice-secret")
                    if name != "PLAIN", isRefused {
                        // A sentence of its own: the password is right.
                        right.code = .authentication
                        right.text = "2.6.1"
                    }
                    var wrong = cell("wrong password", "alice", "wrong")
                    wrong.code = .authentication
                    var unknown = cell("unknown user", "nobody", "alice-secret")
                    unknown.code = .authentication
                    return [right, wrong, unknown] + distrusting(name, sasl("alice", "alice-secret"), on: listener)
                }
            }
        }

        /// Whoever logs in over TLS does not send a password to a broker that it does not trust.
        private static func distrusting(
            _ name: String,
            _ login: KafkaSASL,
            on listener: SecureKafka.Listener
        ) -> [Cell] {
            guard listener == .saslSSL else { return [] }
            let security = KafkaSecurity.sasl(login, tls: KafkaTLS(certificateAuthorities: untrusted))
            return [Cell(listener, "\(name), untrusted authority", security, .certificateUntrusted)]
        }

        private static var tokenCells: [Cell] {
            struct Failure: Error {}
            let right = KafkaSASL.oauthBearer(UnsecuredTokenProvider(principal: "alice", lifetime: 3600))
            // The broker goes by the claim, the client by what its provider says.
            let expired = KafkaSASL.oauthBearer {
                var token = UnsecuredTokenProvider.token(principal: "alice", expiration: .now.addingTimeInterval(-60))
                token.expiration = .now.addingTimeInterval(3600)
                return token
            }
            let invalid = KafkaSASL.oauthBearer {
                KafkaToken(value: "not-a-token", principal: "alice", expiration: .now.addingTimeInterval(3600))
            }
            let none = KafkaSASL.oauthBearer { throw Failure() }
            return [SecureKafka.Listener.saslPlaintext, .saslSSL].flatMap { listener in
                func cell(_ what: String, _ login: KafkaSASL, _ code: KafkaError.Code? = nil) -> Cell {
                    let security =
                        listener == .saslSSL
                        ? KafkaSecurity.sasl(login, tls: SecureKafka.tls) : .saslWithoutTLS(login)
                    return Cell(listener, "OAUTHBEARER, \(what)", security, code, as: "alice")
                }
                return [
                    cell("right", right), cell("expired token", expired, .authentication),
                    cell("no token at all", invalid, .authentication),
                    cell("provider that fails", none, .tokenProviderFailed),
                ] + distrusting("OAUTHBEARER", right, on: listener)
            }
        }

        private static var kerberosCells: [Cell] {
            var cells: [Cell] = []
            if SecureKafka.hasKerberos {
                let code = KafkaError.Code.unsupportedMechanism
                cells.append(Cell(.kerberos, "PLAIN", .saslWithoutTLS(SecureKafka.alice), code))
            }
            guard SecureKafka.engineHasKerberos else { return cells }
            var elsewhere = Cell(.saslPlaintext, "GSSAPI", .plaintext, .unsupportedMechanism)
            elsewhere.properties = [
                "security.protocol": "sasl_plaintext", "sasl.mechanisms": "GSSAPI",
                // No ticket is fetched.
                "sasl.kerberos.min.time.before.relogin": "0",
            ]
            return cells + [elsewhere]
        }

        // MARK: Tests

        @Test
        func everyRefusalHasItsCodeInTime() async throws {
            try await withTopic(partitions: 1) { topic in
                try await fill(topic, count: 1)
                // The first group of a cluster waits until the cluster has made the topic that it keeps offsets in.
                _ = try await IntegrationTests.read(1, from: topic)
                let rows = await check(
                    Self.tlsCells + Self.protocolCells + Self.passwordCells + Self.tokenCells + Self.kerberosCells,
                    topic: topic
                )
                Self.show(rows)
                for row in rows { expect(row, row.cell.code) }
            }
        }

        private func expect(_ row: Row, _ code: KafkaError.Code?) {
            let cell = "\(row.cell.listener.name), \(row.cell.name)"
            let name = "\(row.action) \(cell): \(String(describing: row.error))"
            #expect(row.error?.code == code, "\(name)")
            if let text = row.cell.text { #expect(row.error?.message.contains(text) == true, "\(name)") }
            // What is taken may have to wait for a group.
            #expect(row.time < SecureKafka.bound, "\(name) took \(row.time)")
        }

        /// However a client has said who it is, brokers know it by that, and say what it may not do.
        @Test
        func whoeverLogsInIsToldWhatRulesForbid() async throws {
            let all = Self.tlsCells + Self.passwordCells + Self.tokenCells
            let cells = all.filter { $0.code == nil && $0.principal != nil }
            let group = RealKafka.uniqueName("group")
            try await withTopic(partitions: 1) { topic in
                let rules = Set(cells.compactMap(\.principal)).sorted().flatMap { principal in
                    [KafkaACL.Resource.topic(topic), .group(group)].map {
                        KafkaACL(principal: "User:\(principal)", .all, $0, permission: .deny)
                    }
                }
                try await RealKafka.enforce(rules)
                var rows: [Row] = []
                for cell in cells {
                    rows.append(await timed(cell, "connect") { try await connect(cell) })
                    rows.append(await timed(cell, "send") { try await send(cell, topic) })
                    rows.append(await timed(cell, "messages") { try await read(cell, topic, group: group) })
                    rows.append(await timed(cell, "admin") { try await describe(topic, cell) })
                    rows.append(await timed(cell, "offsets") { try await lookUpOffsets(of: group, cell) })
                }
                try await RealKafka.lift(rules)
                Self.show(rows, actions: ["connect", "send", "messages", "admin", "offsets"])
                let codes: [String: KafkaError.Code] = [
                    "send": .topicAuthorizationFailed, "messages": .groupAuthorizationFailed,
                    "admin": .topicAuthorizationFailed, "offsets": .groupAuthorizationFailed,
                ]
                #expect(Set(cells.compactMap(\.principal)) == ["alice", "carol"])
                for row in rows { expect(row, codes[row.action]) }
            }
        }

        private func check(_ cells: [Cell], topic: String) async -> [Row] {
            await withTaskGroup(of: [Row].self) { tasks in
                var rest = cells[...]
                var rows: [Row] = []
                // Not all at once: they share two processors with the broker.
                for cell in rest.prefix(8) { tasks.addTask { await rowsOf(cell, topic: topic) } }
                rest = rest.dropFirst(8)
                for await done in tasks {
                    rows += done
                    if let cell = rest.popFirst() { tasks.addTask { await rowsOf(cell, topic: topic) } }
                }
                return rows
            }
        }

        private func rowsOf(_ cell: Cell, topic: String) async -> [Row] {
            await withTaskGroup(of: Row.self) { tasks in
                tasks.addTask { await timed(cell, "connect") { try await connect(cell) } }
                tasks.addTask { await timed(cell, "send") { try await send(cell, topic) } }
                tasks.addTask { await timed(cell, "messages") { try await read(cell, topic) } }
                tasks.addTask { await timed(cell, "admin") { try await describe(cell) } }
                var rows: [Row] = []
                for await row in tasks { rows.append(row) }
                return rows
            }
        }

        private func timed(_ cell: Cell, _ action: String, _ body: () async throws -> Void) async -> Row {
            let start = ContinuousClock.now
            var error: KafkaError?
            do {
                try await body()
            } catch let thrown as KafkaError {
                error = thrown
            } catch {
                Issue.record(error, "\(cell.listener.name), \(cell.name)")
            }
            return Row(cell: cell, action: action, error: error, time: .now - start)
        }

        // MARK: Actions

        private func connection() -> KafkaConnectionConfiguration {
            var connection = KafkaConnectionConfiguration()
            connection.refusal = .fail(after: .seconds(SecureKafka.limit))
            return connection
        }

        private func producer(_ cell: Cell) throws -> KafkaProducer {
            var configuration = KafkaProducerConfiguration(bootstrapServers: cell.listener.servers)
            configuration.security = cell.security
            configuration.additionalProperties = cell.properties
            configuration.connection = connection()
            configuration.log = .none
            return try KafkaProducer(configuration)
        }

        private func connect(_ cell: Cell) async throws {
            let producer = try producer(cell)
            let result = await resultOf { try await producer.connect() }
            await producer.close(timeout: .seconds(1))
            try result.get()
        }

        private func send(_ cell: Cell, _ topic: String) async throws {
            let producer = try producer(cell)
            let result = await resultOf { try await producer.send(KafkaRecord(topic: topic, value: "v")) }
            await producer.close(timeout: .seconds(1))
            _ = try result.get()
        }

        private func read(_ cell: Cell, _ topic: String, group: String? = nil) async throws {
            var configuration = KafkaConsumerConfiguration(
                bootstrapServers: cell.listener.servers,
                groupID: group ?? RealKafka.uniqueName("group")
            )
            configuration.security = cell.security
            configuration.additionalProperties = cell.properties
            configuration.connection = connection()
            configuration.log = .none
            let consumer = try KafkaConsumer(configuration)
            try await consumer.subscribe(to: [topic])
            let result = await resultOf {
                let message = try await consumer.messages.first { _ in true }
                if let message { try await consumer.commit(message) }
            }
            await consumer.close(timeout: .seconds(5))
            try result.get()
        }

        private func describe(_ cell: Cell) async throws {
            try await administrate(cell) { _ = try await $0.describeCluster() }
        }

        private func describe(_ topic: String, _ cell: Cell) async throws {
            try await administrate(cell) { _ = try await $0.describeTopic(topic) }
        }

        /// By a handle of the call's own.
        private func lookUpOffsets(of group: String, _ cell: Cell) async throws {
            try await administrate(cell) { _ = try await $0.groupOffsets(of: group) }
        }

        private func administrate(_ cell: Cell, _ body: (KafkaAdmin) async throws -> Void) async throws {
            var configuration = KafkaAdminConfiguration(bootstrapServers: cell.listener.servers)
            configuration.security = cell.security
            configuration.additionalProperties = cell.properties
            configuration.connection = connection()
            configuration.log = .none
            let admin = try KafkaAdmin(configuration)
            let result = await resultOf { try await body(admin) }
            await admin.close(timeout: .seconds(1))
            _ = try result.get()
        }

        private func resultOf<Value>(_ body: () async throws -> Value) async -> Result<Value, any Error> {
            do { return .success(try await body()) } catch { return .failure(error) }
        }

        // MARK: The table

        private static func show(_ rows: [Row], actions: [String] = ["connect", "send", "messages", "admin"]) {
            func padded(_ text: String, _ width: Int) -> String {
                text + String(repeating: " ", count: max(1, width - text.count))
            }
            var cells: [String: [String: Row]] = [:]
            for row in rows {
                let name = padded(row.cell.listener.name, 16) + row.cell.name
                cells[name, default: [:]][row.action] = row
            }
            print(padded("listener, client", 52) + actions.map { padded($0, 34) }.joined())
            for (name, results) in cells.sorted(by: { $0.key < $1.key }) {
                let columns = actions.map { action in
                    guard let row = results[action] else { return padded("-", 34) }
                    let tenths = row.time / .milliseconds(100)
                    return padded("\(row.error?.code.description ?? "taken") \((tenths * 10).rounded() / 100) s", 34)
                }
                print(padded(name, 52) + columns.joined())
            }
            let counts = Dictionary(grouping: rows) { $0.error?.code.description ?? "taken" }.mapValues(\.count)
            let codes = counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
            let longest = rows.max { $0.time < $1.time }
            print(
                """
                librdkafka \(Engine.version), \(rows.count) cells: \(codes); the longest \
                \(longest.map { "\($0.time), \($0.action) at \($0.cell.listener.name), \($0.cell.name)" } ?? "none")
                """
            )
        }
    }
}
