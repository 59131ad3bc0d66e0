import RdKafka

/// Why a broker did not take a client, or could not be reached.
struct ConnectionFailure: Sendable {
    enum Verdict {
        /// The broker, or the client, has refused the other.
        case refused
        /// The connection was closed where one is that does not speak the same protocol. Something between the two may have done that as
        /// well, so it counts only until a broker has served the client.
        case refusedIfNeverServed
        case unreachable
    }

    /// The broker's address, `localhost:9092`.
    var broker: String
    var verdict: Verdict
    /// How far the connection had come when it failed.
    var stage: BrokerObserver.Stage
    /// With a sentence that says what to check, caused by librdkafka's own.
    var error: KafkaError
    /// The part of that sentence which says what to check.
    var advice = ""

    /// The rest of that sentence.
    var seen: String {
        let message = error.message
        let end = ": \(advice)"
        return message.hasSuffix(end) ? String(message.dropLast(end.count)) : message
    }
}

/// Tells from what librdkafka says, and from what OpenSSL has said before, why a connection has failed.
struct ConnectionFailureReader: Sendable {
    let usesTLS: Bool
    /// Nil without SASL.
    let mechanism: String?
    let hasCertificate: Bool
    let engineVersion: Int32
    let limits: Limits

    /// After how long librdkafka itself ends a connection whose broker does not answer.
    struct Limits: Sendable {
        var setup = Duration.seconds(30)
        var versions = Duration.seconds(10)
        var request = Duration.seconds(60)
    }

    init(
        usesTLS: Bool,
        mechanism: String?,
        hasCertificate: Bool,
        engineVersion: Int32 = Engine.versionNumber,
        limits: Limits = Limits()
    ) {
        self.usesTLS = usesTLS
        self.mechanism = mechanism
        self.hasCertificate = hasCertificate
        self.engineVersion = engineVersion
        self.limits = limits
    }

    /// Goes by what is in force, wherever it was set.
    init(_ engine: borrowing RdKafka.Configuration) {
        let name = engine.value(of: "security.protocol")?.lowercased() ?? "plaintext"
        let certificates = ["ssl.certificate.location", "ssl.certificate.pem", "ssl.keystore.location"]
        var limits = Limits()
        if let limit = engine.milliseconds("socket.connection.setup.timeout.ms") { limits.setup = limit }
        if let limit = engine.milliseconds("api.version.request.timeout.ms") { limits.versions = limit }
        if let limit = engine.milliseconds("socket.timeout.ms") { limits.request = limit }
        self.init(
            usesTLS: name.hasSuffix("ssl"),
            mechanism: name.hasPrefix("sasl") ? engine.value(of: "sasl.mechanisms") ?? "GSSAPI" : nil,
            hasCertificate: certificates.contains { engine.value(of: $0)?.isEmpty == false },
            limits: limits
        )
    }

    /// The name before `: `, as librdkafka writes it, without scheme and number: `localhost:9092` of `sasl_ssl://localhost:9092/1: …`.
    /// A coordinator's has its address behind it: `ssl://GroupCoordinator: localhost:9092: …`.
    static func broker(_ message: String) -> String {
        var rest = message[...]
        while let end = rest.firstRange(of: ": ") {
            var name = rest[..<end.lowerBound]
            rest = rest[end.upperBound...]
            if let scheme = name.firstRange(of: "://") { name = name[scheme.upperBound...] }
            if name == "GroupCoordinator" || name == "TxnCoordinator" { continue }
            return BrokerObserver.address(String(name[..<(name.firstIndex(of: "/") ?? name.endIndex)]))
        }
        return ""
    }

    /// What librdkafka puts behind its sentence where there is room: `(after 3ms in state AUTH_REQ)`.
    private static func stage(_ message: String) -> BrokerObserver.Stage? {
        guard let start = message.firstRange(of: "ms in state ")?.upperBound else { return nil }
        return BrokerObserver.Stage(String(message[start...].prefix { $0.isUppercase || $0 == "_" }))
    }

