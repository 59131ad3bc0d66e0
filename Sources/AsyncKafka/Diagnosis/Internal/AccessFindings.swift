import RdKafka

/// What was found out about the account's permissions for one thing. A plain value: `check` says what it means.
struct AccessFindings: Sendable {
    /// As in a sentence: `topic orders`.
    let subject: String
    /// What a client of this kind does with it.
    let needed: [KafkaACL.Operation]
    /// As brokers call the account; nil where they alone know.
    let principal: String?
    /// Whether a broker has told of the thing itself, which needs DESCRIBE.
    var described = DiagnosisStep<Void>.pointless
    /// What the account may do, by number, as the broker says; nil where it does not.
    var operations = DiagnosisStep<Set<UInt32>?>.pointless
    /// The rules that apply to the thing.
    var rules = DiagnosisStep<[KafkaACL]>.pointless

    init(_ subject: String, needs needed: [KafkaACL.Operation], principal: String?) {
        self.subject = subject
        self.needed = needed
        self.principal = principal
    }

    /// Nothing could be tried.
    mutating func leave(_ why: String) {
        described = .unfinished(why)
        rules = .unfinished(why)
    }

    var isUnfinished: Bool { described.isUnfinished || operations.isUnfinished || rules.isUnfinished }

    private func check(
        _ outcome: KafkaDiagnosis.Outcome,
        _ seen: String,
        advice: String? = nil,
        error: KafkaError? = nil
    ) -> KafkaDiagnosis.Check {
        KafkaDiagnosis.Check(.access, subject, outcome, seen, advice: advice, error: error)
    }

    /// What is known of one operation.
    private enum Verdict {
        case allowed, denied, unknown
    }

    var check: KafkaDiagnosis.Check {
        if described.isPointless, operations.isPointless, rules.isPointless {
            return check(.skipped, "the cluster could not be asked")
        }
        if let error = described.error, error.code.families.contains(.authorization) {
            return check(.failed, error.message, advice: grant(needed), error: error)
        }
        let (verdict, source) = verdicts
        let denied = needed.filter { verdict($0) == .denied }
        guard denied.isEmpty else {
            // Super users pass over rules, and only the brokers know who is one.
            let outcome: KafkaDiagnosis.Outcome = operations.value.flatMap { $0 } == nil ? .warning : .failed
            return check(outcome, "denied: \(Self.list(denied)); \(source)", advice: grant(denied))
        }
        let unknown = needed.filter { verdict($0) == .unknown }
        guard unknown.isEmpty else {
            let allowed = needed.filter { verdict($0) == .allowed }
            let known = allowed.isEmpty ? "" : "allowed: \(Self.list(allowed)); "
            return check(.unknown, "\(known)not known: \(Self.list(unknown)); \(source)")
        }
        return check(.passed, "allowed: \(Self.list(needed)); \(source)")
    }

    private func grant(_ operations: [KafkaACL.Operation]) -> String {
        "grant \(principal ?? "the account") \(Self.list(operations)) on \(subject)"
    }

    private var verdicts: (verdict: (KafkaACL.Operation) -> Verdict, source: String) {
        if let operations = operations.value.flatMap({ $0 }) {
            return ({ operations.contains($0.number) ? .allowed : .denied }, "the broker says what this account may do")
        }
        let isDescribed = described.value != nil
        func known(_ operation: KafkaACL.Operation, by rules: [KafkaACL], for principal: String) -> Verdict {
            let verdict = Self.verdict(on: operation, of: principal, by: rules)
            return operation == .describe && isDescribed ? .allowed : verdict
        }
        func nothing(_ why: String) -> ((KafkaACL.Operation) -> Verdict, String) {
            ({ $0 == .describe && isDescribed ? .allowed : .unknown }, why)
        }
        switch rules {
        case .done(let rules, _) where !rules.isEmpty:
            guard let principal else {
                return nothing("there are \(rules.count) rules, and the brokers alone know who this account is")
            }
            return (
                { known($0, by: rules, for: principal) },
                "so the rules say for \(principal); brokers may have super users, and names of their own"
            )
        case .done:
            let newer = operations.isPointless ? "; librdkafka from 2.3 on has brokers tell it of topics" : ""
            return nothing(
                """
                no rules are shown: there are none, the account may not see them (DESCRIBE on the cluster), or the cluster has no \
                authorizer\(newer)
                """
            )
        case .failed(let error, _): return nothing(error.message)
        case .unfinished(let why): return nothing(why)
        case .pointless: return nothing("the rules were not asked for")
        }
    }

    /// What Kafka's own authorizer makes of the rules (StandardAuthorizer): a denial wins, and without a rule it depends on settings.
    private static func verdict(
        on operation: KafkaACL.Operation,
        of principal: String,
        by rules: [KafkaACL]
    ) -> Verdict {
        let own = rules.filter { $0.principal == principal || $0.principal == "User:*" }
        // Allowed besides what is named: reading, writing and the like include describing.
        let including: [KafkaACL.Operation] = operation == .describe ? [.read, .write, .delete, .alter] : []
        let denials = own.filter { $0.permission == .deny && [operation, .all].contains($0.operation) }
        if denials.contains(where: { $0.host == "*" }) { return .denied }
        // The address that brokers see is theirs to know.
        guard denials.isEmpty else { return .unknown }
        let isAllowed = own.contains {
            $0.permission == .allow && $0.host == "*" && ([operation, .all] + including).contains($0.operation)
        }
        return isAllowed ? .allowed : .unknown
    }

    /// `READ and DESCRIBE`, as Kafka's own tools write them.
    private static func list(_ operations: [KafkaACL.Operation]) -> String {
        operations.map { $0.description.uppercased() }.joined(separator: " and ")
    }
}

extension DiagnosisPlan.Purpose {
    /// What it takes to work with a topic.
    var neededForTopics: [KafkaACL.Operation] {
        switch self {
        case .producing: [.write, .describe]
        case .consuming: [.read, .describe]
        case .administrating: [.describe]
        }
    }
}
