import RdKafka

/// How a client is configured to speak with brokers, as far as a diagnosis tells of it.
struct EndpointSettings: Sendable {
    /// What of a broker's certificate is verified.
    enum Verification: Sendable {
        case all, notHostName, nothing

        init(_ engine: borrowing RdKafka.Configuration) {
            if engine.value(of: "enable.ssl.certificate.verification") == "false" {
                self = .nothing
            } else {
                self = engine.value(of: "ssl.endpoint.identification.algorithm") == "none" ? .notHostName : .all
            }
        }
    }

    /// Nil without TLS.
    var tls: Verification?
    /// Nil without SASL.
    var mechanism: String?
    var username: String?
}

/// What was found out about one broker's address. A plain value: `checks` says what it means.
struct EndpointFindings: DiagnosisFindings {
    /// Who has named the address.
    enum Source: Sendable {
        case configuration
        /// The cluster, with the broker's number, if that is known.
        case cluster(Int?)
    }

    /// What became of the connections to the addresses of a name.
    struct Connections: Sendable {
        /// The addresses, with why nobody takes a connection there; nil: somebody does.
        var attempts: [(address: String, fault: NetworkProbe.Fault?)] = []
        /// Whether an address had too little time to answer.
        private(set) var isCutShort = false

        var isTaken: Bool { attempts.contains { $0.fault == nil } }

        init(attempts: [(address: String, fault: NetworkProbe.Fault?)] = []) {
            self.attempts = attempts
        }

        /// - Parameter time: the time that the address had.
        mutating func add(_ address: String, _ fault: NetworkProbe.Fault?, of time: Duration) {
            attempts.append((address, fault))
            if fault?.kind == .timedOut, time < DiagnosisPatience.tcp { isCutShort = true }
        }

        func step(after duration: Duration) -> DiagnosisStep<Connections> {
            isTaken || !isCutShort ? .done(self, duration) : .unfinished(DiagnosisStep<Connections>.late)
        }
    }

    typealias Lookup = Result<[String], NetworkProbe.Fault>

    let address: BrokerAddress
    let source: Source
    let settings: EndpointSettings
    var names = DiagnosisStep<Lookup>.pointless
    var tcp = DiagnosisStep<Connections>.pointless
    /// TLS and everything behind it.
    var connection = DiagnosisStep<Void>.pointless
    /// What the client that has tried it blames.
    var failure: ConnectionFailure?
    /// When the last connection came how far.
    var progress: [BrokerObserver.Stage: ContinuousClock.Instant] = [:]

    init(_ address: BrokerAddress, _ source: Source, _ settings: EndpointSettings) {
        self.address = address
        self.source = source
        self.settings = settings
    }

    var whyUnfinished: String? { names.whyUnfinished ?? tcp.whyUnfinished ?? connection.whyUnfinished }
    var isUnfinished: Bool { whyUnfinished != nil }

    var subject: String {
        switch source {
        case .configuration: "\(address)"
        case .cluster(let number?): "\(address), broker \(number)"
        case .cluster(nil): "\(address), a broker"
        }
    }

    var checks: [KafkaDiagnosis.Check] {
        [nameCheck, tcpCheck] + connectionChecks
    }

    // MARK: The network

    /// What to do about an address that does not work.
    private func advice(_ configured: String) -> String {
        switch source {
        case .configuration: configured
        case .cluster(let number):
            """
            the cluster tells its clients to find \(number.map { "broker \($0)" } ?? "a broker") there: \(configured); or set \
            `advertised.listeners` of that broker to a name and a port at which this machine reaches it
            """
        }
    }