    /// - Returns: nil for an error that is not of a connection.
    func read(_ error: KafkaError, fault: (String) -> CertificateVerifier.Fault?) -> ConnectionFailure? {
        let broker = Self.broker(error.message)
        let told = Self.stage(error.message)
        func failure(
            _ verdict: ConnectionFailure.Verdict,
            _ stage: BrokerObserver.Stage,
            _ code: KafkaError.Code,
            _ advice: String
        ) -> ConnectionFailure {
            ConnectionFailure(
                broker: broker,
                verdict: verdict,
                stage: told ?? stage,
                error: KafkaError(code, "\(error.message): \(advice)").causedBy(error),
                advice: advice
            )
        }
        func says(_ text: String) -> Bool { error.message.firstRange(of: text) != nil }
        // Whoever closes before it has read all resets the connection, or the client is still writing then.
        let isClosed = says("unexpected eof") || says("Broken pipe") || says("Connection reset")
        // What fails with the connection is told behind its end.
        let stage = says("SASL") ? BrokerObserver.Stage.loggingIn : .connecting
        func unanswered() -> ConnectionFailure { failure(.unreachable, stage, .timedOut, Self.noAnswer) }

        switch error.code {
        case .authentication:
            if says("Unsupported SASL mechanism") {
                return failure(
                    .refused,
                    .loggingIn,
                    .unsupportedMechanism,
                    "choose a mechanism that the broker supports on this port"
                )
            }
            if says("Request not valid in current SASL state") {
                return failure(
                    .refused,
                    .loggingIn,
                    .saslUnexpected,
                    "this port knows no logins: check the port, or leave SASL out of `security`"
                )
            }
            // The broker has not said that: the connection was cut, or the answer did not come.
            if says("handshake failed: Local: Timed out") { return unanswered() }
            if says("handshake failed: Local: ") || says("mechanisms: (n/a)") {
                return failure(.unreachable, .loggingIn, .transport, Self.notThere)
            }
            return failure(.refused, .loggingIn, .authentication, credentialAdvice)
        case .ssl, .transport:
            if says("certificate verify failed") {
                let (code, advice) = Self.certificate(fault(broker))
                return failure(.refused, .securing, code, advice)
            }
            if let alert = Self.alert(error.message) { return read(alert, failure) }
            let isHandshake = told == .securing || says("SSL handshake failed")
            if isHandshake, isClosed || says("wrong version number") || says("Disconnected") {
                return failure(.refusedIfNeverServed, .securing, .tlsUnexpected, Self.unexpectedTLS)
            }
            if error.code == .ssl {
                return failure(
                    .refusedIfNeverServed,
                    .securing,
                    .ssl,
                    "check that client and broker have a version of TLS and a cipher in common, and the certificates"
                )
            }
            if says("requesting ApiVersion") || (told == .asking && isClosed) {
                let (code, advice) = closedWhileAsking
                return failure(.refusedIfNeverServed, .asking, code, advice)
            }
            if says("broker might require SASL authentication") || (told == .open && mechanism == nil && isClosed) {
                return failure(.refusedIfNeverServed, .open, .saslExpected, Self.expectedSASL)
            }
            if says("timed out") || says("Timed out") { return unanswered() }
            return failure(.unreachable, stage, .transport, Self.notThere)
        case .resolve:
            return failure(
                .unreachable,
                .connecting,
                .resolve,
                "check the host's name in `bootstrapServers`, and what the brokers advertise"
            )
        case .timedOut:
            // A request's time limit is none of this, unless it ends the connection.
            return told == nil && stage == .connecting && !says("timed out: disconnect") ? nil : unanswered()
        default:
            return nil
        }
    }

    /// A connection has ended, and librdkafka may have said nothing: before 2.12 it leaves out what it said before, and from then on that a
    /// broker has closed.
    ///
    /// Who has ended it shows in the time alone: a broker that closes does so at once, and librdkafka at its own limits.
    func read(_ ending: BrokerObserver.Ending) -> ConnectionFailure {
        func unreachable(_ code: KafkaError.Code, _ text: String, _ advice: String) -> ConnectionFailure {
            let sentence = "\(ending.broker): \(text)" + (advice.isEmpty ? "" : ": \(advice)")
            return ConnectionFailure(
                broker: ending.broker,
                verdict: .unreachable,
                stage: ending.stage,
                error: KafkaError(code, sentence).asRetriable(),
                advice: advice
            )
        }
        func closed(_ code: KafkaError.Code, _ advice: String) -> ConnectionFailure {
            ConnectionFailure(
                broker: ending.broker,
                verdict: .refusedIfNeverServed,
                stage: ending.stage,
                error: KafkaError(code, "\(ending.broker): the broker has closed the connection: \(advice)"),
                advice: advice
            )
        }
        if ending.stage == .connecting { return unreachable(.transport, "it could not be reached", Self.notThere) }
        if wasUnanswered(ending) { return unreachable(.timedOut, "it has not answered", Self.noAnswer) }
        switch ending.stage {
        case .securing: return closed(.tlsUnexpected, Self.unexpectedTLS)
        case .asking: return closed(closedWhileAsking.0, closedWhileAsking.1)
        case .open where mechanism == nil: return closed(.saslExpected, Self.expectedSASL)
        // That a login is refused is always told.
        case .loggingIn, .open, .connecting: return unreachable(.transport, "the connection has ended", "")
        }
    }

