import Testing

@testable import AsyncKafka

/// What is made of what an account may see of its permissions.
struct AccessFindingsTests {
    private func check(
        _ principal: String? = "User:alice",
        _ change: (inout AccessFindings) -> Void
    ) -> KafkaDiagnosis.Check {
        var findings = AccessFindings("topic orders", needs: [.write, .describe], principal: principal)
        findings.described = .done((), .zero)
        change(&findings)
        return findings.check
    }

    private func rule(
        _ operation: KafkaACL.Operation,
        _ principal: String = "User:alice",
        host: String = "*",
        _ permission: KafkaACL.Permission = .allow
    ) -> KafkaACL {
        KafkaACL(principal: principal, operation, .topic("orders"), host: host, permission: permission)
    }

    @Test
    func theBrokersOwnWordCounts() {
        let all = check { $0.operations = .done([KafkaACL.Operation.write.number, 8], .zero) }
        #expect(all.outcome == .passed)
        let some = check { $0.operations = .done([8], .zero) }
        #expect(some.outcome == .failed)
        #expect(some.seen.contains("denied: WRITE;"))
        #expect(some.advice == "grant User:alice WRITE on topic orders")
    }

    @Test
    func aRefusalIsOne() {
        let error = KafkaError(.topicAuthorizationFailed, "no")
        let check = check { $0.described = .failed(error, .zero) }
        #expect(check.outcome == .failed)
        #expect(check.error?.code == .topicAuthorizationFailed)
        #expect(check.advice == "grant User:alice WRITE and DESCRIBE on topic orders")
    }

    @Test
    func rulesTellAsFarAsTheyGo() {
        #expect(check { $0.rules = .done([rule(.write)], .zero) }.outcome == .passed)
        #expect(check { $0.rules = .done([rule(.all, "User:*")], .zero) }.outcome == .passed)
        // Super users pass over it, and nobody tells who is one.
        let denied = check { $0.rules = .done([rule(.all), rule(.write, .deny)], .zero) }
        #expect(denied.outcome == .warning)
        #expect(denied.seen.contains("denied: WRITE;"))
        #expect(check { $0.rules = .done([rule(.all, "User:bob")], .zero) }.outcome == .unknown)
        // Brokers alone know from where this client comes.
        #expect(check { $0.rules = .done([rule(.write, host: "192.0.2.1")], .zero) }.outcome == .unknown)
        let there = [rule(.all), rule(.write, host: "192.0.2.1", .deny)]
        #expect(check { $0.rules = .done(there, .zero) }.outcome == .unknown)
        #expect(check(nil) { $0.rules = .done([rule(.write)], .zero) }.outcome == .unknown)
    }

    @Test
    func whatIsNotShownIsNotKnown() {
        let none = check { $0.rules = .done([], .zero) }
        #expect(none.outcome == .unknown)
        #expect(none.seen.contains("allowed: DESCRIBE; not known: WRITE"))
        let silent = check { $0.rules = .failed(KafkaError(.timedOut, "late"), .zero) }
        #expect(silent.outcome == .unknown)
        #expect(silent.seen.contains("late"))
        #expect(AccessFindings("topic orders", needs: [.describe], principal: nil).check.outcome == .skipped)
    }

    private func rule(_ operation: KafkaACL.Operation, _ permission: KafkaACL.Permission) -> KafkaACL {
        rule(operation, "User:alice", host: "*", permission)
    }
}