    private var nameCheck: KafkaDiagnosis.Check {
        let host = address.host
        switch names {
        case .done(.success(let addresses), let duration):
            return check(.nameResolution, .passed, addresses.joined(separator: ", "), duration: duration)
        case .done(.failure(let fault), let duration):
            let seen = "\(host) has no address: \(fault.text)"
            let advice = advice(
                fault.kind == .resolverSilent
                    ? "check that this machine reaches its name servers, and the name"
                    : "check the name, and that this machine's resolver knows it"
            )
            let error = KafkaError(.resolve, "\(address): \(seen): \(advice)")
            return check(.nameResolution, .failed, seen, advice: advice, duration: duration, error: error)
        case .failed(let error, let duration):
            let advice = advice("check that this machine reaches its name servers")
            let seen = "the resolver has not answered in time"
            let problem = KafkaError(.timedOut, "\(address): \(seen): \(advice)").causedBy(error)
            return check(.nameResolution, .failed, seen, advice: advice, duration: duration, error: problem)
        case .unfinished(let why): return check(.nameResolution, .unknown, why)
        case .pointless: return check(.nameResolution, .skipped, "not looked up")
        }
    }

    private var tcpCheck: KafkaDiagnosis.Check {
        switch tcp {
        case .done(let connections, let duration):
            let seen = connections.attempts.map { attempt in
                attempt.fault.map { "\(attempt.address) does not take a connection: \($0.text)" }
                    ?? "\(attempt.address) takes connections"
            }
            .joined(separator: "; ")
            guard !connections.isTaken else { return check(.tcp, .passed, seen, duration: duration) }
            let kinds = connections.attempts.compactMap(\.fault?.kind)
            let advice = advice(networkAdvice(kinds))
            let code: KafkaError.Code = kinds.allSatisfy { $0 == .timedOut } ? .timedOut : .transport
            let error = KafkaError(code, "\(address): \(seen): \(advice)")
            return check(.tcp, .failed, seen, advice: advice, duration: duration, error: error)
        case .failed(let error, let duration):
            let advice = advice(networkAdvice([.timedOut]))
            return check(.tcp, .failed, error.message, advice: advice, duration: duration, error: error)
        case .unfinished(let why): return check(.tcp, .unknown, why)
        case .pointless:
            if case .unfinished(let why) = names { return check(.tcp, .unknown, why) }
            return check(.tcp, .skipped, "the name has no address")
        }
    }

    private func networkAdvice(_ kinds: [NetworkProbe.Fault.Kind]) -> String {
        if kinds.contains(.refused) {
            return """
                the machine answers, but nothing listens on port \(address.port): check the port, that the broker runs, and on which \
                addresses it listens (`listeners`)
                """
        }
        if kinds.contains(.timedOut) { return "nothing answers: check the network and the firewalls in between" }
        if kinds.contains(.unreachable) {
            return "this machine has no way there: check its network, and `connection.addressFamily`"
        }
        return "check the network, and the limits of this process"
    }

    // MARK: The protocol

    /// In the order in which they come about.
    private static let protocolKinds: [KafkaDiagnosis.Kind] = [.tls, .apiVersions, .sasl]

    private func isUsed(_ kind: KafkaDiagnosis.Kind) -> Bool {
        switch kind {
        case .tls: settings.tls != nil
        case .sasl: settings.mechanism != nil
        default: true
        }
    }

    private func unused(_ kind: KafkaDiagnosis.Kind) -> KafkaDiagnosis.Check {
        check(kind, .skipped, "the configuration has no \(kind)")
    }

    private func passed(_ kind: KafkaDiagnosis.Kind) -> KafkaDiagnosis.Check {
        guard isUsed(kind) else { return unused(kind) }
        let seen: String
        switch kind {
        case .tls:
            seen =
                switch settings.tls {
                case .notHostName: "the broker's certificate is trusted; whether it is for this host is not verified"
                case .nothing: "the connection is encrypted; the broker's certificate is not verified"
                case .all, nil: "the broker's certificate is trusted, and is for this host"
                }
        case .sasl:
            let mechanism = settings.mechanism ?? ""
            seen = "the broker has taken \(mechanism)" + (settings.username.map { " of \($0)" } ?? "")
        default: seen = "a broker of Kafka answers"
        }
        return check(kind, .passed, seen, duration: duration(of: kind))
    }