    /// Whether the end may have been librdkafka's own.
    private func wasUnanswered(_ ending: BrokerObserver.Ending) -> Bool {
        let limit =
            switch ending.stage {
            case .connecting, .securing: limits.setup
            case .loggingIn: min(limits.setup, limits.request)
            case .asking: min(limits.setup, limits.versions)
            case .open: min(limits.versions, limits.request)
            }
        // Its clock is another one.
        if (ending.ended - ending.reached) * 10 >= limit * 9 { return true }
        return ending.stage != .open && (ending.ended - ending.began) * 10 >= limits.setup * 9
    }

    // MARK: What to check

    private static let notThere = "check that the broker runs there, and whether its port wants TLS or a login"
    static let noAnswer = "check the network, firewalls, the broker, and whether the port wants TLS"
    private static let unexpectedTLS = "the port may speak without TLS: check the port, or leave TLS out of `security`"
    private static let expectedSASL = "the port may want a login: check the port, or give `security` a SASL mechanism"

    private var closedWhileAsking: (KafkaError.Code, String) {
        guard usesTLS else {
            return (
                .tlsExpected,
                "the port may want TLS: check the port and `security`, and that nothing in between closes the connection"
            )
        }
        return hasCertificate
            ? (.clientCertificateRefused, "the broker may refuse the client's certificate: check both, and its log")
            : (.clientCertificateMissing, "the port may want a certificate of the client's: give `tls` an identity")
    }

    private var credentialAdvice: String {
        switch mechanism {
        case "GSSAPI":
            return """
                check principal, keytab and service name, the clock, and that the broker's principal has the host name that is \
                connected to
                """
        case "OAUTHBEARER":
            return "check the token: its issuer, audience, scope and expiration"
        case .some(let name) where name.hasPrefix("SCRAM") && engineVersion < 0x0206_01ff:
            return """
                check the user name and the password; brokers from Kafka 4.0 on also refuse SCRAM of librdkafka before 2.6.1, and this is \
                \(Engine.version): use a newer librdkafka, or PLAIN over TLS
                """
        default:
            return "check the user name and the password"
        }
    }

    /// OpenSSL's numbers (x509_vfy.h, `X509_V_ERR_…`).
    private static func certificate(_ fault: CertificateVerifier.Fault?) -> (KafkaError.Code, String) {
        switch fault {
        case .openSSL(9):
            (.certificateExpired, "the broker's certificate is not valid yet: check the clocks, and the certificate")
        case .openSSL(10): (.certificateExpired, "the broker's certificate has expired: renew it, and check the clock")
        case .openSSL(62), .openSSL(63), .openSSL(64):
            (
                .certificateHostMismatch,
                """
                the broker's certificate is for another host: connect by a name that it has (`bootstrapServers`, and what the brokers \
                advertise), or have it issued for this one
                """
            )
        case .openSSL(2), .openSSL(18), .openSSL(19), .openSSL(20), .openSSL(21), .openSSL(27), nil:
            (
                .certificateUntrusted,
                "no trusted authority has signed the broker's certificate: check `tls.certificateAuthorities`"
            )
        case .openSSL(23): (.certificateRefused, "the broker's certificate was revoked")
        case .openSSL(let number):
            (.certificateRefused, "OpenSSL does not take the broker's certificate (X509_V_ERR \(number))")
        case .check: (.certificateRefused, "the application's own check does not take the broker's certificate")
        }
    }

    /// The number of a TLS alert (RFC 8446, 6.2).
    private static func alert(_ message: String) -> Int? {
        guard let start = message.firstRange(of: "SSL alert number ")?.upperBound else { return nil }
        return Int(message[start...].prefix { $0.isASCII && $0.isNumber })
    }

    private func read(
        _ alert: Int,
        _ failure: (ConnectionFailure.Verdict, BrokerObserver.Stage, KafkaError.Code, String) -> ConnectionFailure
    ) -> ConnectionFailure {
        switch alert {
        case 41...46, 48, 49, 116:
            return hasCertificate
                ? failure(
                    .refused,
                    .asking,
                    .clientCertificateRefused,
                    "the broker refuses the client's certificate: it may have expired, or the broker does not trust its authority"
                )
                : failure(
                    .refused,
                    .asking,
                    .clientCertificateMissing,
                    "the broker wants a certificate of the client's: give `tls` an identity"
                )
        default:
            // Versions and ciphers are what does not pass by itself.
            let isLasting = [40, 70, 71, 86].contains(alert)
            return failure(
                isLasting ? .refused : .refusedIfNeverServed,
                .securing,
                .ssl,
                "check that client and broker have a version of TLS and a cipher in common"
            )
        }
    }
}