    private func duration(of kind: KafkaDiagnosis.Kind) -> Duration? {
        func time(from start: BrokerObserver.Stage, to ends: BrokerObserver.Stage...) -> Duration? {
            guard let start = progress[start], let end = ends.compactMap({ progress[$0] }).min() else { return nil }
            return end - start
        }
        return switch kind {
        case .tls: time(from: .securing, to: .asking)
        case .sasl: time(from: .loggingIn, to: .open)
        default: time(from: .asking, to: .loggingIn, .open)
        }
    }

    private var connectionChecks: [KafkaDiagnosis.Check] {
        switch connection {
        case .done: return Self.protocolKinds.map { passed($0) }
        case .unfinished(let why): return protocolChecks(.unknown, why)
        case .pointless:
            if case .unfinished(let why) = names { return protocolChecks(.unknown, why) }
            if case .unfinished(let why) = tcp { return protocolChecks(.unknown, why) }
            return protocolChecks(.skipped, "nobody takes a connection")
        case .failed(let error, let duration):
            return checks(of: error, duration)
        }
    }

    private func protocolChecks(_ outcome: KafkaDiagnosis.Outcome, _ why: String) -> [KafkaDiagnosis.Check] {
        Self.protocolKinds.map { isUsed($0) ? check($0, outcome, why) : unused($0) }
    }

    private func checks(of error: KafkaError, _ duration: Duration) -> [KafkaDiagnosis.Check] {
        let blamed = Self.kind(error.code, at: furthest)
        var seen = failure.map(\.seen) ?? error.message
        // The provider's own error.
        if error.code == .tokenProviderFailed, let cause = error.underlyingError { seen += ": \(cause)" }
        let standard = Self.standardAdvice[error.code] ?? (blamed == .cluster ? Self.behindTheLogin : nil)
        let advice = failure.flatMap { $0.advice.isEmpty ? nil : $0.advice } ?? standard
        let failed = check(blamed, .failed, seen, advice: advice, duration: duration, error: error)
        // The connection came about, and ended before anything was answered.
        guard blamed != .cluster else { return Self.protocolKinds.map { passed($0) } + [failed] }
        var isBefore = true
        return Self.protocolKinds.map { kind in
            if kind == blamed {
                isBefore = false
                return failed
            }
            guard isUsed(kind) else { return unused(kind) }
            guard isBefore else { return check(kind, .skipped, "\(blamed) has failed") }
            if error.code == .tokenProviderFailed {
                return check(kind, .skipped, "without a token no connection is made")
            }
            guard isPast(kind) else { return check(kind, .unknown, "the connection did not come so far") }
            return passed(kind)
        }
    }

    private static let standardAdvice: [KafkaError.Code: String] = [
        .timedOut: ConnectionFailureReader.noAnswer,
        .tokenProviderFailed: "see to what the token provider gets its tokens from",
    ]

    private static let behindTheLogin = """
        look at the broker's log and load, and at what stands between: the connection has ended, or is not served, though the broker \
        has taken the client
        """

    /// How far any connection has come.
    private var furthest: BrokerObserver.Stage {
        max(failure?.stage ?? .connecting, progress.keys.max() ?? .connecting)
    }

    private func isPast(_ kind: KafkaDiagnosis.Kind) -> Bool {
        switch kind {
        case .tls: furthest > .securing
        case .sasl: furthest > .loggingIn
        default: furthest > .asking
        }
    }

    private static func kind(_ code: KafkaError.Code, at stage: BrokerObserver.Stage) -> KafkaDiagnosis.Kind {
        switch code {
        case .ssl, .tlsExpected, .tlsUnexpected, .certificateUntrusted, .certificateExpired, .certificateHostMismatch,
            .certificateRefused, .clientCertificateMissing, .clientCertificateRefused:
            return .tls
        case .authentication, .unsupportedMechanism, .saslExpected, .saslUnexpected, .tokenProviderFailed:
            return .sasl
        default:
            return switch stage {
            case .securing: .tls
            case .loggingIn: .sasl
            case .connecting, .asking: .apiVersions
            case .open: .cluster
            }
        }
    }
}
